"""What goes over the wire where people decide: answers, reassignments, cancellations, and lists of requests."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from nodback_core.api.shared.models import Incoming, Outgoing, Text

Reason = Annotated[str, StringConstraints(max_length=10_000)]


class AnswerBody(Incoming):
    """An answer: one of the options, words of one's own, or both. `responder` is a claim, never an identity."""

    feedback: Text | None = None
    outcome: Annotated[str, StringConstraints(max_length=100)] | None = None
    responder: Annotated[str, StringConstraints(max_length=1000)] | None = None


class RecordedAnswer(Outgoing):
    request_id: str
    status: str
    outcome: str | None
    responder: str
    source: str
    responded_at: str
    replayed: bool


class ReassignBody(Incoming):
    to_email: Annotated[str, StringConstraints(max_length=1000)]
    reason: Reason | None = None


class CancelBody(Incoming):
    reason: Reason | None = None


class RequestSummary(Outgoing):
    """A request without its texts."""

    request_id: str
    number: int
    status: str
    deployment_id: int
    flow_id: str
    flow_name: str
    method_name: str
    emit: list[str]
    assigned_to_email: str
    assigned_by_rule: str | None
    round: int
    email_notifications: bool
    created_at: str
    closed_at: str | None
    outcome: str | None
    responder: str | None
    source: str | None
    settled_outcome: str | None
    settled_by: Literal["llm", "person"] | None
    response_seconds: int | None
    superseded_by: str | None
    wake_at: str | None
    sla: str | None
    sla_due_at: str | None
    resume_status: str


class RequestList(Outgoing):
    requests: list[RequestSummary]
    next_cursor: str | None
