"""Deliveries over real sockets: every answer has its class, and nothing a receiver does costs more than its limits."""

import json
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.webhooks.hostile_targets import PUBLIC_V4, PUBLIC_V6
from unit.webhooks.receivers import (
    NAME,
    Authority,
    Receiver,
    answering,
    dripping,
    flooding,
    over_tls,
    read_request,
    receiver,
    silent,
)

from nodback_core.adapters.web_delivery import DeliveryLimits, deliver, dial_tcp, tls_context
from nodback_core.domain.webhooks.outcome import DeliveryClass, DeliveryOutcome

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere"
PATIENT = DeliveryLimits(wall_clock_seconds=5)
SHORT = DeliveryLimits(wall_clock_seconds=0.4, answer_bytes=200_000)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


def send(running: Receiver, *, body: bytes = b"{}", limits: DeliveryLimits = PATIENT) -> DeliveryOutcome:
    return deliver(running.url(), body, {}, limits=limits, allow_loopback_http=True)


def send_by_name(
    running: Receiver,
    authority: Authority,
    *,
    url: str = f"https://{NAME}/hook",
    answers: tuple[str, ...] = (PUBLIC_V4,),
) -> DeliveryOutcome:
    """A delivery to a public name whose public address happens to be wired to the receiver."""
    return deliver(
        url,
        b"{}",
        {},
        resolver=lambda host, port: answers,
        dial=lambda address, port, seconds: dial_tcp("127.0.0.1", running.port, seconds),
        tls=authority.trust(tls_context()),
        limits=PATIENT,
    )


def test_the_very_bytes_arrive_with_the_headers_given_and_none_that_redirect_proxies_or_compress() -> None:
    body = json.dumps({"event": "new_request"}).encode()
    with receiver(answering(OK)) as running:
        outcome = deliver(
            running.url("/hook?a=b"),
            body,
            {"X-Signature": "sha256=00", "webhook-id": "evt_1"},
            allow_loopback_http=True,
        )
    head, _, received = bytes(running.received).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert received == body
    assert lines[0] == "POST /hook?a=b HTTP/1.1"
    assert set(lines[1:]) == {
        f"Host: 127.0.0.1:{running.port}",
        "User-Agent: Nodback-Webhooks/1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
        "X-Signature: sha256=00",
        "webhook-id: evt_1",
    }
    assert outcome.class_ is DeliveryClass.DELIVERED
    assert (outcome.status, outcome.answer_first_4kb) == (200, "there")
    assert outcome.milliseconds >= 0


@pytest.mark.parametrize(
    ("status", "class_"),
    [
        *((status, DeliveryClass.DELIVERED) for status in (200, 201, 202, 204, 206, 226, 299)),
        *((status, DeliveryClass.HTTP_3XX) for status in (300, 301, 302, 303, 304, 305, 307, 308)),
        *((status, DeliveryClass.HTTP_4XX) for status in (400, 401, 403, 404, 405, 408, 409, 410, 413, 422, 429, 499)),
        *((status, DeliveryClass.HTTP_5XX) for status in (500, 501, 502, 503, 504, 511, 599)),
        *((status, DeliveryClass.BAD_RESPONSE) for status in (101, 103, 199, 600, 999)),
    ],
)
def test_every_status_has_its_class(status: int, class_: DeliveryClass) -> None:
    with receiver(answering(b"HTTP/1.1 %d Whatever\r\nContent-Length: 0\r\n\r\n" % status)) as running:
        outcome = send(running)
    assert (outcome.class_, outcome.status) == (class_, status)
    assert running.connections == 1


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("header", ["Location", "Refresh: 0; url", "Content-Location", "Link", "Alt-Svc"])
def test_no_redirect_of_any_kind_is_followed(status: int, header: str) -> None:
    with receiver(answering(OK)) as canary:
        separator = "=" if ":" in header else ": "
        leading = f"HTTP/1.1 {status} Go\r\n{header}{separator}{canary.url()}\r\nContent-Length: 0\r\n\r\n".encode()
        with receiver(answering(leading)) as running:
            outcome = send(running)
    assert outcome.class_ is DeliveryClass.HTTP_3XX
    assert canary.connections == 0


