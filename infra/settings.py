"""What a deployment may choose: the context of the CDK app, checked before anything is synthesised."""

import platform
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

DEFAULT_STAGE = "dev"
DEFAULT_INBOUND_MAIL_DAYS = 400
DEFAULT_LOG_DAYS = 30
DEFAULT_SEAL_LOCK_DAYS = 1
DEFAULT_KEY_ROTATION_DAYS = 90
LOCAL_STAGE = "local"
LOCAL_DOMAIN = "signoff.test"
LOCAL_ADMIN = "admin@example.com"

# The bucket's name is signoff-<stage>-content-<account>-<region>, at most 63 characters.
STAGE = re.compile(r"[a-z](?:[a-z0-9-]{0,14}[a-z0-9])?")
DOMAIN = re.compile(r"(?=.{1,200}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9.-]{1,253}")
RULE_SET = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class BadContext(ValueError):
    """A context value that cannot be deployed; the message names it and shows a good one."""


@dataclass(frozen=True)
class Code:
    """Where the code is: a folder with one folder for each function, and the folder of the core layer's packages."""

    functions: Path = ROOT / "functions"
    core: Path = ROOT / "layers" / "core" / "python"


@dataclass(frozen=True)
class Settings:
    """One install of Signoff: its stage, its mail domain and how its code is built.

    `architecture` is Lambda's word for the processor (`arm64` or `x86_64`); `rule_set` is an SES receipt rule set
    that exists already, or None to make one. `admins` are the addresses of those who manage every deployment.
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
        return f"signoff-{self.stage}"

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


def read_settings(context: Callable[[str], object]) -> Settings:
    """Settings from the CDK context.

    `context` looks a key up, as `app.node.try_get_context` does: `stage`, `domain`, `inbound_domain`, `mail_from`,
    `mail_from_name`, `organization_id`, `rule_set`, `admins`, `inbound_mail_days`, `log_days`, `key_rotation_days`,
    `functions`, `core`.
    Raises BadContext for a value that is missing or cannot be used.
    """
    stage = _matching(context, "stage", DEFAULT_STAGE, STAGE, "1 to 16 lower-case letters, digits and inner hyphens")
    is_local = stage == LOCAL_STAGE
    domain = _domain(context, "domain", LOCAL_DOMAIN if is_local else None)
    inbound_domain = _domain(context, "inbound_domain", f"reply.{domain}")
    mail_from = _text(context, "mail_from", f"signoff@{domain}").lower()
    if not re.fullmatch(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", mail_from.removesuffix(f"@{domain}")):
        raise BadContext(
            f"context 'mail_from' is {mail_from!r}: it must be an address of the domain, like signoff@{domain}"
        )
    rule_set = context("rule_set")
    return Settings(
        stage=stage,
        domain=domain,
        inbound_domain=inbound_domain,
        mail_from=mail_from,
        mail_from_name=_matching(
            context,
            "mail_from_name",
            "Signoff",
            re.compile(r"[^\x00-\x1f\x7f\"<>]{1,64}"),
            "1 to 64 characters, one line",
        ),
        organization_id=_number(context, "organization_id", 1),
        rule_set=_matching(context, "rule_set", "", RULE_SET, "the name of a receipt rule set") if rule_set else None,
        admins=_addresses(context, "admins", (LOCAL_ADMIN,) if is_local else ()),
        inbound_mail_days=_number(context, "inbound_mail_days", DEFAULT_INBOUND_MAIL_DAYS),
        log_days=_number(context, "log_days", DEFAULT_LOG_DAYS),
        seal_lock=_matching(
            context, "seal_lock", "governance", re.compile("governance|compliance"), "governance or compliance"
        ),
        seal_lock_days=_number(context, "seal_lock_days", DEFAULT_SEAL_LOCK_DAYS),
        key_rotation_days=_number(context, "key_rotation_days", DEFAULT_KEY_ROTATION_DAYS),
        architecture=_own_architecture() if is_local else "arm64",
        code=Code(
            functions=Path(_text(context, "functions", str(Code.functions))),
            core=Path(_text(context, "core", str(Code.core))),
        ),
    )


def _text(context: Callable[[str], object], key: str, default: str) -> str:
    value = context(key)
    return default if value is None else str(value).strip()


def _matching(context: Callable[[str], object], key: str, default: str, pattern: re.Pattern[str], wanted: str) -> str:
    value = _text(context, key, default)
    if not pattern.fullmatch(value):
        raise BadContext(f"context '{key}' is {value!r}: it must be {wanted}")
    return value


def _domain(context: Callable[[str], object], key: str, default: str | None) -> str:
    value = _text(context, key, default or "").lower()
    if not value:
        raise BadContext(
            f"context '{key}' is missing: name the domain that mail is sent from, like -c {key}=example.com"
        )
    if not DOMAIN.fullmatch(value):
        raise BadContext(f"context '{key}' is {value!r}: it must be a domain name, like signoff.example.com")
    return value


def _addresses(context: Callable[[str], object], key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """Mail addresses, as a list or as one text with spaces or commas between them."""
    value = context(key)
    if value is None:
        return default
    given = value if isinstance(value, list | tuple) else str(value).replace(",", " ").split()
    addresses = tuple(str(address).strip().lower() for address in given)
    for address in addresses:
        if not ADDRESS.fullmatch(address):
            raise BadContext(f"context '{key}' holds {address!r}: it must be mail addresses, like ana@example.com")
    return addresses


def _number(context: Callable[[str], object], key: str, default: int) -> int:
    value = _text(context, key, str(default))
    if not re.fullmatch(r"[1-9][0-9]{0,8}", value):
        raise BadContext(f"context '{key}' is {value!r}: it must be a whole number, 1 or more")
    return int(value)


def _own_architecture() -> str:
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
