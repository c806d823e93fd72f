"""The mailroom beside the embedded stack: mailbox, mail server and mail client in one object."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.controller import Controller

from infra.local.mailroom import automatic
from infra.local.mailroom.addresses import only_address
from infra.local.mailroom.composing import Draft, compose, draft_reply
from infra.local.mailroom.defaults import DefaultsFile
from infra.local.mailroom.handling import Handling
from infra.local.mailroom.inbound import InboundDelivery
from infra.local.mailroom.mailbox import Mailbox, StoredMail
from infra.local.mailroom.postman import Postman
from infra.local.mailroom.reading import read
from infra.local.mailroom.sending import send
from infra.local.mailroom.smtp import Reception, smtp_server


def utc_now() -> datetime:
    return datetime.now(UTC)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mailroom:
    """Receives what SES sends, keeps it, and brings answers to the service as SES inbound does.

    `open_mailroom` opens one together with its pages.

    Arguments:
        folder: where the mails are kept; what is in it already is there again.
        smtp_port, web_port: loopback ports of the mail server and of the pages; 0 takes a free one, to be read from the
            attributes of these names.
        inbound: where mail for the inbound domain goes; None keeps all mail here.
    """

    def __init__(
        self,
        folder: Path,
        smtp_port: int,
        web_port: int,
        inbound: InboundDelivery | None,
        *,
        clock: Callable[[], datetime] = utc_now,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.smtp_port = smtp_port or free_port()
        self.web_port = web_port or free_port()
        self.inbound_domain = inbound.domain if inbound else ""
        self.mailbox = Mailbox(folder)
        self.defaults = DefaultsFile(folder)
        self.stopping = False
        """Whether whoever waits for news should stop waiting."""
        self._clock = clock
        self._random_bytes = random_bytes
        self._postman = Postman(self.mailbox, inbound, clock) if inbound else None
        self._reception = Reception(
            self.mailbox,
            self._postman,
            inbound_domain=self.inbound_domain,
            default_handling=lambda: self.defaults.current.handling,
            clock=clock,
            random_bytes=random_bytes,
        )
        self._smtp: Controller | None = None

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def start(self) -> None:
        """Receive mail, and deliver what an earlier run left waiting."""
        if self._postman:
            self._postman.start()
        # Made here, because a server that never starts would leave its event loop open.
        self._smtp = smtp_server(self._reception, self.smtp_port)
        self._smtp.start()

    def stop(self) -> None:
        """Stop receiving mail; returns when deliveries under way have finished."""
        self.stopping = True
        if self._smtp:
            self._smtp.stop()
        if self._postman:
            self._postman.stop()

    def wait_for(
        self, *, to: str = "", subject_contains: str = "", after: int = 0, timeout: float = 30.0
    ) -> StoredMail:
        """Wait for the first matching mail to a person.

        Arguments:
            to: the recipient's address; empty fits all.
            subject_contains: part of the subject, in any case.
            after: only mails with a greater number; give the `number` of the last one seen.
            timeout: seconds.

        Raises:
            TimeoutError: no matching mail came; the message says which mails did.
        """

        def first(mails: Sequence[StoredMail]) -> StoredMail | None:
            return next((mail for mail in mails if _fits(mail, to, subject_contains, after)), None)

        found = self.mailbox.wait_until(first, timeout)
        if found is None:
            seen = [
                f"{m.number}: {', '.join(m.recipients)}: {m.subject}" for m in self.mailbox.all() if m.number > after
            ]
            raise TimeoutError(
                f"no mail to {to or 'anybody'} with {subject_contains!r} in its subject came within {timeout:g} s; "
                f"came after {after}: {seen or 'nothing'}"
            )
        return found

    def text_of(self, mail: StoredMail) -> str:
        """The text part of a mail."""
        return read(self.mailbox.raw(mail.number)).text

    def html_of(self, mail: StoredMail) -> str:
        """The HTML part of a mail."""
        return read(self.mailbox.raw(mail.number)).html

    def reply(
        self,
        mail: StoredMail,
        text: str,
        *,
        style: str = "gmail",
        sender: str = "",
        to: str = "",
        subject: str | None = None,
        quote: bool = True,
        as_new: bool = False,
        handling: Handling | None = None,
    ) -> StoredMail:
        """Answer a mail as a mail client would, over SMTP, and return the answer as the mailroom keeps it.

        Arguments:
            style: a key of `STYLES`, such as `gmail`, `outlook-desktop` or `iphone`.
            sender, to, subject: in place of the recipient, the Reply-To and "Re: ...".
            quote: whether the mail is quoted.
            as_new: a new mail without threading, as a `mailto:` button makes it.
            handling: verdicts, delay and duplicates for this one mail.
        """
        draft = self.draft(mail, text, sender=sender, style=style)
        draft = replace(draft, quote=quote, as_new=as_new, to=to or draft.to)
        return self.post(mail, draft if subject is None else replace(draft, subject=subject), handling)

    def draft(self, mail: StoredMail, text: str = "", *, sender: str = "", style: str = "gmail") -> Draft:
        """The draft that "Reply" opens, from the sender set in the defaults if there is one."""
        return draft_reply(mail, text, sender=sender or self.defaults.current.sender, style=style)

    def answer_out_of_office(self, mail: StoredMail) -> StoredMail:
        """Send the out-of-office answer of the recipient."""
        raw = automatic.out_of_office(mail, now=self._clock(), random_bytes=self._random_bytes)
        return self.send(raw, "", [mail.answer_address])

    def bounce(self, mail: StoredMail) -> StoredMail:
        """Report, with the null sender, that the mail could not be delivered."""
        raw = automatic.bounce(mail, now=self._clock(), random_bytes=self._random_bytes)
        return self.send(raw, "", [mail.answer_address])

    def deliver_again(self, mail: StoredMail) -> StoredMail:
        """Deliver a mail to the service again, as SES may at any time."""
        if self._postman is None:
            raise RuntimeError("this mailroom has no service to deliver to")
        return self._postman.again(mail.number, self._random_bytes)

    def post(self, mail: StoredMail, draft: Draft, handling: Handling | None = None) -> StoredMail:
        """Compose a draft that answers `mail` and send it; raises `BadDraft` or `MailRefused`."""
        content = read(self.mailbox.raw(mail.number))
        raw = compose(draft, mail, content, now=self._clock(), random_bytes=self._random_bytes)
        return self.send(raw, only_address(draft.sender).address, [only_address(draft.to).address], handling)

    def send(
        self, raw: bytes, envelope_from: str, recipients: Sequence[str], handling: Handling | None = None
    ) -> StoredMail:
        """Send any raw mail over SMTP; an empty `envelope_from` is the null sender of a bounce."""
        number = send(raw, port=self.smtp_port, envelope_from=envelope_from, recipients=recipients, handling=handling)
        return self.mailbox.get(number)


def _fits(mail: StoredMail, to: str, subject_contains: str, after: int) -> bool:
    return (
        mail.number > after
        and mail.direction == "to_person"
        and (not to or to.lower() in (recipient.lower() for recipient in mail.recipients))
        and subject_contains.lower() in mail.subject.lower()
    )
