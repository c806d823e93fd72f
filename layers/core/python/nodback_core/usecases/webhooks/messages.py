"""What a message to a webhook says of an entry: the event, the request and the deployment."""

import json
from datetime import datetime
from typing import Literal

from nodback_core.domain.audit.trail import happening_of
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.flows import happenings as flows
from nodback_core.domain.reviews import happenings as reviews
from nodback_core.domain.reviews.contents import Shown, Words
from nodback_core.domain.reviews.deadlines import auto_response_at, from_document
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.happenings import Happening
from nodback_core.domain.webhooks.events import (
    EventType,
    Handed,
    NewRequest,
    RequestAnswered,
    RequestCancelled,
    Resumed,
    TargetMissed,
    WebhookEvent,
)
from nodback_core.domain.webhooks.payload import DeploymentContent, RequestContent

MS_PER_MINUTE = 60_000


def event_for(
    happening: Happening, at: datetime, request: Request, *, words: Words | None, reason: str | None
) -> WebhookEvent:
    """The event that webhooks are told of; `words` are those of the answer, `reason` that of a cancellation."""
    match happening:
        case reviews.Opened():
            return NewRequest()
        case reviews.Responded():
            return _answered(EventType.REQUEST_RESPONDED, happening, at, words)
        case reviews.AutoResponded():
            return _answered(EventType.REQUEST_AUTO_RESPONDED, happening, at, words)
        case reviews.Escalated(round=int(round_), from_email=str(before), to_email=str(to)):
            return Handed(EventType.REQUEST_ESCALATED, round_, before, to, assigned_at=at)
        case reviews.Reassigned(round=round_, from_email=before, to_email=to):
            return Handed(EventType.REQUEST_REASSIGNED, round_, before, to, assigned_at=at)
        case reviews.Cancelled(by=by):
            return RequestCancelled(cancelled_by=f"{by.kind}/{by.id}", reason=reason, cancelled_at=at)
        case flows.ResumeSucceeded(attempt=attempt):
            return Resumed(
                EventType.RESUME_SUCCEEDED, attempt, None, finished_at=at, outcome=request.settled_at(attempt)
            )
        case flows.ResumeFailed(attempt=attempt, reason=why):
            return Resumed(EventType.RESUME_FAILED, attempt, why, finished_at=at)
        case reviews.SlaBreached():
            assert request.sla_due_at is not None
            sla_ms = from_document(json.loads(request.policy)).sla_ms or 0
            return TargetMissed(sla_minutes=sla_ms / MS_PER_MINUTE, due_at=request.sla_due_at)
    raise TypeError(f"webhooks are told nothing of {happening.action}")


def _answered(
    type_: Literal[EventType.REQUEST_RESPONDED, EventType.REQUEST_AUTO_RESPONDED],
    answer: reviews.Answered,
    at: datetime,
    words: Words | None,
) -> RequestAnswered:
    return RequestAnswered(
        type=type_,
        outcome=answer.outcome,
        feedback=words.feedback if words else "",
        reply_text=words.reply_text if words else "",
        responder=answer.responder,
        source=answer.source,
        source_claim=answer.source_claim,
        responded_at=at,
    )


def assignee_at(entry: Entry, request: Request) -> str:
    """Who was asked once this entry had been made."""
    match happening_of(entry):
        case reviews.Reassigned(to_email=str(to)) | reviews.Escalated(to_email=str(to)):
            return to
    return request.assignment.address


def request_content(request: Request, shown: Shown, *, public_url: str) -> RequestContent:
    """What every message says of the request."""
    return RequestContent(
        request_id=request.request_id,
        flow_id=request.flow_id,
        method_name=request.method_name,
        message=shown.message,
        emit_options=request.emit,
        state=shown.state,
        metadata=shown.metadata,
        created_at=request.opened_at,
        output=shown.output,
        default_outcome=request.default_outcome,
        url=f"{public_url}/v1/requests/{request.request_id}",
    )


def deployment_content(deployment: Deployment) -> DeploymentContent:
    """What every message says of the deployment."""
    return DeploymentContent(deployment.deployment_id, deployment.name, deployment.organization_id)


def answers_itself_at(request: Request) -> datetime | None:
    """When auto-response will close the request, and with it every callback URL."""
    return auto_response_at(from_document(json.loads(request.policy)), request.opened_at)
