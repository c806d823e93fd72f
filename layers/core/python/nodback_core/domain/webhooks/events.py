"""What webhooks tell: `new_request`, as on crewAI's platform, and further events that a webhook may ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""Any JSON, numbers with fractions included: what a flow's state, output and metadata may hold."""


class EventType(StrEnum):
    NEW_REQUEST = "new_request"
    REQUEST_RESPONDED = "request_responded"
    REQUEST_AUTO_RESPONDED = "request_auto_responded"
    REQUEST_ESCALATED = "request_escalated"
    REQUEST_REASSIGNED = "request_reassigned"
    REQUEST_CANCELLED = "request_cancelled"
    RESUME_SUCCEEDED = "resume_succeeded"
    RESUME_FAILED = "resume_failed"
    SLA_BREACHED = "sla_breached"
    RESUME_READY = "resume_ready"
    """A decision waits to be carried out; sent to a webhook that resumes, which gets nothing else."""
    TEST = "test"
    """Sent when a person presses the button, never by itself."""


OPT_IN_EVENTS = frozenset(EventType) - {EventType.NEW_REQUEST, EventType.RESUME_READY, EventType.TEST}
"""What a webhook receives only when it asks for it; `new_request` goes to every active webhook that does not resume."""

ANSWERABLE_EVENTS = frozenset(
    {EventType.NEW_REQUEST, EventType.REQUEST_ESCALATED, EventType.REQUEST_REASSIGNED, EventType.SLA_BREACHED}
)
"""Events of a request that still waits: only these carry a `callback_url`."""

EventDetail: TypeAlias = tuple[str, Mapping[str, JsonValue]]
"""The object that an event adds to the common body: its field name and its content."""


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A flow pauses and asks."""

    type: Literal[EventType.NEW_REQUEST] = EventType.NEW_REQUEST

    @property
    def detail(self) -> EventDetail | None:
        return None


@dataclass(frozen=True, slots=True)
class TestSent:
    """A person tries the webhook out."""

    # The name begins like a test class; pytest looks at this.
    __test__ = False

    type: Literal[EventType.TEST] = EventType.TEST

    @property
    def detail(self) -> EventDetail | None:
        return None


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """The request has its response, from a person or from auto-response."""

    type: Literal[EventType.REQUEST_RESPONDED, EventType.REQUEST_AUTO_RESPONDED]
    outcome: str | None
    feedback: str
    reply_text: str
    responder: str
    source: str
    source_claim: str | None
    responded_at: datetime

    @property
    def detail(self) -> EventDetail | None:
        return "response", {
            "outcome": self.outcome,
            "feedback": self.feedback,
            "reply_text": self.reply_text,
            "responder": self.responder,
            "source": self.source,
            "source_claim": self.source_claim,
            "responded_at": utc_text(self.responded_at),
        }


@dataclass(frozen=True, slots=True)
class Handed:
    """The request has another assignee, by a person's hand or by its escalation."""

    type: Literal[EventType.REQUEST_ESCALATED, EventType.REQUEST_REASSIGNED]
    round: int
    from_email: str
    to_email: str
    assigned_at: datetime

    @property
    def detail(self) -> EventDetail | None:
        return "assignment", {
            "round": self.round,
            "from_email": self.from_email,
            "to_email": self.to_email,
            "assigned_at": utc_text(self.assigned_at),
        }


@dataclass(frozen=True, slots=True)
class RequestCancelled:
    """The request was withdrawn; its flow does not go on."""

    cancelled_by: str
    reason: str | None
    cancelled_at: datetime
    type: Literal[EventType.REQUEST_CANCELLED] = EventType.REQUEST_CANCELLED

    @property
    def detail(self) -> EventDetail | None:
        return "cancellation", {
            "cancelled_by": self.cancelled_by,
            "reason": self.reason,
            "cancelled_at": utc_text(self.cancelled_at),
        }


@dataclass(frozen=True, slots=True)
class Resumed:
    """The flow went on with the response, or failed to."""

    type: Literal[EventType.RESUME_SUCCEEDED, EventType.RESUME_FAILED]
    attempt: int
    error: str | None
    finished_at: datetime
    outcome: str | None = None
    """What the flow took an answer in free text for."""

    @property
    def detail(self) -> EventDetail | None:
        return "resume", {
            "status": "succeeded" if self.type is EventType.RESUME_SUCCEEDED else "failed",
            "attempt": self.attempt,
            "error": self.error,
            "finished_at": utc_text(self.finished_at),
            **({} if self.outcome is None else {"outcome": self.outcome}),
        }


@dataclass(frozen=True, slots=True)
class TargetMissed:
    """The target response time went by without an answer."""

    sla_minutes: float
    due_at: datetime
    type: Literal[EventType.SLA_BREACHED] = EventType.SLA_BREACHED

    @property
    def detail(self) -> EventDetail | None:
        return "sla", {"minutes": self.sla_minutes, "due_at": utc_text(self.due_at)}


WebhookEvent: TypeAlias = NewRequest | TestSent | RequestAnswered | Handed | RequestCancelled | Resumed | TargetMissed


def event_id(request_id: str, seq: int) -> str:
    """The id of one event, the same in every delivery of it: `evt_<request id>_<number of its audit entry>`.

    It has no full stop, since Standard Webhooks separates the signed parts by one.
    """
    return f"evt_{request_id.replace('-', '')}_{seq}"


def utc_text(moment: datetime) -> str:
    """A moment as webhooks write it: UTC, whole seconds, such as `2026-01-14T12:00:00Z`."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
