"""Sends a composed mail to the mailroom's own mail server, as any mail client would."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from typing import Final

from infra.local.mailroom.handling import Handling

SMTP_TIMEOUT_SECONDS: Final = 30


class MailRefused(RuntimeError):
    """The mail server did not take the mail; the message is its answer."""


def send(
    raw: bytes, *, port: int, envelope_from: str, recipients: Sequence[str], handling: Handling | None = None
) -> int:
    """Send over SMTP and return the number under which the mailroom keeps the mail."""
    control = b"".join(f"{name}: {value}\r\n".encode() for name, value in handling.headers()) if handling else b""
    with smtplib.SMTP("127.0.0.1", port, timeout=SMTP_TIMEOUT_SECONDS) as connection:
        connection.ehlo()
        _expect(connection.mail(envelope_from, ["SMTPUTF8"] if _needs_utf8(envelope_from, *recipients) else []))
        for recipient in recipients:
            _expect(connection.rcpt(recipient))
        answer = _expect(connection.data(control + raw))
    return int(answer.rpartition(" ")[2])


def _needs_utf8(*addresses: str) -> bool:
    return not all(address.isascii() for address in addresses)


def _expect(answer: tuple[int, bytes]) -> str:
    code, text = answer
    message = text.decode("utf-8", "replace")
    if not 200 <= code < 300:
        raise MailRefused(f"{code} {message}")
    return message
