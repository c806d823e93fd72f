import pytest

from infra.settings import BadContext, read_settings


def context(**given: object):
    return given.get


def test_an_install_on_aws_needs_its_domain_and_derives_the_rest_from_it():
    settings = read_settings(context(stage="dev", domain="Signoff.Example.com"))

    assert settings.prefix == "signoff-dev"
    assert settings.mail_from == "signoff@signoff.example.com"
    assert settings.inbound_domain == "reply.signoff.example.com"
    assert settings.configuration_set == "signoff-dev"
    assert settings.architecture == "arm64"
    assert settings.organization_id == 1


def test_the_local_install_needs_nothing_and_has_no_configuration_set():
    settings = read_settings(context(stage="local"))

    assert settings.inbound_domain == "reply.signoff.test"
    assert settings.mail_from == "signoff@signoff.test"
    assert settings.configuration_set == ""


def test_the_stage_is_dev_unless_another_is_named():
    assert read_settings(context(domain="example.com")).stage == "dev"


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
        ("mail_from", "signoff@elsewhere.com"),
        ("mail_from", "two words@example.com"),
        ("mail_from_name", "Sign\noff"),
        ("mail_from_name", 'Sign"off'),
        ("organization_id", "0"),
        ("organization_id", "-1"),
        ("organization_id", "one"),
        ("rule_set", "no spaces"),
        ("inbound_mail_days", "0"),
        ("log_days", "never"),
    ],
)
def test_a_value_that_cannot_be_deployed_is_refused_by_its_name(key: str, value: str):
    with pytest.raises(BadContext, match=f"'{key}'"):
        read_settings(context(**{"domain": "example.com", key: value}))


def test_a_missing_domain_is_explained_with_an_example():
    with pytest.raises(BadContext, match=r"-c domain=example\.com"):
        read_settings(context(stage="dev"))


def test_the_longest_stage_still_fits_into_the_name_of_a_bucket():
    settings = read_settings(context(stage="a" * 16, domain="example.com"))

    longest = f"{settings.prefix}-content-{'1' * 12}-ap-southeast-2"

    assert len(longest) <= 63
