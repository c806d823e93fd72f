"""Sends one webhook over HTTPS, once: to a vetted address, within a wall-clock limit, believing nothing of the answer.

Made of sockets and `http.client` instead of a full HTTP client, because what matters here is what such clients do by
themselves: follow redirects, read proxies from the environment, resolve a name twice, retry, decompress, and restart
their time-out with every byte that a slow receiver drips.
"""

import http.client
import io
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from nodback_core.domain.webhooks.address_guard import BadUrl, ForbiddenAddress, Target, check_address, check_url
from nodback_core.domain.webhooks.outcome import KEPT_ANSWER_BYTES, DeliveryClass, DeliveryOutcome
from nodback_core.version import PRODUCT

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_DIALLED_ADDRESSES = 3
_WRITE_BYTES = 64 * 1024
_READ_BYTES = 16 * 1024
# A socket time-out of zero would mean "do not wait", which is another error than "too late".
_SHORTEST_WAIT_SECONDS = 0.001
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")

Resolver: TypeAlias = Callable[[str, int], Sequence[str]]
"""From host and port to addresses as text; raises OSError when there are none."""
Dial: TypeAlias = Callable[[str, int, float], socket.socket]
"""From address, port and seconds to a connected socket; raises OSError."""


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """How long one delivery may take as a whole, and how many bytes of an answer are read."""

    wall_clock_seconds: float = 30.0
    answer_bytes: int = 1024 * 1024


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Every address that the system knows for a name."""
    # The final full stop keeps the resolver from appending its search domains.
    absolute = host + "." if "." in host else host
    found = socket.getaddrinfo(absolute, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(entry[4][0]) for entry in found]


def dial_tcp(address: str, port: int, seconds: float) -> socket.socket:
    """A TCP connection to a numeric address."""
    connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((address, port))
    except BaseException:
        connection.close()
        raise
    return connection


def tls_context() -> ssl.SSLContext:
    """The system's certificate authorities, TLS 1.2 or newer; make it once per process."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # OpenSSL would still believe a certificate's common name where it lists no names.
    context.hostname_checks_common_name = False
    context.set_alpn_protocols(["http/1.1"])
    return context


def deliver(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    resolver: Resolver = system_resolver,
    clock: Callable[[], float] = time.monotonic,
    limits: DeliveryLimits = DeliveryLimits(),
    allow_loopback_http: bool = False,
    own_domains: Collection[str] = (),
    tls: ssl.SSLContext | None = None,
    dial: Dial = dial_tcp,
) -> DeliveryOutcome:
    """POST `body` to `url` once, and tell how it went; never raises.

    The name is resolved once. If any of its addresses is forbidden, nothing is dialled; otherwise the very addresses
    that were checked are dialled in turn until one connects, and the certificate is verified against the name.

    Args:
        headers: the signature headers; plain ASCII.
        clock: monotonic seconds; the same scale as the sockets' time-outs.
        allow_loopback_http: on the embedded stack only, see `check_url`.
        own_domains: hosts of this install, refused as targets.
        tls: from `tls_context()`; one is made when missing.
    """
    started = clock()
    attempt = _Attempt(clock=clock, deadline=started + limits.wall_clock_seconds, limits=limits)
    try:
        target = check_url(url, own_domains=own_domains, allow_loopback_http=allow_loopback_http)
        request = _request_head(target, headers, len(body)) + body
        addresses = attempt.vetted_addresses(target, resolver)
        connection = attempt.connect(target, addresses, dial)
        try:
            if target.scheme == "https":
                connection = attempt.secure(connection, target.host, tls or tls_context())
            attempt.send(connection, request)
            attempt.read(connection)
        finally:
            connection.close()
        class_ = _class_of_status(attempt.status)
    except BadUrl:
        class_ = DeliveryClass.BAD_URL
    except ForbiddenAddress:
        class_ = DeliveryClass.FORBIDDEN_ADDRESS
    except _Ended as ended:
        class_ = ended.class_
    except Exception:  # noqa: BLE001 - the attempt was claimed and must be closed in the log, whatever happened
        class_ = DeliveryClass.INTERNAL
    return DeliveryOutcome(
        class_=class_,
        status=attempt.status,
        milliseconds=max(0, round((clock() - started) * 1000)),
        answer_first_4kb=bytes(attempt.answer[:KEPT_ANSWER_BYTES]).decode("utf-8", "replace"),
    )


class _Ended(Exception):
    """The attempt is over without an answer that counts."""

    def __init__(self, class_: DeliveryClass) -> None:
        super().__init__(class_.value)
        self.class_ = class_


class _TooLarge(Exception):
    """The receiver sent more than is read."""


