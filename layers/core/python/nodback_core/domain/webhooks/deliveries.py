"""Deliveries: one attempt each to tell one webhook of one event, and the log that they make.

A delivery is claimed before its connection is opened and is never sent again, whatever became of it. Its row is small;
what is to be sent lies beside it, sealed under a data key of its own, so that the function that sends needs no other.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from nodback_core.domain.shared.records import Key, Row
from nodback_core.domain.webhooks.events import EventType
from nodback_core.domain.webhooks.outcome import DeliveryClass, DeliveryOutcome

KEPT_DAYS = 30
INLINE_JOB_BYTES = 32 * 1024
INTERRUPTED_AFTER_SECONDS = 90
"""From the claim; longer than the function that claims can live."""


class Cause(StrEnum):
    """Why there is a delivery."""

    EVENT = "event"
    TEST = "test"
    REDELIVERY = "redelivery"


class DeliveryStatus(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery(Row):
    """One line of a webhook's delivery log."""

    deployment_id: int
    webhook_id: str
    delivery_id: str
    event: EventType
    event_id: str
    cause: Cause
    created_at: datetime
    request_id: str | None = None
    redelivery_of: str | None = None
    claimed_at: datetime | None = None
    class_: DeliveryClass | None = None
    http_status: int | None = None
    milliseconds: int | None = None
    answer: bytes | None = field(default=None, repr=False)
    """The start of what the receiver answered, sealed like the job."""
    version: int = 0

    @property
    def is_waiting(self) -> bool:
        """Whether it is still to be sent: nobody has claimed it, and its texts are there."""
        return self.claimed_at is None and self.class_ is None

    def claimed(self, *, now: datetime) -> "Delivery":
        """In the hands of the one function that sends it."""
        return replace(self, claimed_at=now)

    def ended(self, outcome: DeliveryOutcome, *, answer: bytes | None) -> "Delivery":
        """As the attempt went; `answer` is the sealed start of what the receiver said."""
        return replace(
            self,
            class_=outcome.class_,
            http_status=outcome.status,
            milliseconds=outcome.milliseconds,
            answer=answer,
        )

    def again(self, delivery_id: str, *, now: datetime) -> "Delivery":
        """A new delivery of the same event, which waits to be sent."""
        return replace(
            self,
            delivery_id=delivery_id,
            cause=Cause.REDELIVERY,
            created_at=now,
            redelivery_of=self.delivery_id,
            claimed_at=None,
            class_=None,
            http_status=None,
            milliseconds=None,
            answer=None,
            version=0,
        )

    def erased(self) -> "Delivery":
        """How it ends when its texts are gone; one that somebody has claimed ends as it goes."""
        return replace(self, class_=DeliveryClass.ERASED) if self.is_waiting else self

    def result(self, now: datetime) -> DeliveryClass | None:
        """How it ended; None while it waits or is being sent. A claim that was never finished was interrupted."""
        if self.class_ is None and self.claimed_at is not None:
            given_up = self.claimed_at + timedelta(seconds=INTERRUPTED_AFTER_SECONDS)
            return DeliveryClass.INTERRUPTED if now >= given_up else None
        return self.class_

    def status(self, now: datetime) -> DeliveryStatus:
        result = self.result(now)
        if result is not None:
            return DeliveryStatus.DELIVERED if result is DeliveryClass.DELIVERED else DeliveryStatus.FAILED
        return DeliveryStatus.QUEUED if self.claimed_at is None else DeliveryStatus.SENDING

    @property
    def owner(self) -> str:
        """What the data key of its job is bound to."""
        return delivery_owner(self.webhook_id, self.delivery_id)

    @property
    def key(self) -> "Key[Delivery]":
        return Delivery.at(self.webhook_id, self.delivery_id)

    @staticmethod
    def at(webhook_id: str, delivery_id: str) -> "Key[Delivery]":
        return Key(Delivery, f"delivery/{webhook_id}", f"log/{delivery_id}")

    @property
    def forget_after(self) -> datetime | None:
        return self.created_at + timedelta(days=KEPT_DAYS)


@dataclass(frozen=True, slots=True)
class DeliveryJob(Row):
    """What one delivery sends, and where to: sealed, here when small, otherwise in the bucket."""

    webhook_id: str
    delivery_id: str
    created_at: datetime
    wrapped: bytes = field(repr=False)
    sealed: bytes | None = field(repr=False)
    object_key: str | None
    version: int = 0

    @property
    def owner(self) -> str:
        return delivery_owner(self.webhook_id, self.delivery_id)

    @property
    def key(self) -> "Key[DeliveryJob]":
        return DeliveryJob.at(self.webhook_id, self.delivery_id)

    @staticmethod
    def at(webhook_id: str, delivery_id: str) -> "Key[DeliveryJob]":
        return Key(DeliveryJob, f"delivery/{webhook_id}", f"job/{delivery_id}")

    @property
    def forget_after(self) -> datetime | None:
        return self.created_at + timedelta(days=KEPT_DAYS)


def delivery_owner(webhook_id: str, delivery_id: str) -> str:
    """The name that a delivery's data key is bound to."""
    return f"delivery/{webhook_id}/{delivery_id}"


def delivery_id(at: datetime, *parts: str) -> str:
    """An id that sorts by time, the same for the same parts: one event has one automatic delivery to one webhook.

    at: the moment of the event, or of the person's wish.
    """
    milliseconds = round(at.timestamp() * 1000)
    return f"dlv_{milliseconds:011x}{hashlib.sha256('/'.join(parts).encode()).hexdigest()[:20]}"
