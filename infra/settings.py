"""The settings of an install: one file for each stage, checked as a whole before anything is synthesised."""

import platform
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAGES = ROOT / "stages"
EXAMPLE_STAGE = "_example.toml"
"""The file to copy; no stage can have its name."""

DEFAULT_STAGE = "dev"
DEFAULT_INBOUND_MAIL_DAYS = 400
DEFAULT_LOG_DAYS = 30
DEFAULT_SEAL_LOCK_DAYS = 1
DEFAULT_KEY_ROTATION_DAYS = 90
LEAST_KEY_ROTATION_DAYS = 5
"""The key ring holds sixteen keys, and each is needed for 61 days."""
LOCAL_STAGE = "local"
LOCAL_DOMAIN = "nodback.test"
LOCAL_ADMIN = "admin@example.com"

# The bucket's name is nodback-<stage>-content-<account>-<region>, at most 63 characters.
STAGE = re.compile(r"[a-z](?:[a-z0-9-]{0,14}[a-z0-9])?")
DOMAIN = re.compile(r"(?=.{1,200}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9.-]{1,253}")
RULE_SET = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class BadContext(ValueError):
    """Settings that cannot be deployed; the message names every mistake and shows what would be right."""


@dataclass(frozen=True)
class Code:
    """Where the code is: a folder with one folder for each function, and the folder of the core layer's packages."""

    functions: Path = ROOT / "functions"
    core: Path = ROOT / "layers" / "core" / "python"


@dataclass(frozen=True)
class Settings:
    """One install of Nodback: its stage, its mail domain and how its code is built.

    `architecture` is Lambda's word for the processor (`arm64` or `x86_64`); `rule_set` is an SES receipt rule set
    that already exists, or None to create one. `admins` are the addresses of those who manage every deployment. All but
    the stage, the architecture and the code come from the stage's file.
    """

    stage: str
    domain: str
    inbound_domain: str
    mail_from: str
    mail_from_name: str
    organization_id: int
    rule_set: str | None
    admins: tuple[str, ...]
    inbound_mail_days: int
    log_days: int
    seal_lock: str
    seal_lock_days: int
    key_rotation_days: int
    architecture: str
    code: Code

    @property
    def prefix(self) -> str:
        """The start of every physical name."""
        return f"nodback-{self.stage}"

    @property
    def is_local(self) -> bool:
        """Whether this is the install on the developer's own machine, where SES has no inbound rules."""
        return self.stage == LOCAL_STAGE

    @property
    def configuration_set(self) -> str:
        """The SES configuration set of the mail stack; empty where there is no mail stack."""
        return "" if self.is_local else self.prefix

    @property
    def receipt_rule(self) -> str:
        """The name of the inbound rule within its rule set."""
        return f"{self.prefix}-inbound"

    @property
    def python(self) -> str:
        """The minor version of Lambda's Python: compiled files only load in the minor that made them."""
        return f"{sys.version_info.major}.{sys.version_info.minor}"


FILE_KEYS = tuple(f.name for f in fields(Settings) if f.name not in ("stage", "architecture", "code"))
"""The settings that a stage's file may hold."""