class _Attempt:
    """One delivery under way: what is left of its time, and what has been read so far."""

    def __init__(self, *, clock: Callable[[], float], deadline: float, limits: DeliveryLimits) -> None:
        self._clock = clock
        self._deadline = deadline
        self._limits = limits
        self.status: int | None = None
        self.answer = bytearray()

    def seconds_left(self) -> float:
        left = self._deadline - self._clock()
        if left <= 0:
            raise TimeoutError
        return max(left, _SHORTEST_WAIT_SECONDS)

    def vetted_addresses(self, target: Target, resolver: Resolver) -> list[str]:
        """All addresses of the target in the order of dialling; raises ForbiddenAddress if one of them is."""
        try:
            found = _resolve(target, resolver, self.seconds_left())
        except TimeoutError:
            raise _Ended(DeliveryClass.TIMEOUT) from None
        except (OSError, UnicodeError):
            raise _Ended(DeliveryClass.DNS) from None
        if not found:
            raise _Ended(DeliveryClass.DNS)
        vetted = dict.fromkeys(check_address(address, loopback_only=target.is_loopback) for address in found)
        # Lambda reaches the internet by IPv4 unless somebody built a network for it.
        return sorted(vetted, key=lambda address: ":" in address)[:MAX_DIALLED_ADDRESSES]

    def connect(self, target: Target, addresses: Sequence[str], dial: Dial) -> socket.socket:
        class_ = DeliveryClass.CONNECT
        for tried, address in enumerate(addresses):
            try:
                return dial(address, target.port, self.seconds_left() / (len(addresses) - tried))
            except TimeoutError:
                class_ = DeliveryClass.TIMEOUT
            except OSError:
                continue
        raise _Ended(class_)

    def secure(self, connection: socket.socket, host: str, context: ssl.SSLContext) -> socket.socket:
        try:
            connection.settimeout(self.seconds_left())
            return context.wrap_socket(connection, server_hostname=host)
        except OSError as error:
            raise _Ended(_class_of_error(error)) from None

    def send(self, connection: socket.socket, request: bytes) -> None:
        unsent = memoryview(request)
        try:
            while unsent:
                connection.settimeout(self.seconds_left())
                unsent = unsent[connection.send(unsent[:_WRITE_BYTES]) :]
        except (BrokenPipeError, ConnectionResetError):
            # A receiver may answer, with 413 say, and close before it has read everything.
            return
        except OSError as error:
            raise _Ended(_class_of_error(error)) from None

    def read(self, connection: socket.socket) -> None:
        """Read status and answer; stops at the limits."""
        reader = io.BufferedReader(_BoundedReader(connection, self.seconds_left, self._limits.answer_bytes))
        response = http.client.HTTPResponse(_Readable(reader), method="POST")  # type: ignore[arg-type]
        try:
            response.begin()
            self.status = response.status
            while chunk := response.read1(_READ_BYTES):
                self.answer += chunk
        except _TooLarge:
            raise _Ended(DeliveryClass.RESPONSE_TOO_LARGE) from None
        except http.client.IncompleteRead:
            # The status has been read, and it is what counts.
            return
        except http.client.HTTPException:
            raise _Ended(DeliveryClass.BAD_RESPONSE) from None
        except OSError as error:
            raise _Ended(_class_of_error(error)) from None
        finally:
            response.close()


class _BoundedReader(io.RawIOBase):
    """The socket as a file in which every single read waits no longer than what is left of the whole time."""

    def __init__(self, connection: socket.socket, seconds_left: Callable[[], float], max_bytes: int) -> None:
        super().__init__()
        self._connection = connection
        self._seconds_left = seconds_left
        self._bytes_left = max_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        self._connection.settimeout(self._seconds_left())
        count = self._connection.recv_into(buffer)
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise _TooLarge
        return count


class _Readable:
    """What `http.client` wants of a socket: one way to read it."""

    def __init__(self, reader: io.BufferedReader) -> None:
        self._reader = reader

    def makefile(self, _mode: str) -> io.BufferedReader:
        return self._reader


def _resolve(target: Target, resolver: Resolver, seconds: float) -> Sequence[str]:
    """The target's addresses; in a thread of its own, because the system's look-up knows no time limit."""
    if ":" in target.host or target.host.replace(".", "").isdigit():
        return [target.host]
    results: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            results.put(list(resolver(target.host, target.port)))
        except Exception as error:  # noqa: BLE001 - carried over to the caller's thread
            results.put(error)

    threading.Thread(target=look_up, name="webhook-dns", daemon=True).start()
    try:
        found = results.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return found


def _request_head(target: Target, headers: Mapping[str, str], body_bytes: int) -> bytes:
    fields = {
        "Host": target.host_header,
        "User-Agent": f"{PRODUCT}-Webhooks/1",
        "Content-Type": "application/json",
        "Content-Length": str(body_bytes),
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **headers,
    }
    for name, value in fields.items():
        if _HEADER_NAME.fullmatch(name) is None or _HEADER_VALUE.fullmatch(value) is None:
            raise ValueError("a header holds what may not be sent")
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("ascii")


def _class_of_status(status: int | None) -> DeliveryClass:
    classes = {
        2: DeliveryClass.DELIVERED,
        3: DeliveryClass.HTTP_3XX,
        4: DeliveryClass.HTTP_4XX,
        5: DeliveryClass.HTTP_5XX,
    }
    return classes.get((status or 0) // 100, DeliveryClass.BAD_RESPONSE)


def _class_of_error(error: OSError) -> DeliveryClass:
    if isinstance(error, TimeoutError):
        return DeliveryClass.TIMEOUT
    return DeliveryClass.TLS if isinstance(error, ssl.SSLError) else DeliveryClass.CONNECT
