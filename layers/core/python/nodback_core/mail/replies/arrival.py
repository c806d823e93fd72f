"""A mail that arrived at a reply address: as the mail service reports it, and on its way through the checks."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypedDict

from nodback_core.domain.letters.notifications import SeenMail, UsedMessageId
from nodback_core.domain.replies.token import ReplyToken, parse, reply_address
from nodback_core.domain.shared.canonical import Json
from nodback_core.mail.replies.inbound import InboundMail
from nodback_core.mail.replies.sender import Verdicts


@dataclass(frozen=True, slots=True)
class ArrivedMail:
    """A mail as the mail service reports it: where it lies, whom it is for, and what was found about its sender."""

    object_key: str
    recipients: tuple[str, ...]
    verdicts: Verdicts


class Evidence(TypedDict):
    """What an entry holds of a mail."""

    mail_id: str
    raw_digest: str
    object_key: str
    verdicts: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail at one reply address."""

    token: ReplyToken
    address: str
    """The reply address that it came to."""
    delivery: ArrivedMail
    mail: InboundMail
    readable: bool
    """Whether its text could be read, and not its headers only."""
    mail_id: str

    @classmethod
    def at(cls, token: str, domain: str, delivery: ArrivedMail, mail: InboundMail, *, readable: bool) -> "Arrival":
        """The mail at the reply address of a token, as text, of this reply domain."""
        mail_id = mail_id_of(mail, token, delivery.verdicts)
        return cls(parse(token), reply_address(token, domain), delivery, mail, readable, mail_id)

    @property
    def request_id(self) -> str:
        return str(self.token.request_id)

    @property
    def evidence(self) -> Evidence:
        """What proves it, for its entry: ids, digests and verdicts, no text."""
        return {
            "mail_id": self.mail_id,
            "raw_digest": self.mail.digest,
            "object_key": self.delivery.object_key,
            "verdicts": asdict(self.delivery.verdicts),
        }

    def seen(self, result: str, *, is_believed: bool, now: datetime) -> SeenMail | UsedMessageId:
        """That it was processed; only a believed one uses up its Message-ID."""
        if not is_believed:
            return SeenMail(self.request_id, self.mail_id, now, result)
        digest = UsedMessageId.digest_of(self.mail.heading.message_id)
        return UsedMessageId(digest, self.request_id, self.mail_id, now, result)


def mail_id_of(mail: InboundMail, token: str, verdicts: Verdicts) -> str:
    """What makes a mail the same: Message-ID, date, text, sender, reply address, and how far it is authenticated.

    A server that sends a mail again adds lines of its own, so the bytes do not count; a mail that only claims another's
    Message-ID or sender is authenticated otherwise. Without a Message-ID the bytes are all there is.
    """
    heading = mail.heading
    if not heading.message_id:
        return hashlib.sha256(f"{mail.digest}\n{token}".encode()).hexdigest()[:40]
    parts = (
        token,
        heading.message_id,
        mail.sender or mail.sender_problem or "",
        verdicts.dmarc,
        mail.automatic or "",
        heading.date.isoformat() if heading.date else "",
        *heading.to,
        *sorted(heading.proof.signed),
        str(heading.proof.spf),
        *(name for name in ("spam", "virus") if getattr(verdicts, name) == "FAIL"),
        mail.text,
    )
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]