def read_settings(context: Callable[[str], object], stages: Path | None = None) -> Settings:
    """Settings from the stage's file, <stage>.toml in `stages`, and from the CDK context, which takes precedence.

    `context` looks a key up, as `app.node.try_get_context` does: `stage`, any key of the file, and `functions` and
    `core`, where the code is. Without a stage, the only file in `stages` names it. The local stage has no file.
    Raises BadContext, which names everything that is missing or wrong.
    """
    stages = stages or STAGES
    stage = _chosen_stage(context, stages)
    if not STAGE.fullmatch(stage):
        raise BadContext(f"'stage' is {stage!r}: it must be 1 to 16 lower-case letters, digits and inner hyphens")
    is_local = stage == LOCAL_STAGE
    file = stages / f"{stage}.toml"
    reader = _Reader(context, {} if is_local else _content(file), file)
    domain = reader.domain("domain", LOCAL_DOMAIN if is_local else None)
    admins = reader.addresses("admins", (LOCAL_ADMIN,) if is_local else ())
    inbound_domain = reader.domain("inbound_domain", f"reply.{domain}")
    mail_from = reader.text("mail_from", f"nodback@{domain}").lower()
    if not re.fullmatch(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", mail_from.removesuffix(f"@{domain}")):
        reader.wrong("mail_from", mail_from, f"an address of the domain, like nodback@{domain}")
    settings = Settings(
        stage=stage,
        domain=domain,
        inbound_domain=inbound_domain,
        mail_from=mail_from,
        mail_from_name=reader.matching(
            "mail_from_name", "Nodback", re.compile(r"[^\x00-\x1f\x7f\"<>]{1,64}"), "1 to 64 characters, one line"
        ),
        organization_id=reader.number("organization_id", 1),
        rule_set=reader.matching("rule_set", "", re.compile(f"({RULE_SET.pattern})?"), "a receipt rule set's name")
        or None,
        admins=admins,
        inbound_mail_days=reader.number("inbound_mail_days", DEFAULT_INBOUND_MAIL_DAYS),
        log_days=reader.number("log_days", DEFAULT_LOG_DAYS),
        seal_lock=reader.matching(
            "seal_lock", "governance", re.compile("governance|compliance"), "governance or compliance"
        ),
        seal_lock_days=reader.number("seal_lock_days", DEFAULT_SEAL_LOCK_DAYS),
        key_rotation_days=reader.number("key_rotation_days", DEFAULT_KEY_ROTATION_DAYS, LEAST_KEY_ROTATION_DAYS),
        architecture=_own_architecture() if is_local else "arm64",
        code=Code(
            functions=Path(reader.text("functions", str(Code.functions))),
            core=Path(reader.text("core", str(Code.core))),
        ),
    )
    reader.check()
    return settings


def _chosen_stage(context: Callable[[str], object], stages: Path) -> str:
    """The stage that is named, or the only one that has a file. Raises BadContext when it is not clear which one."""
    named = context("stage")
    if named is not None:
        return str(named).strip()
    there = sorted(
        path.stem for path in stages.glob("*.toml") if path.name != EXAMPLE_STAGE and path.stem != LOCAL_STAGE
    )
    if len(there) == 1:
        return there[0]
    if there:
        raise BadContext("which stage? Name it: " + " or ".join(f"-c stage={name}" for name in there))
    if context("domain") is not None:
        return DEFAULT_STAGE
    raise BadContext(f"there is no stage yet: {_how_to_begin(stages / f'{DEFAULT_STAGE}.toml')}")


def _how_to_begin(file: Path) -> str:
    return f"cp {_shown(file.with_name(EXAMPLE_STAGE))} {_shown(file)}, and say in it at least domain and admins"


def _shown(file: Path) -> str:
    return str(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file)


def _content(file: Path) -> Mapping[str, object]:
    """The content of a stage's file; empty when there is none. Raises BadContext for a file that is not TOML."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BadContext(f"{_shown(file)} cannot be read: {problem}") from None


@dataclass
class _Reader:
    """Reads values one by one, from the context first and then from the file, and collects the mistakes."""

    context: Callable[[str], object]
    given: Mapping[str, object]
    file: Path
    problems: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Raise BadContext if anything was wrong, including keys that do not exist."""
        for key in self.given:
            if key not in FILE_KEYS:
                close = get_close_matches(key, FILE_KEYS, n=1)
                self.problems.append(
                    f"{_shown(self.file)}: there is no setting {key!r}" + (f": is it {close[0]!r}?" if close else "")
                )
        if self.problems:
            raise BadContext("\n".join(self.problems))

    def wrong(self, key: str, value: object, wanted: str) -> None:
        where = "-c" if self.context(key) is not None or key not in self.given else _shown(self.file)
        self.problems.append(f"{where} {key} is {value!r}: it must be {wanted}")

    def missing(self, key: str, example: str, why: str = "") -> None:
        there = self.file.exists()
        how = f"write {key} = {example} in {_shown(self.file)}" if there else _how_to_begin(self.file)
        self.problems.append(f"'{key}' is missing{why}: {how}")

    def value(self, key: str) -> object:
        said = self.context(key)
        return self.given.get(key) if said is None else said

    def text(self, key: str, default: str) -> str:
        value = self.value(key)
        if value is None:
            return default
        if not isinstance(value, str | int) or isinstance(value, bool):
            self.wrong(key, value, "one text or number")
            return default
        return str(value).strip()

    def matching(self, key: str, default: str, pattern: re.Pattern[str], wanted: str) -> str:
        value = self.text(key, default)
        if not pattern.fullmatch(value):
            self.wrong(key, value, wanted)
        return value

    def domain(self, key: str, default: str | None) -> str:
        value = self.text(key, default or "").lower()
        if not value:
            self.missing(key, '"nodback.example.com"')
            return "example.com"
        if not DOMAIN.fullmatch(value):
            self.wrong(key, value, "a domain name, like nodback.example.com")
            return "example.com"
        return value

    def addresses(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Mail addresses, at least one, as a list or as one text separated by spaces or commas."""
        value = self.value(key)
        given = value if isinstance(value, list | tuple) else str(value or "").replace(",", " ").split()
        addresses = tuple(str(address).strip().lower() for address in given) or default
        if not addresses:
            self.missing(key, '["you@example.com"]', ", and without an admin nobody can manage this install")
        for address in addresses:
            if not ADDRESS.fullmatch(address):
                self.wrong(key, address, "mail addresses, like ana@example.com")
        return addresses

    def number(self, key: str, default: int, least: int = 1) -> int:
        value = self.text(key, str(default))
        if not re.fullmatch(r"[1-9][0-9]{0,8}", value) or int(value) < least:
            self.wrong(key, value, f"a whole number, {least} or more")
            return default
        return int(value)


def _own_architecture() -> str:
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
