"""What a process must know to reach its service: address, key and patience."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from nodback.errors import BadSetting, MissingSetting
from nodback.version import PRODUCT

URL_VARIABLE = "NODBACK_URL"
API_KEY_VARIABLE = "NODBACK_API_KEY"
MANAGE_KEY_VARIABLE = "NODBACK_MANAGE_KEY"
"""Read by the command alone, where a `flow` key is not enough."""
# API Gateway ends a call after 30 s, so an answer that is late still counts.
ATTEMPT_TIMEOUT_SECONDS = 30.0
GIVE_UP_AFTER_SECONDS = 60.0
SHOWN_KEY_CHARACTERS = 4


@dataclass(frozen=True)
class ApiKey:
    """An API key that masks itself wherever it is printed; `reveal()` is the only way to its text.

    Example:
        >>> ApiKey("nodback_flow_1_ab12_s3cret")
        ApiKey('nodb…cret')
    """

    _text: str = field(repr=False)

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        if len(self._text) < 4 * SHOWN_KEY_CHARACTERS:
            return "…"
        return f"{self._text[:SHOWN_KEY_CHARACTERS]}…{self._text[-SHOWN_KEY_CHARACTERS:]}"

    def __repr__(self) -> str:
        return f"ApiKey('{self}')"


@dataclass(frozen=True)
class Settings:
    """Where the service is and how long to wait for it."""

    url: str
    api_key: ApiKey
    attempt_timeout_seconds: float = ATTEMPT_TIMEOUT_SECONDS
    give_up_after_seconds: float = GIVE_UP_AFTER_SECONDS

    @property
    def is_local(self) -> bool:
        return is_loopback(urlsplit(self.url).hostname or "")


def read_settings(
    url: str | None = None,
    api_key: str | None = None,
    *,
    attempt_timeout_seconds: float = ATTEMPT_TIMEOUT_SECONDS,
    give_up_after_seconds: float = GIVE_UP_AFTER_SECONDS,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from the arguments, else from the environment, checked.

    Raises:
        MissingSetting: neither the argument nor the environment variable has a value.
        BadSetting: a value that cannot work, such as a key that would travel unencrypted.

    Example:
        >>> read_settings("https://nodback.example.com/", "nodback_flow_1_ab12_s3cret").url
        'https://nodback.example.com'
    """
    variables = os.environ if environment is None else environment
    address = _value("url", url, URL_VARIABLE, variables, f"the address of your {PRODUCT} service")
    key = _value("api_key", api_key, API_KEY_VARIABLE, variables, "the `flow` key of your deployment")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise BadSetting(f"The API key ({API_KEY_VARIABLE}) holds spaces or characters that no key has: copy it again.")
    for name, seconds in (
        ("attempt_timeout_seconds", attempt_timeout_seconds),
        ("give_up_after_seconds", give_up_after_seconds),
    ):
        if not 0 < seconds < float("inf"):
            raise BadSetting(f"{name} must be a positive number of seconds, not {seconds!r}.")
    return Settings(
        url=_checked_url(address),
        api_key=ApiKey(key),
        attempt_timeout_seconds=attempt_timeout_seconds,
        give_up_after_seconds=give_up_after_seconds,
    )


def is_loopback(host: str) -> bool:
    """Whether a host name stays on this machine.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("abc.execute-api.localhost"), is_loopback("example.com")
        (True, True, False)
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _value(name: str, argument: str | None, variable: str, variables: Mapping[str, str], what: str) -> str:
    value = (argument if argument is not None else variables.get(variable, "")).strip()
    if not value:
        raise MissingSetting(f"{PRODUCT} needs {what}: set {variable}, or pass {name}=... to nodback.enable().")
    return value


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise BadSetting(f"{URL_VARIABLE} is not an address: {error}.") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise BadSetting(f"{URL_VARIABLE} must look like https://nodback.example.com, not {url!r}.")
    if parts.username or parts.password:
        raise BadSetting(
            f"{URL_VARIABLE} must not hold a user name or password: the API key goes to {API_KEY_VARIABLE}."
        )
    if parts.query or parts.fragment:
        raise BadSetting(f"{URL_VARIABLE} must end before any '?' or '#': {url!r}.")
    if parts.scheme == "http" and not is_loopback(host):
        raise BadSetting(f"{URL_VARIABLE} must start with https://: the API key would travel to {host} unencrypted.")
    return url.rstrip("/").removesuffix("/v1")