@pytest.mark.parametrize(
    "variable", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
)
def test_proxies_of_the_environment_are_ignored(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(answering(OK)) as proxy, receiver(answering(OK)) as running:
        monkeypatch.setenv(variable, proxy.url("/"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert send(running).class_ is DeliveryClass.DELIVERED
    assert (proxy.connections, running.connections) == (0, 1)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n",
        b"there",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 -200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.example.com ESMTP\r\n",
        b"\x00" * 100,
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/1.1 200 " + b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    ],
    ids=range(14),
)
def test_what_is_no_http_answer_is_a_bad_response(answer: bytes) -> None:
    with receiver(answering(answer)) as running:
        assert send(running).class_ in (DeliveryClass.BAD_RESPONSE, DeliveryClass.CONNECT)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", "old"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut short", "cut short"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nodd", "odd"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nodd", "odd"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", "abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc", "abc"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, "there"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nthere", ""),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\xff", "\x1f\ufffd\ufffd"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + "Grüße".encode(), "Grüße"),
    ],
)
def test_a_read_status_counts_however_odd_the_answer_after_it_is(answer: bytes, kept: str) -> None:
    with receiver(answering(answer)) as running:
        outcome = send(running)
    assert (outcome.class_, outcome.answer_first_4kb) == (DeliveryClass.DELIVERED, kept)


def test_only_the_first_4_kb_of_an_answer_are_kept() -> None:
    with receiver(answering(b"HTTP/1.1 500 Oops\r\n\r\n" + b"x" * 100_000)) as running:
        outcome = send(running)
    assert (outcome.class_, outcome.answer_first_4kb) == (DeliveryClass.HTTP_5XX, "x" * 4096)


DRIPS = {
    "nothing at all": dripping(b"", b""),
    "the status line, letter by letter": dripping(b"HTTP/1.1 2", b"0"),
    "a reason without end": dripping(b"HTTP/1.1 200 ", b"x"),
    "headers without end": dripping(b"HTTP/1.1 200 OK\r\n", b"A"),
    "a body of known length": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
    "a body until the end": dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    "chunks": dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a chunk's size": dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
    "100 Continue": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "silence after accepting": silent,
}


@pytest.mark.parametrize("behaviour", DRIPS.values(), ids=DRIPS.keys())
def test_a_dripping_receiver_costs_no_more_than_the_wall_clock_limit(behaviour) -> None:
    with receiver(behaviour) as running:
        outcome = send(running, limits=SHORT)
    assert outcome.class_ is DeliveryClass.TIMEOUT
    assert outcome.milliseconds >= SHORT.wall_clock_seconds * 1000 - 1


def test_a_receiver_that_never_reads_costs_no_more_than_the_limit() -> None:
    with receiver(silent) as running:
        outcome = send(running, body=b"x" * 20_000_000, limits=SHORT)
    assert outcome.class_ is DeliveryClass.TIMEOUT


def test_a_tls_handshake_that_never_comes_costs_no_more_than_the_limit(authority: Authority) -> None:
    for behaviour in (silent, _dripping_a_handshake):
        with receiver(behaviour) as running:
            outcome = deliver(
                f"https://127.0.0.1:{running.port}/",
                b"{}",
                {},
                limits=SHORT,
                allow_loopback_http=True,
                tls=tls_context(),
            )
        assert outcome.class_ is DeliveryClass.TIMEOUT


def _dripping_a_handshake(running: Receiver) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
        while not running.stopping.wait(0.02):
            connection.sendall(b"\x00")

    return behave


def test_a_resolver_that_hangs_costs_no_more_than_the_limit() -> None:
    let_go = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        let_go.wait(10)
        return [PUBLIC_V4]

    outcome = deliver(f"https://{NAME}/", b"{}", {}, resolver=hanging, limits=SHORT, dial=_never)
    let_go.set()
    assert outcome.class_ is DeliveryClass.TIMEOUT


FLOODS = {
    "a body until the end": flooding(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
    "a body of known length": flooding(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", b"x" * 65536),
    "chunks": flooding(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
    "100 Continue": flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
}


@pytest.mark.parametrize("behaviour", FLOODS.values(), ids=FLOODS.keys())
def test_a_huge_answer_is_cut_off_and_counts_as_failed(behaviour) -> None:
    with receiver(behaviour) as running:
        outcome = send(running, limits=DeliveryLimits(wall_clock_seconds=60, answer_bytes=200_000))
    assert outcome.class_ is DeliveryClass.RESPONSE_TOO_LARGE
    assert len(outcome.answer_first_4kb) <= 4096


def test_an_early_refusal_of_a_large_body_is_still_read() -> None:
    def early(running: Receiver):
        def behave(connection: socket.socket) -> None:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1_000_000):
                pass

        return behave

    with receiver(early) as running:
        assert send(running, body=b"x" * 5_000_000).status == 413


def test_a_closed_port_is_a_failed_connection_and_a_reset_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert deliver(f"http://127.0.0.1:{port}/", b"{}", {}, allow_loopback_http=True).class_ is DeliveryClass.CONNECT

    def resetting(running: Receiver):
        def behave(connection: socket.socket) -> None:
            read_request(connection, running)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

        return behave

    with receiver(resetting) as running:
        assert send(running).class_ is DeliveryClass.CONNECT


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), OSError(), UnicodeError(), None], ids=repr)
def test_a_name_without_an_address_is_a_dns_failure(error: Exception | None) -> None:
    def resolver(host: str, port: int) -> list[str]:
        if error is not None:
            raise error
        return []

    outcome = deliver(f"https://{NAME}/", b"{}", {}, resolver=resolver, dial=_never)
    assert (outcome.class_, outcome.status, outcome.answer_first_4kb) == (DeliveryClass.DNS, None, "")


