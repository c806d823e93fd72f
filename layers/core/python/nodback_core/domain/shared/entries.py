"""The audit trail: one entry per action, numbered and hash-chained per subject.

`hash` is SHA-256 over the canonical JSON of everything else in the entry, the hash before it included; the first one
follows a genesis that is bound to organisation and subject. So an entry cannot be changed, moved, dropped from the
middle or copied to another subject without the chain breaking at that place.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from nodback_core.domain.shared import labels
from nodback_core.domain.shared.canonical import Json, canonical
from nodback_core.domain.shared.records import Row
from nodback_core.domain.shared.times import stamp


class Action(StrEnum):
    """The closed list of what can happen; what a newer version wrote down besides is read and kept as it stands."""

    REQUEST_OPENED = "request.opened"
    REQUEST_ASSIGNED = "request.assigned"
    REQUEST_REASSIGNED = "request.reassigned"
    REQUEST_REMINDED = "request.reminded"
    REQUEST_ESCALATED = "request.escalated"
    REQUEST_RESPONDED = "request.responded"
    REQUEST_AUTO_RESPONDED = "request.auto_responded"
    REQUEST_CANCELLED = "request.cancelled"
    REQUEST_SUPERSEDED = "request.superseded"
    SLA_BREACHED = "sla.breached"
    REPLY_REJECTED = "reply.rejected"
    NOTIFICATION_SENT = "notification.sent"
    NOTIFICATION_NOT_TAKEN = "notification.not_taken"
    NOTIFICATION_FAILED = "notification.failed"
    NOTIFICATION_SKIPPED = "notification.skipped"
    NOTIFICATION_DELAYED = "notification.delayed"
    NOTIFICATION_DELIVERED = "notification.delivered"
    NOTIFICATION_SOFT_BOUNCED = "notification.soft_bounced"
    NOTIFICATION_BOUNCED = "notification.bounced"
    NOTIFICATION_REJECTED = "notification.rejected"
    NOTIFICATION_COMPLAINED = "notification.complained"
    RESUME_CLAIMED = "resume.claimed"
    RESUME_UNCLAIMED = "resume.unclaimed"
    RESUME_CONSUMED = "resume.consumed"
    OUTCOME_SETTLED = "outcome.settled"
    RESUME_SUCCEEDED = "resume.succeeded"
    RESUME_FAILED = "resume.failed"
    RESUME_RETRIED = "resume.retried"
    WEBHOOKS_DISPATCHED = "webhooks.dispatched"
    CONTENT_ERASED = "content.erased"
    DEPLOYMENT_CREATED = "deployment.created"
    DEPLOYMENT_CHANGED = "deployment.changed"
    SETTINGS_CHANGED = "settings.changed"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    MEMBER_ADDED = "member.added"
    MEMBER_CHANGED = "member.changed"
    MEMBER_REMOVED = "member.removed"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_REMOVED = "webhook.removed"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"
    WEBHOOK_TESTED = "webhook.tested"
    WEBHOOK_REDELIVERED = "webhook.redelivered"
    EXPORT_STARTED = "export.started"
    EXPORT_FINISHED = "export.finished"
    SIGNED_IN = "session.signed_in"
    SIGNED_OUT = "session.signed_out"

    @classmethod
    def _missing_(cls, value: object) -> "Action | None":
        # After a rollback the trail must still be readable: nothing happens because of such an entry.
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: `flow`, `reviewer`, `key`, `member`, `person`, `worker` or `service`, and the id within that kind."""

    kind: str
    id: str


