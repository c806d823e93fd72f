import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from infra.settings import (
    EXAMPLE_STAGE,
    FILE_KEYS,
    ROOT,
    STAGES,
    BadContext,
    Code,
    read_settings,
)

ADMINS = "ana@example.com"
DEPLOY = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of stage files of a fresh checkout."""
    folder = tmp_path / "stages"
    folder.mkdir()
    (folder / EXAMPLE_STAGE).write_text((STAGES / EXAMPLE_STAGE).read_text())
    monkeypatch.setattr("infra.settings.STAGES", folder)
    return folder


def context(**given: object):
    return given.get


def refused(**given: object) -> str:
    """What is said of a context that cannot be deployed."""
    with pytest.raises(BadContext) as told:
        read_settings(context(**given))
    return str(told.value)


def test_an_install_on_aws_needs_its_domain_and_derives_the_rest_from_it():
    settings = read_settings(context(stage="dev", domain="Nodback.Example.com", admins=ADMINS))

    assert settings.prefix == "nodback-dev"
    assert settings.mail_from == "nodback@nodback.example.com"
    assert settings.inbound_domain == "reply.nodback.example.com"
    assert settings.configuration_set == "nodback-dev"
    assert settings.architecture == "arm64"
    assert settings.organization_id == 1


def test_the_local_install_needs_nothing_and_has_no_configuration_set():
    settings = read_settings(context(stage="local"))

    assert settings.inbound_domain == "reply.nodback.test"
    assert settings.mail_from == "nodback@nodback.test"
    assert settings.configuration_set == ""


def test_the_stage_is_dev_unless_another_is_named():
    assert read_settings(context(domain="example.com", admins=ADMINS)).stage == "dev"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("stage", ""),
        ("stage", "Prod"),
        ("stage", "1st"),
        ("stage", "prod-"),
        ("stage", "a" * 17),
        ("domain", "example"),
        ("domain", "exa mple.com"),
        ("domain", "-x.com"),
        ("domain", "someone@example.com"),
        ("inbound_domain", "reply_.example.com"),
        ("mail_from", "nodback@elsewhere.com"),
        ("mail_from", "two words@example.com"),
        ("mail_from_name", "Sign\noff"),
        ("mail_from_name", 'Sign"off'),
        ("organization_id", "0"),
        ("organization_id", "-1"),
        ("organization_id", "one"),
        ("rule_set", "no spaces"),
        ("inbound_mail_days", "0"),
        ("log_days", "never"),
        ("key_rotation_days", "4"),
        ("admins", "ana"),
        ("admins", "ana@example.com;ben@example.com"),
        ("mail_from_name", ["Reviews"]),
    ],
)
def test_a_value_that_cannot_be_deployed_is_refused_by_its_name(key: str, value: object):
    said = refused(**{"domain": "example.com", "admins": ADMINS, key: value})

    assert re.search(rf"\b{key}\b", said)
    assert "it must be" in said


def test_a_missing_domain_is_explained_with_what_to_do(stages: Path):
    said = refused(stage="dev", admins=ADMINS)

    assert "'domain' is missing" in said
    assert f"cp {stages / '_example.toml'} {stages / 'dev.toml'}" in said


@pytest.mark.parametrize("given", [{}, {"admins": ""}, {"admins": []}])
def test_nobody_deploys_without_somebody_who_administers(given: dict):
    said = refused(stage="dev", domain="example.com", **given)

    assert "'admins' is missing" in said
    assert "without an admin nobody can manage this install" in said


def test_the_longest_stage_still_fits_into_the_name_of_a_bucket():
    settings = read_settings(context(stage="a" * 16, domain="example.com", admins=ADMINS))

    longest = f"{settings.prefix}-content-{'1' * 12}-ap-southeast-2"

    assert len(longest) <= 63


def write(stages: Path, stage: str, text: str) -> None:
    (stages / f"{stage}.toml").write_text(text)


PROD = 'domain = "prod.example.com"\nadmins = ["ana@example.com", "Ben@example.com"]\nlog_days = 90\n'


def test_a_stage_is_what_its_file_says(stages: Path):
    write(stages, "prod", PROD)
    settings = read_settings(context(stage="prod"))

    assert (settings.stage, settings.domain, settings.log_days) == ("prod", "prod.example.com", 90)
    assert settings.admins == ("ana@example.com", "ben@example.com")
    assert settings.mail_from == "nodback@prod.example.com"


def test_what_is_said_on_the_command_line_comes_before_the_file(stages: Path):
    write(stages, "prod", PROD)
    settings = read_settings(context(stage="prod", log_days="7"))

    assert (settings.log_days, settings.domain) == (7, "prod.example.com")


def test_the_only_stage_need_not_be_named_and_several_must(stages: Path):
    write(stages, "prod", PROD)
    assert read_settings(context()).stage == "prod"

    write(stages, "test", PROD)
    with pytest.raises(BadContext, match="-c stage=prod or -c stage=test"):
        read_settings(context())
    with pytest.raises(BadContext):
        read_settings(context(domain="example.com", admins=ADMINS))


def test_every_mistake_in_a_file_is_named_at_once(stages: Path):
    write(
        stages,
        "prod",
        'domain = "nowhere"\nadmin = ["ana@example.com"]\nlog_days = true\nseal_lock = "none"\nstage = "x"',
    )
    said = refused(stage="prod").splitlines()

    file = stages / "prod.toml"
    assert said == [
        f"{file} domain is 'nowhere': it must be a domain name, like nodback.example.com",
        f"'admins' is missing, and without an admin nobody can manage this install: "
        f'write admins = ["you@example.com"] in {file}',
        f"{file} log_days is True: it must be one text or number",
        f"{file} seal_lock is 'none': it must be governance or compliance",
        f"{file}: there is no setting 'admin': is it 'admins'?",
        f"{file}: there is no setting 'stage'",
    ]


def test_a_file_that_is_no_toml_says_where(stages: Path):
    write(stages, "prod", "domain = example.com")

    assert re.search(r"prod\.toml cannot be read: .*line 1", refused(stage="prod"))


def test_the_local_stage_reads_no_file(stages: Path):
    write(stages, "local", 'domain = "elsewhere.example"')

    assert read_settings(context(stage="local")).domain == "nodback.test"
    with pytest.raises(BadContext):
        read_settings(context())


def uncommented(text: str) -> dict[str, object]:
    """A stage's file with every default that it shows."""
    return tomllib.loads(re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.M))


