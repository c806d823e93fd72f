"""Decides whether Nodback may connect to a receiver's URL and, after DNS, to an address.

A webhook URL is written by a user and dialled from inside the AWS account, so it must never reach what only the inside
can reach. Two checks, both without a network: `check_url` for the text, `check_address` for every address that the
name resolved to. The second is the one that protects; the caller dials only what it has passed.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass

MAX_URL_CHARACTERS = 2048
HTTPS_PORT = 443
FIRST_UNPRIVILEGED_PORT = 1024

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<target>[^#]*)")
_TARGET = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_NUMBER_LIKE = re.compile(r"[0-9]+|0x[0-9a-f]*")
_INNER_SUFFIXES = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".onion")
_LOOPBACK_NAME = "localhost"

_FORBIDDEN_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; some clouds' metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a public number that clouds answer from the inside
        "169.254.0.0/16",  # link-local, AWS metadata and task credentials
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT relays
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Everything outside global unicast is forbidden at once: loopback, mapped and compatible IPv4, NAT64, unique and
# link-local, site-local, multicast.
_GLOBAL_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_FORBIDDEN_V6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking, anycast
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # 6bone, returned
        "3fff::/20",  # documentation
    )
)
_ISATAP_MARKS = (0x0000_5EFE, 0x0200_5EFE)  # interface ids that carry an IPv4 address (RFC 5214)


class RefusedTarget(ValueError):
    """Nodback does not connect there. The message says why in words for the person who configures the webhook."""


class BadUrl(RefusedTarget):
    """The text is not a URL that Nodback sends to, wherever it would lead."""


class ForbiddenAddress(RefusedTarget):
    """The URL leads to an address that Nodback never connects to."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that passed the check, taken apart for the request.

    host: a lower-case name without a final full stop, or an address without brackets.
    path: path and query, never empty.
    """

    scheme: str
    host: str
    port: int
    path: str
    is_loopback: bool

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = HTTPS_PORT if self.scheme == "https" else 80
        return host if self.port == default else f"{host}:{self.port}"


def check_url(url: str, *, own_domains: Collection[str] = (), allow_loopback_http: bool = False) -> Target:
    """Take a webhook URL apart, or refuse it; for use when it is configured and again before each delivery.

    Only plain spellings pass: what two parsers could read differently is refused, not interpreted.

    Args:
        own_domains: hosts of this install, as `host` (with everything below it) or `host:port`.
        allow_loopback_http: on the embedded stack: lets `localhost` and loopback addresses pass, by http too.

    Raises:
        BadUrl, ForbiddenAddress: with a message for the person who typed the URL.
    """
    parts = _parts(url)
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None:
        raise BadUrl("the URL needs a plain host name, without user name or password")
    host, address = _host(authority["host"])
    is_loopback = host == _LOOPBACK_NAME or (address is not None and address.is_loopback)
    scheme = parts["scheme"].lower()
    local = allow_loopback_http and is_loopback
    if scheme != "https" and not (scheme == "http" and local):
        raise BadUrl("the URL must start with https://")
    port = _port(authority["port"], scheme=scheme, any_port=local)
    if not local:
        _check_host(host, address)
    if any(_is_own(host, port, own) for own in own_domains):
        raise ForbiddenAddress("the URL leads back to this installation")
    path = parts["target"] if parts["target"].startswith("/") else "/" + parts["target"]
    return Target(scheme=scheme, host=host, port=port, path=path, is_loopback=local)


def check_address(text: str, *, loopback_only: bool = False) -> str:
    """The address in its canonical form if Nodback may dial it.

    Args:
        text: an address as the resolver gave it; no names, no short or octal forms, no zones.
        loopback_only: for a loopback target on the embedded stack: exactly the loopback addresses pass.

    Raises:
        ForbiddenAddress: anything else.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ForbiddenAddress("this is no plain address") from None
    allowed = address.is_loopback and not _carries_v4(address) if loopback_only else _is_public(address)
    if not allowed:
        raise ForbiddenAddress("the address is not on the public internet")
    return str(address)


def _parts(url: str) -> dict[str, str]:
    if len(url) > MAX_URL_CHARACTERS:
        raise BadUrl(f"the URL has more than {MAX_URL_CHARACTERS} characters")
    parts = _URL.fullmatch(url)
    if parts is None:
        raise BadUrl("this is no URL, or it has a fragment")
    if _TARGET.fullmatch(parts["target"]) is None:
        raise BadUrl("the path holds a character that must be percent-encoded")
    return parts.groupdict()


def _host(text: str) -> tuple[str, ipaddress.IPv4Address | ipaddress.IPv6Address | None]:
    if text.startswith("["):
        try:
            v6 = ipaddress.IPv6Address(text[1:-1])
        except ValueError:
            raise BadUrl("the address in brackets is no IPv6 address") from None
        return str(v6), v6
    host = text.lower().removesuffix(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise BadUrl("the host is no domain name; write international names in their xn-- form")
    if _NUMBER_LIKE.fullmatch(host.rsplit(".", 1)[-1]) is None:
        return host, None
    try:
        v4 = ipaddress.IPv4Address(host)
    except ValueError:
        raise ForbiddenAddress("an IPv4 address is written as four plain numbers") from None
    return str(v4), v4


def _port(text: str | None, *, scheme: str, any_port: bool) -> int:
    if text is None:
        return HTTPS_PORT if scheme == "https" else 80
    port = int(text)
    if not (0 < port < 65536) or not (any_port or port == HTTPS_PORT or port >= FIRST_UNPRIVILEGED_PORT):
        raise BadUrl("the port must be 443 or one from 1024 to 65535")
    return port


def _check_host(host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> None:
    if address is not None:
        check_address(str(address))
    elif "." not in host or host.endswith(_INNER_SUFFIXES):
        raise ForbiddenAddress("the host is not a name on the public internet")


def _is_own(host: str, port: int, own: str) -> bool:
    name, _, own_port = own.lower().partition(":")
    if own_port and int(own_port) != port:
        return False
    return host == name or host.endswith("." + name)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _FORBIDDEN_V4)
    return (
        address in _GLOBAL_UNICAST_V6
        and address.scope_id is None
        and not any(address in block for block in _FORBIDDEN_V6)
        and not _carries_v4(address)
    )


def _carries_v4(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return False
    interface_mark = (int(address) >> 32) & 0xFFFF_FFFF
    return address.ipv4_mapped is not None or interface_mark in _ISATAP_MARKS
