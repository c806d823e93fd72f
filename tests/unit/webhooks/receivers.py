"""Receivers for delivery tests: real sockets on the loopback, polite ones and others."""

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Behaviour = Callable[[socket.socket], None]
NAME = "hooks.example.com"


@dataclass
class Receiver:
    """A listening socket whose every connection is handed to one function."""

    port: int
    connections: int = 0
    received: bytearray = field(default_factory=bytearray)
    stopping: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextlib.contextmanager
def receiver(behaviour: Callable[[Receiver], Behaviour]) -> Iterator[Receiver]:
    """A receiver that behaves as told, until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = Receiver(port=listener.getsockname()[1])
        behave = behaviour(running)

        def serve_one(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                connection.settimeout(5)
                behave(connection)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    running.connections += 1
                    threading.Thread(target=serve_one, args=(connection,), daemon=True).start()

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        try:
            yield running
        finally:
            running.stopping.set()
            listener.shutdown(socket.SHUT_RDWR)
            server.join()


def read_request(connection: socket.socket, running: Receiver) -> bytes:
    """Read one whole request, by its Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    running.received += head + b"\r\n\r\n" + body
    return body


def answering(answer: bytes) -> Callable[[Receiver], Behaviour]:
    """Reads the request, sends these bytes and closes."""

    def of(running: Receiver) -> Behaviour:
        def behave(connection: socket.socket) -> None:
            read_request(connection, running)
            connection.sendall(answer)

        return behave

    return of


def dripping(start: bytes, drop: bytes, *, every: float = 0.02) -> Callable[[Receiver], Behaviour]:
    """Reads the request, then sends a start and one drop after the other, for ever."""

    def of(running: Receiver) -> Behaviour:
        def behave(connection: socket.socket) -> None:
            read_request(connection, running)
            connection.sendall(start)
            while not running.stopping.wait(every):
                connection.sendall(drop)

        return behave

    return of


def flooding(start: bytes, flood: bytes) -> Callable[[Receiver], Behaviour]:
    """Reads the request, then sends as fast as it can, for ever."""
    return dripping(start, flood, every=0.0)


def silent(running: Receiver) -> Behaviour:
    """Accepts and says nothing."""
    return lambda connection: running.stopping.wait() and None


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test's own."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    folder: Path

    @staticmethod
    def make(folder: Path) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        certificate = (
            _builder(name, name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return Authority(key, certificate, folder)

    def trust(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.load_verify_locations(cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode())
        return context

    def server_context(
        self, *names: str, common_name: str = "receiver", days: int = 1, signed_by: "Authority | None" = None
    ) -> ssl.SSLContext:
        """A server's TLS context with a certificate for these names or addresses; negative days make it expired."""
        authority = signed_by or self
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = _builder(subject, authority.certificate.subject, key.public_key(), days=days)
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
        builder = builder.add_extension(issuer_key, critical=False)
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False
            )
        certificate = builder.sign(authority.key, hashes.SHA256())
        file = self.folder / f"{certificate.serial_number}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def over_tls(
    context: ssl.SSLContext, behaviour: Callable[[Receiver], Behaviour], *, asked_names: list[str | None] | None = None
) -> Callable[[Receiver], Behaviour]:
    """The same behaviour behind TLS; notes the server names that clients asked for."""
    if asked_names is not None:
        context.sni_callback = lambda _socket, name, _context: asked_names.append(name)

    def of(running: Receiver) -> Behaviour:
        behave = behaviour(running)

        def secured(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secure:
                behave(secure)

        return secured

    return of


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, days: int = 1
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=5))
        .not_valid_after(now + timedelta(days=days))
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=sign_certificates, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