def test_the_example_holds_every_setting_with_its_default(stages: Path):
    example = (STAGES / EXAMPLE_STAGE).read_text()
    shown = uncommented(example)
    write(stages, "dev", example)
    copied = read_settings(context(stage="dev"))
    write(stages, "dev", re.sub(r"^# (?=[a-z_]+ = )", "", example, flags=re.M))

    assert set(shown) == set(FILE_KEYS)
    assert read_settings(context(stage="dev")) == copied
    assert set(tomllib.loads(example)) == {"domain", "admins"}


def table_in_the_docs() -> dict[str, str]:
    """Every setting in the table of docs/deploy.md, with its default."""
    rows = re.findall(r"^\| (`[a-z_`, ]+) \| (.+?) \|", DEPLOY.split("| setting |")[1].split("\n\n")[0], flags=re.M)
    found = {}
    for names, defaults in rows:
        keys = re.findall(r"`([a-z_]+)`", names)
        values = [value.strip() for value in defaults.split(", ")]
        assert len(keys) == len(values), names
        found |= dict(zip(keys, values, strict=True))
    return found


def test_the_table_in_the_docs_has_every_setting_and_its_default():
    told = table_in_the_docs()
    defaults = read_settings(context(stage="dev", domain="example.com", admins=ADMINS))

    assert list(told) == list(FILE_KEYS)
    for key, shown in told.items():
        value = getattr(defaults, key)
        if shown.startswith("none") or shown == "a new one":
            continue
        assert shown.strip("`").replace("<domain>", "example.com") == str(value), key
    assert {key for key, shown in told.items() if shown.startswith("none")} == {"domain", "admins"}


def test_the_commands_in_the_docs_need_no_setting_but_the_stage():
    commands = re.findall(r"^(?:npx|make synth|cp) .*", DEPLOY, flags=re.M)

    assert any(command.startswith("cp stages/_example.toml stages/") for command in commands)
    assert any(command.startswith("npx cdk bootstrap aws://") for command in commands)
    given = {key for command in commands for key in re.findall(r"-c ([a-z_]+)=", command)}
    assert given <= {"stage"}


# In a process of its own: the CDK keeps a node running for as long as its process lives.
APP = """
import sys
from pathlib import Path
import infra.settings
infra.settings.STAGES = Path(sys.argv[1])
from infra.app import main
sys.exit(main())
"""


def synthesised(stages: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """The app as the CDK's command runs it for every command, `bootstrap` among them."""
    environment = {**os.environ, "CDK_OUTDIR": str(stages / "out"), "CDK_CONTEXT_JSON": json.dumps(given)}
    return subprocess.run(
        [sys.executable, "-c", APP, str(stages)],
        cwd=ROOT,
        env={**environment, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_with_a_stage_s_file_the_cdk_needs_no_further_word(stages: Path, code: Code):
    write(stages, "dev", (STAGES / EXAMPLE_STAGE).read_text())
    done = synthesised(stages, functions=str(code.functions), core=str(code.core))

    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (stages / "out").glob("*.template.json")) == [
        "nodback-dev-data.template.json",
        "nodback-dev-mail.template.json",
        "nodback-dev-service.template.json",
    ]


def test_without_any_file_the_cdk_says_what_to_write(stages: Path):
    done = synthesised(stages)

    assert done.returncode == 2
    begin = f"cp {stages / '_example.toml'} {stages / 'dev.toml'}, and say in it at least domain and admins"
    assert done.stderr == f"nodback: there is no stage yet: {begin}\n"


def test_a_stage_that_has_no_file_is_not_deployed(stages: Path):
    done = synthesised(stages, stage="prod")

    assert done.returncode == 2
    assert done.stderr.count("nodback: ") == 2
    assert f"'domain' is missing: cp {stages / '_example.toml'} {stages / 'prod.toml'}, and say in it" in done.stderr
    assert "'admins' is missing" in done.stderr
