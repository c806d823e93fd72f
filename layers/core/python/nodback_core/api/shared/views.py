"""Domain objects as the API shows them."""

import json
from datetime import datetime

from nodback_core.api.reviews.decision_models import RequestSummary
from nodback_core.api.shared.models import (
    ClaimedResume,
    DeadlineView,
    DeploymentView,
    EntryView,
    KeyView,
    NotificationView,
    NotScheduled,
    OpenedRequest,
    RequestView,
    ResponseView,
    ResumeView,
)
from nodback_core.domain.deployments.deployment import ApiKey, Deployment
from nodback_core.domain.letters.notifications import Notification
from nodback_core.domain.reviews.deadlines import (
    AutoRespond,
    Escalate,
    Off,
    Scheduled,
    SlaBreach,
    coming,
    from_document,
)
from nodback_core.domain.reviews.requests import RESUME_LEASE_SECONDS, Request, ResumeStatus, Status
from nodback_core.domain.reviews.sla import state as sla_state
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.times import stamp
from nodback_core.usecases.flows.resumes import Claimed
from nodback_core.usecases.reviews.open_request import OpenedPause
from nodback_core.usecases.reviews.read_requests import ReadRequest


def when(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment)


def deployment_view(deployment: Deployment) -> DeploymentView:
    return DeploymentView(
        id=deployment.deployment_id,
        name=deployment.name,
        organization_id=deployment.organization_id,
        creator_email=deployment.creator_email,
        created_at=stamp(deployment.created_at),
        settings=json.loads(deployment.settings),
        settings_version=deployment.settings_version,
    )


def key_view(key: ApiKey) -> KeyView:
    return KeyView(
        id=key.key_id,
        scope=key.scope,
        name=key.name,
        created_at=stamp(key.created_at),
        revoked_at=when(key.revoked_at),
    )


def opened_view(opened: OpenedPause) -> OpenedRequest:
    request = opened.request
    return OpenedRequest(
        request_id=request.request_id,
        number=request.number,
        status=request.status,
        assigned_to_email=request.assignment.address,
        deployment_id=request.deployment_id,
        organization_id=request.organization_id,
        email_notifications=request.email_notifications,
        created_at=stamp(request.opened_at),
        supersedes=opened.superseded,
    )


def request_view(seen: ReadRequest, *, now: datetime) -> RequestView:
    request, shown, words, decision = seen.request, seen.shown, seen.words, seen.request.decision
    return RequestView(
        request_id=request.request_id,
        number=request.number,
        status=request.status,
        deployment_id=request.deployment_id,
        organization_id=request.organization_id,
        flow_id=request.flow_id,
        flow_name=request.flow_name,
        method_name=request.method_name,
        message=shown.message if shown else None,
        output=shown.output if shown else None,
        emit=list(request.emit),
        default_outcome=request.default_outcome,
        state=dict(shown.state) if shown else None,
        metadata=dict(shown.metadata) if shown else None,
        history=list(shown.history) if shown else None,
        assigned_to_email=request.assignment.address,
        assigned_by_rule=request.assignment.rule,
        round=request.assignment.round,
        email_notifications=request.email_notifications,
        created_at=stamp(request.opened_at),
        closed_at=when(request.closed_at),
        outcome=decision.outcome if decision else None,
        settled_outcome=request.outcome if request.settled else None,
        settled_by=request.settled[-1].by.value if request.settled else None,
        feedback=words.feedback if words else None,
        reply_text=words.reply_text if words else None,
        responder=decision.responder if decision else None,
        source=decision.source if decision else None,
        source_claim=decision.source_claim if decision else None,
        response_seconds=decision.seconds if decision else None,
        superseded_by=request.superseded_by,
        reason=seen.reason,
        deadlines=deadline_views(request),
        not_scheduled=not_scheduled(request),
        wake_at=when(request.wake_at),
        sla=sla_state(request.sla_due_at, closed_at=request.closed_at, now=now),
        sla_due_at=when(request.sla_due_at),
        content_erased=shown is None,
        notifications=[notification_view(n) for n in seen.notifications],
        resume=resume_view(request),
    )


