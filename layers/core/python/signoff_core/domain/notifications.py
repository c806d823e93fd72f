"""A notification: one mail to one person about one entry, and what became of it.

The row is claimed before the mail service is called and carries the mail's id as a tag, so that a lost answer shows
as `claimed` and can be sent again with the same token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from signoff_core.domain.records import Index, Key, Place

CLAIM_SECONDS = 120
"""A claim older than this belongs to a sender that died: the mail may be sent again."""


class NotificationStatus(StrEnum):
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It was of no use any more when its turn came."""
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


NOTIFICATION_STEPS: Mapping[NotificationStatus, frozenset[NotificationStatus]] = {
    NotificationStatus.CLAIMED: frozenset(NotificationStatus) - {NotificationStatus.CLAIMED},
    NotificationStatus.SENT: frozenset(
        {NotificationStatus.DELIVERED, NotificationStatus.BOUNCED, NotificationStatus.COMPLAINED}
    ),
    NotificationStatus.DELIVERED: frozenset({NotificationStatus.BOUNCED, NotificationStatus.COMPLAINED}),
    NotificationStatus.BOUNCED: frozenset(),
    NotificationStatus.COMPLAINED: frozenset(),
    NotificationStatus.FAILED: frozenset(),
    NotificationStatus.SKIPPED: frozenset(),
}
"""From each status to those that may follow. Feedback may overtake the record of the sending, so `claimed` may be
followed by all; a bounce may come after a delivery (RFC 3464, delayed failure); the rest is final."""


@dataclass(frozen=True, slots=True)
class Notification:
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
    version: int = 0

    @property
    def key(self) -> "Key[Notification]":
        return Notification.at(self.request_id, self.notification_id)

    @staticmethod
    def at(request_id: str, notification_id: str) -> "Key[Notification]":
        return Key(Notification, f"request/{request_id}", f"notification/{notification_id}")

    @property
    def indexes(self) -> Mapping[Index, Place]:
        return {}

    @property
    def forget_after(self) -> datetime | None:
        return None


@dataclass(frozen=True, slots=True)
class SeenMail:
    """A reply that was processed: the same mail again changes nothing."""

    request_id: str
    mail_id: str
    """Digest of Message-ID and raw bytes."""
    seen_at: datetime
    result: str
    version: int = 0

    @property
    def key(self) -> "Key[SeenMail]":
        return SeenMail.at(self.request_id, self.mail_id)

    @staticmethod
    def at(request_id: str, mail_id: str) -> "Key[SeenMail]":
        return Key(SeenMail, f"request/{request_id}", f"mail/{mail_id}")

    @property
    def indexes(self) -> Mapping[Index, Place]:
        return {}

    @property
    def forget_after(self) -> datetime | None:
        return None