def test_ipv4_is_tried_first_and_each_of_three_addresses_at_most_once() -> None:
    dialled: list[tuple[str, float]] = []

    def failing(address: str, port: int, seconds: float) -> socket.socket:
        dialled.append((address, seconds))
        raise TimeoutError if len(dialled) == 1 else OSError

    answers = [PUBLIC_V6, "93.184.215.14", "93.184.215.14", "93.184.215.15", "93.184.215.16"]
    outcome = deliver(f"https://{NAME}/", b"{}", {}, resolver=lambda host, port: answers, dial=failing)
    assert [address for address, _ in dialled] == ["93.184.215.14", "93.184.215.15", "93.184.215.16"]
    assert dialled[0][1] == pytest.approx(10, abs=0.5)
    assert outcome.class_ is DeliveryClass.TIMEOUT


def test_whatever_goes_wrong_inside_is_an_outcome_and_not_an_exception() -> None:
    def broken(host: str, port: int) -> list[str]:
        raise RuntimeError

    assert deliver(f"https://{NAME}/", b"{}", {}, resolver=broken, dial=_never).class_ is DeliveryClass.INTERNAL
    for headers in ({"X": "a\r\nY: b"}, {"X\r\n": "a"}, {"X": "ü"}, {"": "a"}):
        assert deliver(f"https://{NAME}/", b"{}", headers, resolver=broken).class_ is DeliveryClass.INTERNAL


def _never(address: str, port: int, seconds: float) -> socket.socket:
    raise AssertionError(f"dialled {address}")


def test_the_certificate_is_checked_against_the_name_while_the_vetted_address_is_dialled(authority: Authority) -> None:
    names: list[str | None] = []
    context = authority.server_context(NAME)
    with receiver(over_tls(context, answering(OK), asked_names=names)) as running:
        outcome = send_by_name(running, authority)
    assert outcome.class_ is DeliveryClass.DELIVERED
    assert names == [NAME]
    assert f"Host: {NAME}\r\n".encode() in running.received


def test_a_certificate_for_an_address_serves_a_url_with_that_address(authority: Authority) -> None:
    with receiver(over_tls(authority.server_context(PUBLIC_V6), answering(OK))) as running:
        outcome = send_by_name(running, authority, url=f"https://[{PUBLIC_V6}]:8443/", answers=())
    assert outcome.class_ is DeliveryClass.DELIVERED
    assert f"Host: [{PUBLIC_V6}]:8443\r\n".encode() in running.received


@pytest.mark.parametrize(
    "make",
    [
        lambda a, other: a.server_context("other.example.com"),
        lambda a, other: a.server_context("example.com", "*.hooks.example.com"),
        lambda a, other: a.server_context(PUBLIC_V4),
        lambda a, other: a.server_context(common_name=NAME),
        lambda a, other: a.server_context(NAME, days=-1),
        lambda a, other: a.server_context(NAME, signed_by=other),
    ],
    ids=["another name", "parent and child names", "the address", "common name only", "expired", "unknown authority"],
)
def test_a_certificate_that_does_not_prove_the_name_is_refused_before_anything_is_sent(
    make, authority: Authority, tmp_path: Path
) -> None:
    context = make(authority, Authority.make(tmp_path))
    with receiver(over_tls(context, answering(OK))) as running:
        outcome = send_by_name(running, authority)
    assert (outcome.class_, outcome.status) == (DeliveryClass.TLS, None)
    assert running.received == b""


def test_a_receiver_that_speaks_no_tls_is_a_tls_failure(authority: Authority) -> None:
    def plain(running: Receiver):
        return lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with receiver(plain) as running:
        assert send_by_name(running, authority).class_ in (DeliveryClass.TLS, DeliveryClass.CONNECT)


def test_tls_older_than_1_2_is_refused() -> None:
    context = tls_context()
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=st.binary(max_size=200) | st.binary(max_size=200).map(lambda junk: b"HTTP/1.1 200 OK\r\n" + junk))
def test_any_bytes_as_an_answer_give_an_outcome(answer: bytes) -> None:
    with receiver(answering(answer)) as running:
        outcome = send(running, limits=SHORT)
    assert outcome.class_ is not DeliveryClass.INTERNAL
