"""A flow pauses: one call opens the request and stores what the flow needs to go on."""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.deployments.routing import Routing, assign
from nodback_core.domain.deployments.routing import as_document as route_document
from nodback_core.domain.deployments.settings import Settings
from nodback_core.domain.flows.flow import Flow, check_flow_id
from nodback_core.domain.reviews.closing import Closing, EffectDraft, close, for_webhooks, with_effects
from nodback_core.domain.reviews.contents import ContentKey, ContentKind
from nodback_core.domain.reviews.deadlines import Off, as_document, from_document, next_wake, policy_for
from nodback_core.domain.reviews.options import option_problems
from nodback_core.domain.reviews.requests import Assignment, Request, Status
from nodback_core.domain.reviews.sla import due_at
from nodback_core.domain.reviews.sla import state as sla_state
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import SERVICE, Action, Actor, Entry, NewEntry, append, text_digest
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NotFound, Refused
from nodback_core.domain.shared.records import Record
from nodback_core.domain.shared.times import stamp
from nodback_core.ports import Objects, Store, Vault
from nodback_core.usecases.deployments.register import settings_of
from nodback_core.usecases.shared.attempts import until_written
from nodback_core.usecases.shared.contents import JsonValue, Shown, json_text, owner_of, seal_content, shown_document


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


@dataclass(frozen=True, slots=True)
class OpenedPause:
    """The request that now waits; `replayed` when this very pause had been sent before."""

    request: Request
    superseded: str | None
    replayed: bool


def open_request(
    pause: Pause, *, deployment_id: int, actor: Actor, store: Store, vault: Vault, objects: Objects, now: datetime
) -> OpenedPause:
    """Open the request, supersede the flow's pending one, and write all of it in one transaction.

    Raises InvalidInput (options, default outcome), Refused `request_id_reused` (the id with another body) and NotFound
    (no such deployment).
    """
    check_options(pause.emit, pause.default_outcome)
    return until_written(
        lambda: _open(
            pause, deployment_id=deployment_id, actor=actor, store=store, vault=vault, objects=objects, now=now
        )
    )


def check_options(emit: tuple[str, ...], default_outcome: str | None) -> None:
    """Raises InvalidInput for options that are blank or cannot be told apart, and for a default that is no option."""
    errors = [FieldError(f"emit.{position}", problem) for position, problem in option_problems(emit)]
    if default_outcome is not None and default_outcome not in emit:
        errors.append(FieldError("default_outcome", f"{default_outcome!r} is not among the options of emit"))
    if errors:
        raise InvalidInput(tuple(errors))


def _open(
    pause: Pause, *, deployment_id: int, actor: Actor, store: Store, vault: Vault, objects: Objects, now: datetime
) -> OpenedPause:
    check_flow_id(pause.flow_id)
    fetched = store.fetch(
        Deployment.at(deployment_id), Flow.at(deployment_id, pause.flow_id), Request.at(pause.request_id)
    )
    if (known := fetched[Request.at(pause.request_id)]) is not None:
        return _replay(known, pause, deployment_id)
    deployment = fetched[Deployment.at(deployment_id)]
    if deployment is None:
        raise NotFound(f"there is no deployment {deployment_id}")
    flow = fetched[Flow.at(deployment_id, pause.flow_id)]
    settings = settings_of(deployment)
    routed = assign(
        rules=settings.rules,
        method_name=pause.method_name,
        state=pause.shown.state,
        creator_email=deployment.creator_email,
    )
    key = vault.create(owner_of(pause.request_id))
    contents = [
        seal_content(kind, value, request_id=pause.request_id, key=key, vault=vault, objects=objects)
        for kind, value in (
            (ContentKind.SHOWN, shown_document(pause.shown)),
            (ContentKind.SNAPSHOT, pause.snapshot),
        )
    ]
    request = _request(pause, deployment, settings, routed, number=flow.number + 1 if flow else 1, now=now)
    request = replace(request, previous=flow.newest if flow else None)
    request, entries = _with_entries(request, pause, routed, actor=actor, salt=vault.salt(key), now=now)
    changed_flow = (
        replace(flow, number=request.number, newest=request.request_id)
        if flow
        else Flow(deployment_id, pause.flow_id, request.number, request.request_id)
    )
    records: list[Record] = [request, ContentKey(pause.request_id, key.wrapped), *contents, changed_flow]
    superseded = _supersede(flow, request, store=store, now=now)
    if superseded:
        records.append(superseded[0])
    store.commit(records, (*entries, *(superseded[1] if superseded else ())))
    return OpenedPause(replace(request, version=1), superseded[0].request_id if superseded else None, replayed=False)


def _replay(known: Request, pause: Pause, deployment_id: int) -> OpenedPause:
    if known.deployment_id != deployment_id or known.body_digest != pause.body_digest:
        raise Refused(
            f"the request id {pause.request_id} was used before with another body; choose a new UUID for each pause",
            code="request_id_reused",
        )
    return OpenedPause(known, None, replayed=True)


def _request(
    pause: Pause, deployment: Deployment, settings: Settings, routed: Routing, *, number: int, now: datetime
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
        number=number,
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


def _with_entries(
    request: Request, pause: Pause, routed: Routing, *, actor: Actor, salt: bytes, now: datetime
) -> tuple[Request, tuple[Entry, ...]]:
    opened: dict[str, Json] = {
        "flow_id": request.flow_id,
        "flow_name": request.flow_name,
        "method_name": request.method_name,
        "number": request.number,
        "emit": list(request.emit),
        "default_outcome": request.default_outcome,
        "email_notifications": request.email_notifications,
        "sla_due_at": stamp(request.sla_due_at) if request.sla_due_at else None,
        "shown_digest": text_digest(salt, json_text(shown_document(pause.shown))),
        "snapshot_digest": text_digest(salt, json_text(pause.snapshot)),
    }
    if request.wake_at is not None:
        opened["wake_at"] = stamp(request.wake_at)
    policy = from_document(json.loads(request.policy))
    off = {"reminders": policy.reminders_off, "escalation": policy.escalation_off}
    off["auto_response"] = policy.auto_response_off
    if reasons := {name: why.value for name, why in off.items() if why not in (None, Off.DISABLED)}:
        opened["not_scheduled"] = reasons
    assigned: dict[str, Json] = {**route_document(routed), "round": 1}
    happening, effects = for_webhooks(request, NewEntry(Action.REQUEST_OPENED, actor, opened))
    opening, head = append(request.head, [happening], at=now)
    if request.email_notifications:
        effects = (EffectDraft("mail", "review_request", request.assignment.address), *effects)
    request = with_effects(replace(request, last_seq=head.last_seq, head_hash=head.hash), effects, now=now)
    assigning, head = append(request.head, [NewEntry(Action.REQUEST_ASSIGNED, SERVICE, assigned)], at=now)
    return replace(request, last_seq=head.last_seq, head_hash=head.hash), (*opening, *assigning)


def _supersede(
    flow: Flow | None, newer: Request, *, store: Store, now: datetime
) -> tuple[Request, tuple[Entry, ...]] | None:
    if flow is None:
        return None
    older = store.fetch(Request.at(flow.newest))[Request.at(flow.newest)]
    if older is None or older.status is not Status.PENDING:
        return None
    closing = Closing(
        Status.SUPERSEDED,
        SERVICE,
        superseded_by=newer.request_id,
        data={"superseded_by_number": newer.number},
    )
    return close(older, closing, now=now)
