import pytest

import nodback
from nodback.settings import ApiKey, read_settings

KEY = "nodback_flow_1_ab12_0123456789"


def test_settings_come_from_arguments_before_the_environment():
    environment = {"NODBACK_URL": "https://environment.example.com", "NODBACK_API_KEY": KEY}
    assert read_settings(environment=environment).url == "https://environment.example.com"
    assert read_settings("https://argument.example.com", environment=environment).url == "https://argument.example.com"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://nodback.example.com/", "https://nodback.example.com"),
        ("https://nodback.example.com/v1", "https://nodback.example.com"),
        ("https://gateway.example.com/nodback/v1/", "https://gateway.example.com/nodback"),
        (" http://127.0.0.1:4566 ", "http://127.0.0.1:4566"),
        ("http://[::1]:4566", "http://[::1]:4566"),
        ("http://abc.execute-api.localhost:4566", "http://abc.execute-api.localhost:4566"),
    ],
)
def test_addresses_are_taken_as_people_write_them(given, expected):
    assert read_settings(given, KEY, environment={}).url == expected


@pytest.mark.parametrize("missing", ["NODBACK_URL", "NODBACK_API_KEY"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_setting_is_named_with_its_variable(missing, value):
    environment = {"NODBACK_URL": "https://nodback.example.com", "NODBACK_API_KEY": KEY}
    environment.pop(missing)
    if value is not None:
        environment[missing] = value
    with pytest.raises(nodback.MissingSetting, match=missing):
        read_settings(environment=environment)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://nodback.example.com", "https://"),
        ("http://127.0.0.1.example.com", "unencrypted"),
        ("nodback.example.com", "must look like"),
        ("ftp://nodback.example.com", "must look like"),
        ("https://", "must look like"),
        ("https://user:pw@nodback.example.com", "user name or password"),
        ("https://nodback.example.com?stage=dev", "'\\?'"),
        ("https://nodback.example.com:port", "not an address"),
    ],
)
def test_an_address_that_cannot_work_is_refused_with_the_reason(url, reason):
    with pytest.raises(nodback.BadSetting, match=reason):
        read_settings(url, KEY, environment={})


def test_a_password_in_an_address_is_never_repeated():
    with pytest.raises(nodback.BadSetting) as raised:
        read_settings("https://user:hunter2@nodback.example.com", KEY, environment={})
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_no_key_can_be_is_refused_without_repeating_it(key):
    with pytest.raises(nodback.BadSetting) as raised:
        read_settings("https://nodback.example.com", key, environment={})
    assert key not in str(raised.value)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_patience_is_a_positive_number(seconds):
    with pytest.raises(nodback.BadSetting, match="give_up_after_seconds"):
        read_settings("https://nodback.example.com", KEY, give_up_after_seconds=seconds, environment={})


def test_keys_mask_themselves():
    assert KEY not in repr(ApiKey(KEY))
    assert str(ApiKey("short")) == "…"
    assert ApiKey(KEY).reveal() == KEY
