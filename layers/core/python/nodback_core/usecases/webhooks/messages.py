"""What an entry of a request is for webhooks: the event, and what is said of request and deployment."""

import json
from collections.abc import Mapping
from datetime import datetime

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.reviews.deadlines import auto_response_at, from_document
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.webhooks.events import (
    Answered,
    Cancelled,
    EventType,
    Handed,
    NewRequest,
    Resumed,
    SlaBreached,
    WebhookEvent,
)
from nodback_core.domain.webhooks.payload import DeploymentContent, RequestContent
from nodback_core.usecases.shared.contents import Shown, Words

MS_PER_MINUTE = 60_000


def event_for(
    type_: EventType, entry: Entry, request: Request, *, words: Words | None, reason: str | None
) -> WebhookEvent:
    """The event that `entry` is; `words` are those of the answer, `reason` that of a cancellation."""
    data = entry.data
    if type_ is EventType.NEW_REQUEST:
        return NewRequest()
    if type_ in (EventType.REQUEST_RESPONDED, EventType.REQUEST_AUTO_RESPONDED):
        return Answered(
            type=type_,
            outcome=_text_or_none(data, "outcome"),
            feedback=words.feedback if words else "",
            reply_text=words.reply_text if words else "",
            responder=str(data["responder"]),
            source=str(data["source"]),
            source_claim=_text_or_none(data, "source_claim"),
            responded_at=entry.at,
        )
    if type_ in (EventType.REQUEST_ESCALATED, EventType.REQUEST_REASSIGNED):
        return Handed(
            type=type_,
            round=int(str(data["round"])),
            from_email=str(data["from_email"]),
            to_email=str(data["to_email"]),
            assigned_at=entry.at,
        )
    if type_ is EventType.REQUEST_CANCELLED:
        return Cancelled(cancelled_by=f"{entry.actor.kind}/{entry.actor.id}", reason=reason, cancelled_at=entry.at)
    if type_ in (EventType.RESUME_SUCCEEDED, EventType.RESUME_FAILED):
        return Resumed(
            type=type_,
            attempt=int(str(data["attempt"])),
            error=_text_or_none(data, "reason"),
            finished_at=entry.at,
        )
    assert type_ is EventType.SLA_BREACHED
    assert request.sla_due_at is not None
    sla_ms = from_document(json.loads(request.policy)).sla_ms or 0
    return SlaBreached(sla_minutes=sla_ms / MS_PER_MINUTE, due_at=request.sla_due_at)


def assignee_at(entry: Entry, request: Request) -> str:
    """Who was asked once this entry had been made."""
    return str(entry.data.get("to_email") or request.assignment.address)


def request_content(request: Request, shown: Shown, *, public_url: str) -> RequestContent:
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
    return DeploymentContent(deployment.deployment_id, deployment.name, deployment.organization_id)


def answers_itself_at(request: Request) -> datetime | None:
    """When auto-response will close the request, and with it every callback URL."""
    return auto_response_at(from_document(json.loads(request.policy)), request.opened_at)


def _text_or_none(data: Mapping[str, Json], name: str) -> str | None:
    value = data.get(name)
    return None if value is None else str(value)