SERVICE = Actor("service", labels.SERVICE_ACTOR)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail, sealed by its hash."""

    organization_id: int
    deployment_id: int
    subject: str
    seq: int
    at: datetime
    action: Action
    actor: Actor
    data: Mapping[str, Json]
    previous: str
    hash: str = field(default="")

    def document(self) -> dict[str, Json]:
        """The entry as plain JSON, the form that is hashed (without `hash`), exported and shown."""
        return {
            "organization_id": self.organization_id,
            "deployment_id": self.deployment_id,
            "subject": self.subject,
            "seq": self.seq,
            "at": stamp(self.at),
            "action": self.action.value,
            "actor": {"kind": self.actor.kind, "id": self.actor.id},
            "data": dict(self.data),
            "previous": self.previous,
        }


@dataclass(frozen=True, slots=True)
class Head:
    """Where a subject's chain stands: the number and the hash of its last entry."""

    organization_id: int
    deployment_id: int
    subject: str
    last_seq: int = 0
    hash: str = ""


class ChainRow(Row):
    """A row with a chain in the trail, in whose `last_seq` and `head_hash` the head of the chain stands."""

    __slots__ = ()

    def at_head(self, head: Head) -> Self:
        """The same row with its chain moved on."""
        return replace(self, last_seq=head.last_seq, head_hash=head.hash)  # type: ignore[type-var]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be written down, before it has a number and a hash."""

    action: Action
    actor: Actor
    data: Mapping[str, Json] = field(default_factory=dict)


def genesis(organization_id: int, subject: str) -> str:
    """The hash that the first entry of a subject follows."""
    return hashlib.sha256(canonical([labels.AUDIT, organization_id, subject])).hexdigest()


def entry_hash(document: Mapping[str, Json]) -> str:
    """SHA-256 in hex over the canonical form of an entry's document."""
    return hashlib.sha256(canonical({k: v for k, v in document.items() if k != "hash"})).hexdigest()


def append(head: Head, happenings: Sequence[NewEntry], *, at: datetime) -> tuple[tuple[Entry, ...], Head]:
    """Number, chain and hash the happenings behind `head`; returns the entries and the moved head."""
    entries = []
    for happening in happenings:
        draft = Entry(
            organization_id=head.organization_id,
            deployment_id=head.deployment_id,
            subject=head.subject,
            seq=head.last_seq + 1,
            at=at,
            action=happening.action,
            actor=happening.actor,
            data=happening.data,
            previous=head.hash or genesis(head.organization_id, head.subject),
        )
        sealed = entry_hash(draft.document())
        entries.append(
            Entry(
                draft.organization_id,
                draft.deployment_id,
                draft.subject,
                draft.seq,
                draft.at,
                draft.action,
                draft.actor,
                draft.data,
                draft.previous,
                sealed,
            )
        )
        head = Head(head.organization_id, head.deployment_id, head.subject, draft.seq, sealed)
    return tuple(entries), head


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first place at which a chain does not hold, and why."""

    seq: int
    reason: str


def check_chain(organization_id: int, subject: str, documents: Sequence[Mapping[str, Json]]) -> ChainFault | None:
    """Walk a subject's entries from the first on; None when every number, link and hash holds."""
    previous = genesis(organization_id, subject)
    for expected, document in enumerate(documents, start=1):
        if document.get("seq") != expected:
            return ChainFault(expected, f"entry {expected} is missing: found number {document.get('seq')}")
        if document.get("subject") != subject or document.get("organization_id") != organization_id:
            return ChainFault(expected, "the entry belongs to another subject")
        if document.get("previous") != previous:
            return ChainFault(expected, "the entry does not follow the one before it")
        try:
            computed = entry_hash(document)
        except (TypeError, ValueError):
            return ChainFault(expected, "the entry holds a value that no entry can hold")
        recorded = document.get("hash")
        if not isinstance(recorded, str) or not hmac.compare_digest(recorded, computed):
            return ChainFault(expected, "the entry was changed: its hash does not match")
        previous = computed
    return None


def text_digest(salt: bytes, text: str) -> str:
    """How an entry refers to a text that it must not hold: HMAC-SHA256 under the request's salt, in hex.

    The salt lives with the encrypted content: once that is erased, short texts cannot be guessed from the digest.
    """
    return hmac.new(salt, text.encode("utf-8"), hashlib.sha256).hexdigest()
