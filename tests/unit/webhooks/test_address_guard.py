"""The guard: what passes is plain and public; everything else is refused before anything is dialled."""

import ipaddress
import socket
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.webhooks.hostile_targets import (
    INNER_BLOCKS,
    INNER_V4,
    OWN_DOMAINS,
    PUBLIC_V4,
    PUBLIC_V6,
    embedded_in_v6,
    hostile_targets,
    spellings_of_v4,
)

from nodback_core.adapters.web_delivery import DeliveryLimits, deliver
from nodback_core.domain.webhooks.address_guard import BadUrl, ForbiddenAddress, RefusedTarget, check_address, check_url
from nodback_core.domain.webhooks.outcome import DeliveryClass

HOSTILE = hostile_targets()
REFUSALS = {DeliveryClass.BAD_URL, DeliveryClass.FORBIDDEN_ADDRESS}


class RecordingDial:
    """Connects to nothing and remembers who was asked for."""

    def __init__(self) -> None:
        self.dialled: list[str] = []

    def __call__(self, address: str, port: int, seconds: float) -> socket.socket:
        self.dialled.append(address)
        raise ConnectionRefusedError


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """A listener on the loopback that nobody may ever reach."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_there_are_at_least_500_hostile_targets_and_all_differ() -> None:
    assert len({(url, tuple(answer)) for url, answer in HOSTILE}) >= 500


@pytest.mark.parametrize("allow_loopback_http", [False, True], ids=["on AWS", "on the embedded stack"])
def test_no_hostile_target_is_ever_dialled(allow_loopback_http: bool) -> None:
    reached = []
    for url, answer in HOSTILE:
        dial = RecordingDial()
        outcome = deliver(
            url,
            b"{}",
            {},
            resolver=lambda host, port, answer=answer: answer,
            own_domains=OWN_DOMAINS,
            allow_loopback_http=allow_loopback_http,
            dial=dial,
        )
        assert outcome.status is None
        assert outcome.answer_first_4kb == ""
        assert outcome.class_ is not DeliveryClass.INTERNAL, url
        loopback_only = all(ipaddress.ip_address(address).is_loopback for address in dial.dialled)
        if dial.dialled and not (allow_loopback_http and loopback_only):
            reached.append((url, answer, dial.dialled))
        if not allow_loopback_http:
            assert outcome.class_ in REFUSALS, (url, answer, outcome)
    assert reached == []


def test_the_systems_own_resolver_is_never_led_to_the_loopback(canary: socket.socket) -> None:
    port = canary.getsockname()[1]
    for spelling in [*spellings_of_v4("127.0.0.1"), "localhost", "127.0.0.1", "127.1", *embedded_in_v6("127.0.0.1")]:
        host = f"[{spelling}]" if ":" in spelling else spelling
        outcome = deliver(f"https://{host}:{port}/", b"{}", {}, limits=DeliveryLimits(wall_clock_seconds=2))
        assert outcome.class_ in REFUSALS, spelling


def test_a_name_that_changes_its_address_is_resolved_once_and_what_was_checked_is_dialled() -> None:
    answers: list[Sequence[str]] = [[PUBLIC_V4], ["127.0.0.1"], ["169.254.169.254"]]
    asked: list[str] = []
    dial = RecordingDial()

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    outcome = deliver("https://hooks.example.com/", b"{}", {}, resolver=rebinding, dial=dial)
    assert (outcome.class_, asked, dial.dialled) == (DeliveryClass.CONNECT, ["hooks.example.com"], [PUBLIC_V4])


def test_one_forbidden_address_among_many_forbids_all_even_behind_those_that_would_be_dialled() -> None:
    dial = RecordingDial()
    answer = [f"93.184.215.{n}" for n in range(1, 200)] + ["10.0.0.1"]
    outcome = deliver("https://hooks.example.com/", b"{}", {}, resolver=lambda host, port: answer, dial=dial)
    assert (outcome.class_, dial.dialled) == (DeliveryClass.FORBIDDEN_ADDRESS, [])


@pytest.mark.parametrize("answer", [["169.254.169.254"], ["127.0.0.1", "10.0.0.1"], [PUBLIC_V4], ["::ffff:127.0.0.1"]])
def test_on_the_embedded_stack_localhost_that_resolves_elsewhere_is_not_dialled(answer: list[str]) -> None:
    dial = RecordingDial()
    outcome = deliver(
        "http://localhost:9000/", b"{}", {}, resolver=lambda host, port: answer, allow_loopback_http=True, dial=dial
    )
    assert (outcome.class_, dial.dialled) == (DeliveryClass.FORBIDDEN_ADDRESS, [])


@settings(max_examples=500)
@given(st.ip_addresses())
def test_an_address_passes_only_if_the_standard_library_too_calls_it_global(address) -> None:
    try:
        checked = check_address(str(address))
    except ForbiddenAddress:
        return
    assert checked == str(address)
    assert address.is_global
    assert not address.is_multicast
    assert not address.is_reserved


@settings(max_examples=300)
@given(st.sampled_from(INNER_BLOCKS).flatmap(lambda block: st.ip_addresses(network=block)))
def test_every_address_of_every_inner_block_is_refused(address) -> None:
    with pytest.raises(ForbiddenAddress):
        check_address(str(address))


@pytest.mark.parametrize("address", [PUBLIC_V4, PUBLIC_V6, "1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1",
                                     "198.20.0.1", "223.255.255.255", "2400:cb00::1", "2a00:1450::1"])  # fmt: skip
def test_public_addresses_pass(address: str) -> None:
    assert check_address(address) == address


@pytest.mark.parametrize("address", [*INNER_V4[2:], PUBLIC_V4, "::ffff:127.0.0.1", "::127.0.0.1", "fe80::1", PUBLIC_V6])
def test_on_the_embedded_stack_a_loopback_name_leads_to_loopback_addresses_alone(address: str) -> None:
    assert check_address("127.0.0.1", loopback_only=True) == "127.0.0.1"
    assert check_address("::1", loopback_only=True) == "::1"
    with pytest.raises(ForbiddenAddress):
        check_address(address, loopback_only=True)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://hooks.example.com", "hooks.example.com", 443, "/"),
        ("HTTPS://Hooks.Example.COM./a/b?c=d&e=%2F", "hooks.example.com", 443, "/a/b?c=d&e=%2F"),
        ("https://hooks.example.com:8443?x=1", "hooks.example.com", 8443, "/?x=1"),
        ("https://xn--bcher-kva.example/~u/(1)", "xn--bcher-kva.example", 443, "/~u/(1)"),
        ("https://93.184.215.14:1024/", "93.184.215.14", 1024, "/"),
        ("https://[2606:4700:0:0::1]/x", "2606:4700::1", 443, "/x"),
        ("https://3com.example/user@host:1", "3com.example", 443, "/user@host:1"),
    ],
)
def test_plain_https_urls_pass(url: str, host: str, port: int, path: str) -> None:
    target = check_url(url, own_domains=OWN_DOMAINS)
    assert (target.scheme, target.host, target.port, target.path) == ("https", host, port, path)
    assert not target.is_loopback


@pytest.mark.parametrize("port", [1, 22, 25, 80, 442, 444, 1023, 0, 65536])
def test_privileged_ports_other_than_443_are_refused(port: int) -> None:
    with pytest.raises(BadUrl, match="port"):
        check_url(f"https://hooks.example.com:{port}/")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:80/", "http://localhost:9000/x", "http://[::1]:9000/", "https://localhost/"]
)
def test_loopback_passes_on_the_embedded_stack_and_nowhere_else(url: str) -> None:
    assert check_url(url, allow_loopback_http=True).is_loopback
    with pytest.raises(RefusedTarget):
        check_url(url)


def test_plain_http_to_the_internet_is_refused_on_the_embedded_stack_too() -> None:
    with pytest.raises(BadUrl, match="https"):
        check_url("http://hooks.example.com/", allow_loopback_http=True)


@pytest.mark.parametrize(
    ("own", "url", "is_own"),
    [
        ("nodback.example.net", "https://nodback.example.net/", True),
        ("nodback.example.net", "https://NODBACK.example.net.:8443/", True),
        ("nodback.example.net", "https://a.b.nodback.example.net/", True),
        ("Nodback.Example.net", "https://nodback.example.net/", True),
        ("nodback.example.net", "https://notnodback.example.net/", False),
        ("nodback.example.net", "https://nodback.example.net.example.com/", False),
        ("127.0.0.1:4566", "http://127.0.0.1:4566/_aws/", True),
        ("127.0.0.1:4566", "http://127.0.0.1:9000/hook", False),
    ],
)
def test_the_installs_own_hosts_are_refused(own: str, url: str, is_own: bool) -> None:
    if is_own:
        with pytest.raises(ForbiddenAddress, match="back to this installation"):
            check_url(url, own_domains=(own,), allow_loopback_http=True)
    else:
        check_url(url, own_domains=(own,), allow_loopback_http=True)


@settings(max_examples=500)
@given(st.text(max_size=60) | st.from_regex(r"https?://[^\s]{0,40}", fullmatch=True))
def test_any_text_is_either_refused_or_taken_apart_into_plain_pieces(text: str) -> None:
    try:
        target = check_url(text)
    except RefusedTarget:
        return
    assert target.scheme == "https"
    assert target.path.startswith("/")
    assert target.path.isascii()
    assert target.path.isprintable()
    assert " " not in target.path
    assert set(target.host) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-:")
