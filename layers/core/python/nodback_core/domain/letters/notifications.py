"""A notification: one mail to one person about one entry, and what became of it.

The row is claimed before the mail service is called and carries the mail's id as a tag, so that a lost answer shows
as `claimed` and can be sent again with the same token.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from nodback_core.domain.letters.kinds import MAIL
from nodback_core.domain.shared.records import Key, Row

NOTIFICATION_PREFIX = "notification/"
CLAIM_SECONDS = 120
"""A claim older than this belongs to a sender that died: the mail may be sent again."""


class NotificationStatus(StrEnum):
    CLAIMED = "claimed"
    NOT_TAKEN = "not_taken"
    """The mail service has not taken it yet, for a reason that may pass: it is tried again."""
    SENT = "sent"
    """The mail service has taken it."""
    FAILED = "failed"
    """The mail service will not take it."""
    SKIPPED = "skipped"
    """Nobody needed it any more when its turn came."""
    DELAYED = "delayed"
    """The reader's server does not take it yet; the mail service tries again for some hours."""
    DELIVERED = "delivered"
    """The reader's server has taken it."""
    SOFT_BOUNCED = "soft_bounced"
    """The reader's server did not take it for a reason that may pass, such as a full mailbox."""
    BOUNCED = "bounced"
    """The address does not exist or never takes our mail."""
    COMPLAINED = "complained"
    """The reader has reported it as spam."""
    REJECTED = "rejected"
    """The mail service took it and then would not send it."""


_S = NotificationStatus
NOTIFICATION_STEPS: Mapping[NotificationStatus, frozenset[NotificationStatus]] = {
    _S.CLAIMED: frozenset(_S) - {_S.CLAIMED},
    _S.NOT_TAKEN: frozenset(_S) - {_S.NOT_TAKEN},
    _S.SENT: frozenset({_S.DELAYED, _S.DELIVERED, _S.SOFT_BOUNCED, _S.BOUNCED, _S.COMPLAINED, _S.REJECTED}),
    _S.DELAYED: frozenset({_S.DELIVERED, _S.SOFT_BOUNCED, _S.BOUNCED, _S.COMPLAINED}),
    _S.SOFT_BOUNCED: frozenset({_S.DELIVERED, _S.BOUNCED, _S.COMPLAINED}),
    _S.DELIVERED: frozenset({_S.BOUNCED, _S.COMPLAINED}),
    _S.BOUNCED: frozenset(),
    _S.COMPLAINED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.FAILED: frozenset(),
    _S.SKIPPED: frozenset(),
}
"""From each status to those that may follow; feedback for which there is no step came twice or late: it is nothing new.

Feedback may overtake the record of the sending, so `claimed` may be followed by all, and so may `not_taken`: an earlier
try, of which nobody knows the end, may have been taken after all. A bounce may come after a delivery
(a gateway took the mail, the mailbox behind it did not); a soft bounce after it is an automatic answer. The rest is
final.
"""

UNSENT = frozenset({_S.CLAIMED, _S.NOT_TAKEN})
"""Nobody knows of its having been sent."""
SETTLED = frozenset({_S.SENT, _S.FAILED, _S.SKIPPED})
"""What is written together with the end of the effect: such a notification is owed no more."""
NEVER_ARRIVED = frozenset({_S.FAILED, _S.BOUNCED, _S.COMPLAINED, _S.REJECTED})
"""People to whom these happen get no further mail either, so somebody else has to know."""


def tag_of(notification_id: str) -> str:
    """The id as the mail service's tags may hold it: letters, digits, underscores and hyphens only."""
    return notification_id.replace(":", "_")


def id_of(tag: str) -> str | None:
    """The id that `tag_of` made a tag of; None for any other text."""
    kind, _, rest = tag.partition("_")
    number, _, letter = rest.partition("_")
    return f"{kind}:{number}:{letter}" if kind == MAIL and number.isdecimal() and letter else None


@dataclass(frozen=True, slots=True)
class Notification(Row):
    request_id: str
    notification_id: str
    """The effect's id: ``mail:<seq>:<letter>``."""
    to: str
    status: NotificationStatus
    claimed_at: datetime
    message_id: str | None = None
    """The id that the mail service gave, without angle brackets."""
    sent_at: datetime | None = None
    reason: str | None = None
    """What the mail service or the reader's server said last; a mail that was not taken keeps it until it is sent."""
    code: str | None = None
    """The class of the refusal while the mail is not taken, such as ``AccessDenied``."""
    told_at: datetime | None = None
    """When the newest feedback says that it happened."""
    version: int = 0

    def is_being_sent(self, *, now: datetime) -> bool:
        """Whether it is claimed by a sender that may still be at it."""
        is_claimed = self.status is NotificationStatus.CLAIMED
        return is_claimed and now - self.claimed_at < timedelta(seconds=CLAIM_SECONDS)

    @property
    def letter(self) -> str:
        """Which letter it is, such as ``review_request``."""
        return self.notification_id.rpartition(":")[2]

    @property
    def key(self) -> "Key[Notification]":
        return Notification.at(self.request_id, self.notification_id)

    @staticmethod
    def at(request_id: str, notification_id: str) -> "Key[Notification]":
        return Key(Notification, f"request/{request_id}", f"{NOTIFICATION_PREFIX}{notification_id}")


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the mail service tells of one notification after it has taken it."""

    request_id: str
    notification_id: str
    status: NotificationStatus
    happened_at: datetime
    message_id: str | None = None
    reason: str | None = None
    """What the reader's server or the mail service says, in one line."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Ids and classes that prove it, such as ``feedback_id`` and ``bounce_type``."""


@dataclass(frozen=True, slots=True)
class UsedMessageId(Row):
    """A Message-ID that came with a believed reply: no other mail bears it, and it answers no other request."""

    digest: str
    request_id: str
    mail_id: str
    """The same as of a SeenMail, which it stands for."""
    seen_at: datetime
    result: str
    version: int = 0

    def stands_for(self, request_id: str, mail_id: str) -> bool:
        """Whether it came with this very mail to this request."""
        return (self.request_id, self.mail_id) == (request_id, mail_id)

    @property
    def key(self) -> "Key[UsedMessageId]":
        return Key(UsedMessageId, f"message-id/{self.digest}", "used")

    @staticmethod
    def at(message_id: str) -> "Key[UsedMessageId]":
        return Key(UsedMessageId, f"message-id/{UsedMessageId.digest_of(message_id)}", "used")

    @staticmethod
    def digest_of(message_id: str) -> str:
        """What is kept of a Message-ID."""
        return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class SeenMail(Row):
    """A reply that was processed and not believed: the same mail again changes nothing."""

    request_id: str
    mail_id: str
    """Digest of its Message-ID, its sender, its text and what vouches for it."""
    seen_at: datetime
    result: str
    version: int = 0

    @property
    def key(self) -> "Key[SeenMail]":
        return SeenMail.at(self.request_id, self.mail_id)

    @staticmethod
    def at(request_id: str, mail_id: str) -> "Key[SeenMail]":
        return Key(SeenMail, f"request/{request_id}", f"mail/{mail_id}")