def notification_view(notification: Notification) -> NotificationView:
    return NotificationView(
        id=notification.notification_id,
        letter=notification.letter,
        to=notification.to,
        status=notification.status,
        message_id=notification.message_id,
        reason=notification.reason,
        claimed_at=stamp(notification.claimed_at),
        sent_at=when(notification.sent_at),
        told_at=when(notification.told_at),
    )


def summary_view(request: Request, *, now: datetime) -> RequestSummary:
    decision = request.decision
    return RequestSummary(
        request_id=request.request_id,
        number=request.number,
        status=request.status,
        deployment_id=request.deployment_id,
        flow_id=request.flow_id,
        flow_name=request.flow_name,
        method_name=request.method_name,
        emit=list(request.emit),
        assigned_to_email=request.assignment.address,
        assigned_by_rule=request.assignment.rule,
        round=request.assignment.round,
        email_notifications=request.email_notifications,
        created_at=stamp(request.opened_at),
        closed_at=when(request.closed_at),
        outcome=decision.outcome if decision else None,
        settled_outcome=request.outcome if request.settled else None,
        settled_by=request.settled[-1].by.value if request.settled else None,
        responder=decision.responder if decision else None,
        source=decision.source if decision else None,
        response_seconds=decision.seconds if decision else None,
        superseded_by=request.superseded_by,
        wake_at=when(request.wake_at),
        sla=sla_state(request.sla_due_at, closed_at=request.closed_at, now=now),
        sla_due_at=when(request.sla_due_at),
        resume_status=request.resume.status,
    )


def deadline_views(request: Request) -> list[DeadlineView]:
    """What will still happen by itself."""
    if request.status is not Status.PENDING:
        return []
    policy = from_document(json.loads(request.policy))
    return [_deadline_view(s) for s in coming(policy, request.opened_at, request.done_steps)]


def _deadline_view(scheduled: Scheduled) -> DeadlineView:
    at, step = stamp(scheduled.at), scheduled.step
    if isinstance(step, AutoRespond):
        return DeadlineView(at=at, kind="auto_response", outcome=step.outcome)
    if isinstance(step, Escalate):
        return DeadlineView(at=at, kind="escalation", to_email=step.to)
    return DeadlineView(at=at, kind="sla_breach" if isinstance(step, SlaBreach) else "reminder")


def not_scheduled(request: Request) -> list[NotScheduled]:
    policy = from_document(json.loads(request.policy))
    off = [
        NotScheduled(kind="reminders", reason=policy.reminders_off or ""),
        NotScheduled(kind="escalation", reason=policy.escalation_off or ""),
        NotScheduled(kind="auto_response", reason=policy.auto_response_off or ""),
    ]
    return [item for item in off if item.reason not in ("", Off.DISABLED)]


def resume_view(request: Request) -> ResumeView:
    resume = request.resume
    return ResumeView(
        status=resume.status,
        attempt=resume.attempt,
        error=resume.error,
        worker=resume.worker,
        lease_until=when(resume.lease_until),
        ready_at=when(resume.ready_at) if resume.status is ResumeStatus.READY else None,
    )


def entry_view(entry: Entry) -> EntryView:
    return EntryView.model_validate({**entry.document(), "hash": entry.hash})


def claimed_view(claimed: Claimed) -> ClaimedResume:
    request, decision = claimed.request, claimed.request.decision
    assert decision is not None
    assert request.resume.claim_id is not None
    assert request.resume.lease_until is not None
    return ClaimedResume(
        request_id=request.request_id,
        claim_id=request.resume.claim_id,
        lease_seconds=RESUME_LEASE_SECONDS,
        lease_until=stamp(request.resume.lease_until),
        attempt=request.resume.attempt,
        flow_id=request.flow_id,
        flow_name=request.flow_name,
        flow_class=request.flow_class,
        method_name=request.method_name,
        number=request.number,
        emit=list(request.emit),
        default_outcome=request.default_outcome,
        response=ResponseView(
            outcome=claimed.outcome,
            feedback=claimed.words.feedback,
            reply_text=claimed.words.reply_text,
            responder=decision.responder,
            source=decision.source,
            responded_at=stamp(decision.at),
        ),
        snapshot=claimed.snapshot,
    )
