"""The mail server: accepts every mail on loopback, keeps it, and gives the postman what is for the service."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from infra.local.mailroom.handling import CONTROL_PREFIX, Handling, UnknownHandling, handling_from_headers
from infra.local.mailroom.mailbox import Mailbox
from infra.local.mailroom.postman import Postman, planned
from infra.local.mailroom.raw_headers import split_mail

MAX_MAIL_BYTES: Final = 40 * 1024 * 1024
"""What SES takes in (quota "maximum email message size")."""

STORED_REPLY: Final = "250 2.0.0 Kept as mail "


class Reception:
    """Decides for each incoming mail whether it is for a person or for the service."""

    def __init__(
        self,
        mailbox: Mailbox,
        postman: Postman | None,
        *,
        inbound_domain: str,
        default_handling: Callable[[], Handling],
        clock: Callable[[], datetime],
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._mailbox = mailbox
        self._postman = postman
        self._at_domain = "@" + inbound_domain.lower()
        self._default_handling = default_handling
        self._clock = clock
        self._random_bytes = random_bytes

    def receive(self, *, raw: bytes, envelope_from: str, recipients: tuple[str, ...]) -> str:
        """Accept one mail and return the SMTP answer."""
        mail = split_mail(raw)
        try:
            handling = handling_from_headers(mail.named(), self._default_handling())
        except UnknownHandling as problem:
            return f"554 5.6.0 {problem}"
        now = self._clock()
        for_service = self._postman is not None and any(to.lower().endswith(self._at_domain) for to in recipients)
        stored = self._mailbox.add(
            raw=mail.without_prefix(CONTROL_PREFIX).to_bytes(),
            direction="to_service" if for_service else "to_person",
            received_at=now,
            envelope_from=envelope_from,
            recipients=recipients,
            handling=handling,
            hand_overs=planned(handling, now, self._random_bytes) if for_service else (),
        )
        if for_service and self._postman:
            self._postman.take(stored)
        return f"{STORED_REPLY}{stored.number}"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """aiosmtpd's hook for one complete mail."""
        content = envelope.content or b""
        # A sender that speaks in str has already made sure of 7 bits.
        raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        sender = envelope.mail_from or ""
        return self.receive(
            raw=raw, envelope_from="" if sender == "<>" else sender, recipients=tuple(envelope.rcpt_tos)
        )


def smtp_server(reception: Reception, port: int) -> Controller:
    """A server on loopback, in a thread of its own once started, without log-in."""
    return Controller(
        reception,
        hostname="127.0.0.1",
        port=port,
        data_size_limit=MAX_MAIL_BYTES,
        enable_SMTPUTF8=True,
        ident="Nodback mailroom",
    )
