"""Opening a request when a flow pauses: who is asked, what is due when, and which older request is superseded."""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.deployments.routing import Routing, assign, considered_document
from nodback_core.domain.deployments.settings import Settings
from nodback_core.domain.flows.flow import Flow
from nodback_core.domain.letters.kinds import LetterKind, mail
from nodback_core.domain.reviews.closing import close
from nodback_core.domain.reviews.contents import ContentKey, ContentKind, JsonValue, Shown, json_text, shown_document
from nodback_core.domain.reviews.deadlines import Off, as_document, from_document, next_wake, policy_for
from nodback_core.domain.reviews.happenings import Assigned, Opened, Superseded
from nodback_core.domain.reviews.options import option_problems
from nodback_core.domain.reviews.requests import Assignment, Request, Status
from nodback_core.domain.reviews.sla import due_at
from nodback_core.domain.reviews.sla import state as sla_state
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import FieldError, InvalidInput, Refused
from nodback_core.domain.shared.happenings import Digested
from nodback_core.domain.shared.outcomes import Change, Outcome, Text
from nodback_core.domain.shared.times import stamp


@dataclass(frozen=True, slots=True)
class Pause:
    """What the SDK sends when a flow pauses."""

    request_id: str
    flow_id: str
    flow_name: str
    flow_class: str
    method_name: str
    shown: Shown
    emit: tuple[str, ...]
    default_outcome: str | None
    snapshot: JsonValue
    body_digest: str


def check_options(emit: tuple[str, ...], default_outcome: str | None) -> None:
    """Raises InvalidInput for options that are blank or cannot be told apart, and for a default that is no option."""
    errors = [FieldError(f"emit.{position}", problem) for position, problem in option_problems(emit)]
    if default_outcome is not None and default_outcome not in emit:
        errors.append(FieldError("default_outcome", f"{default_outcome!r} is not among the options of emit"))
    if errors:
        raise InvalidInput(tuple(errors))


def check_same(known: Request, pause: Pause, deployment_id: int) -> None:
    """Raises Refused `request_id_reused` unless the request was opened by this very pause, which was sent again."""
    if known.deployment_id != deployment_id or known.body_digest != pause.body_digest:
        raise Refused(
            f"the request id {pause.request_id} was used before with another body; choose a new UUID for each pause",
            code="request_id_reused",
        )


def open_review(
    pause: Pause,
    deployment: Deployment,
    settings: Settings,
    key: ContentKey,
    *,
    flow: Flow | None,
    older: Request | None,
    by: Actor,
    now: datetime,
) -> Outcome:
    """The request that a pause opens, assigned by the rules, with its words sealed under `key`.

    `flow` is the row of a flow that has paused before, and `older` the request that it asked then: if that still waits,
    nobody has to answer it any more.
    """
    routed = assign(
        rules=settings.rules,
        method_name=pause.method_name,
        state=pause.shown.state,
        creator_email=deployment.creator_email,
    )
    request = _request(pause, deployment, settings, routed, after=flow, now=now)
    shown = shown_document(pause.shown)
    opened = Opened(
        by=by,
        calls_for=(mail(LetterKind.REVIEW_REQUEST, routed.address),) if request.email_notifications else (),
        flow_id=request.flow_id,
        flow_name=request.flow_name,
        method_name=request.method_name,
        number=request.number,
        emit=list(request.emit),
        default_outcome=request.default_outcome,
        email_notifications=request.email_notifications,
        sla_due_at=stamp(request.sla_due_at) if request.sla_due_at else None,
        wake_at=stamp(request.wake_at) if request.wake_at else None,
        not_scheduled=_not_scheduled(request),
        shown_digest=Digested(json_text(shown)),
        snapshot_digest=Digested(json_text(pause.snapshot)),
    )
    assigned = Assigned(
        assigned_to_email=routed.address,
        rule=routed.rule,
        reason=routed.reason,
        considered=considered_document(routed),
        round=1,
    )
    texts = Text(ContentKind.SHOWN, shown), Text(ContentKind.SNAPSHOT, pause.snapshot)
    changes = [Change(request, (opened, assigned), texts)]
    if older is not None and older.status is Status.PENDING:
        way_out = Superseded(superseded_by=request.request_id, superseded_by_number=request.number)
        changes.append(close(older, way_out, superseded_by=request.request_id, now=now))
    flow = flow or Flow(deployment.deployment_id, pause.flow_id, request.number, request.request_id)
    return Outcome(tuple(changes), (key, replace(flow, number=request.number, newest=request.request_id)))


def _request(
    pause: Pause, deployment: Deployment, settings: Settings, routed: Routing, *, after: Flow | None, now: datetime
) -> Request:
    policy = policy_for(settings, pause.emit, assignee=routed.address)
    sla_due_at = due_at(now, policy.sla_ms)
    return Request(
        request_id=pause.request_id,
        organization_id=deployment.organization_id,
        deployment_id=deployment.deployment_id,
        flow_id=pause.flow_id,
        flow_name=pause.flow_name,
        flow_class=pause.flow_class,
        method_name=pause.method_name,
        number=after.number + 1 if after else 1,
        previous=after.newest if after else None,
        opened_at=now,
        body_digest=pause.body_digest,
        assignment=Assignment(1, routed.address, routed.rule),
        emit=pause.emit,
        default_outcome=pause.default_outcome,
        email_notifications=settings.email_notifications,
        webhook_events=deployment.webhook_events,
        free_text=settings.free_text,
        reply_feedback=settings.reply_feedback,
        reply_token_hours=settings.reply_token_hours,
        policy=json.dumps(as_document(policy), separators=(",", ":")),
        wake_at=next_wake(policy, now, frozenset()),
        sla_due_at=sla_due_at,
        sla=sla_state(sla_due_at, closed_at=None, now=now),
    )


def _not_scheduled(request: Request) -> dict[str, Json] | None:
    """What the settings ask for and cannot be done for this request, with the reason."""
    policy = from_document(json.loads(request.policy))
    off = {
        "reminders": policy.reminders_off,
        "escalation": policy.escalation_off,
        "auto_response": policy.auto_response_off,
    }
    return {name: why.value for name, why in off.items() if why not in (None, Off.DISABLED)} or None
