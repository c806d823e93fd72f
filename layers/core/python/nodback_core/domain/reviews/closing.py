"""The one way out of `pending`, for every channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from nodback_core.domain.audit.trail import happening_of
from nodback_core.domain.letters.kinds import MAIL, LetterKind
from nodback_core.domain.reviews.contents import ContentKind
from nodback_core.domain.reviews.deadlines import SlaBreach
from nodback_core.domain.reviews.happenings import SlaBreached, WayOut
from nodback_core.domain.reviews.requests import (
    EFFECT_GRACE_SECONDS,
    Decision,
    Effect,
    Request,
    Resume,
    ResumeStatus,
    Source,
    Status,
)
from nodback_core.domain.reviews.sla import SlaState
from nodback_core.domain.reviews.sla import state as sla_state
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import SERVICE, Action, Actor, Entry, NewEntry, append
from nodback_core.domain.shared.errors import Refused
from nodback_core.domain.shared.happenings import Digest, EffectDraft, Happening
from nodback_core.domain.shared.outcomes import Change, Text
from nodback_core.domain.shared.times import stamp
from nodback_core.domain.webhooks.events import EventType
from nodback_core.domain.webhooks.webhook import WEBHOOKS


class NotPending(Exception):
    """The request was closed before; `request` shows how."""

    def __init__(self, request: Request):
        super().__init__(f"request {request.request_id} is {request.status}")
        self.request = request


@dataclass(frozen=True, slots=True)
class Closing:
    """How a request is to leave `pending`; a `decision` only with `responded`."""

    status: Status
    actor: Actor
    decision: Decision | None = None
    superseded_by: str | None = None
    data: Mapping[str, Json] = field(default_factory=dict)
    effects: tuple[EffectDraft, ...] = ()


def close(request: Request, closing: Closing, *, now: datetime) -> tuple[Request, tuple[Entry, ...]]:
    """The closed request and its entries; raises `NotPending` when it was closed before.

    The last entry is the closing; one of the breach goes before it when the answer was late and no wake has said so.
    The store writes it only over the version that was read: that write is the arbiter between all channels.
    """
    if request.status is not Status.PENDING:
        raise NotPending(request)
    decided = closing.decision is not None
    breach: tuple[Entry, ...] = ()
    if sla_state(request.sla_due_at, closed_at=now, now=now) is SlaState.BREACHED and request.sla != SlaState.BREACHED:
        request, breach = breached(request, now=now)
    closed = replace(
        request,
        status=closing.status,
        decision=closing.decision,
        closed_at=now,
        superseded_by=closing.superseded_by,
        # Without an answer the request shows why it was closed, not why it was reassigned before.
        reason_seq=request.reason_seq if decided else None,
        wake_at=None,
        sla=sla_state(request.sla_due_at, closed_at=now, now=now),
        resume=Resume(ResumeStatus.READY) if decided and not request.is_test else Resume(),
    )
    happening = NewEntry(_action(closing), closing.actor, _data(closing, closed.sla))
    closed, entries = record(closed, happening, closing.effects, now=now)
    return closed, (*breach, *entries)


def too_late(request: Request) -> Refused:
    """What a caller is told whose answer, or whose change, comes to a request that is closed: what was recorded."""
    decision = request.decision
    facts: dict[str, str | int | None] = {
        "request_status": request.status.value,
        "closed_at": stamp(request.closed_at) if request.closed_at else None,
    }
    at = facts["closed_at"]
    if decision is not None:
        facts |= {"outcome": decision.outcome, "responder": decision.responder, "source": decision.source.value}
        what = f"with {decision.outcome!r}" if decision.outcome else "with free text"
        detail = f"this request was answered {what} by {decision.responder} ({decision.source}) at {at}"
        return Refused(detail, code="already_decided", facts=facts)
    if request.status is Status.SUPERSEDED:
        facts["superseded_by"] = request.superseded_by
        detail = f"this request was superseded at {at} by {request.superseded_by}: the flow waits at that one now"
        return Refused(detail, code="request_closed", facts=facts)
    return Refused(f"this request was {request.status} at {at}", code="request_closed", facts=facts)


def close_as(
    request: Request,
    closing: WayOut,
    *,
    decision: Decision | None = None,
    superseded_by: str | None = None,
    reason: str | None = None,
    now: datetime,
) -> Change:
    """The request on its one way out of `pending`; raises what `too_late` says when it was closed before.

    The happening names the status. A breach goes before it when nobody has said so and the answer is late. The store
    writes the change only over the version that was read: that write is the arbiter between all channels.
    """
    if request.status is not Status.PENDING:
        raise too_late(request)
    assert closing.closes_as is not None, f"{closing.action} closes nothing"
    sla = sla_state(request.sla_due_at, closed_at=now, now=now)
    happened: tuple[Happening, ...] = ()
    if sla is SlaState.BREACHED and request.sla != SlaState.BREACHED:
        request, breach = miss_target(request)
        happened = (breach,)
    happened = (*happened, replace(closing, sla=None if sla is None else str(sla)))
    decided = decision is not None
    closed = replace(
        request,
        status=closing.closes_as,
        decision=decision,
        closed_at=now,
        superseded_by=superseded_by,
        # Without an answer the request shows why it was closed, not why it was reassigned before.
        reason_seq=request.reason_seq if decided else None,
        wake_at=None,
        sla=sla,
        resume=Resume(ResumeStatus.READY) if decided and not request.is_test else Resume(),
    )
    return because(reason, Change(closed, happened))


def because(reason: str | None, change: Change) -> Change:
    """The change of a request with somebody's reason for it, which is sealed beside its last entry."""
    if reason is None:
        return change
    row = change.row
    assert isinstance(row, Request)
    seq = row.last_seq + len(change.happened)
    return replace(
        change,
        row=replace(row, reason_seq=seq),
        texts=(*change.texts, Text(ContentKind.REASON, reason, is_of_entry=True)),
    )


def miss_target(request: Request) -> tuple[Request, SlaBreached]:
    """The request with its target missed, and what says so."""
    step = SlaBreach().name
    assert request.sla_due_at is not None
    done = request.done_steps if step in request.done_steps else (*request.done_steps, step)
    late = replace(request, sla=SlaState.BREACHED.value, done_steps=done)
    return late, SlaBreached(step=step, sla_due_at=stamp(request.sla_due_at))


def mail(letter: LetterKind, to: str, *, about: str = "", quote: str = "") -> EffectDraft:
    """A letter that a happening calls for."""
    return EffectDraft(MAIL, letter.value, to, about, quote)


def breached(request: Request, *, now: datetime) -> tuple[Request, tuple[Entry, ...]]:
    """The request with its target missed, and the entry that says so."""
    step = SlaBreach().name
    assert request.sla_due_at is not None
    done = request.done_steps if step in request.done_steps else (*request.done_steps, step)
    data: dict[str, Json] = {"step": step, "sla_due_at": stamp(request.sla_due_at)}
    late = replace(request, sla=SlaState.BREACHED.value, done_steps=done)
    return record(late, NewEntry(Action.SLA_BREACHED, SERVICE, data), now=now)


def record(
    request: Request, happening: NewEntry, effects: tuple[EffectDraft, ...] = (), *, now: datetime
) -> tuple[Request, tuple[Entry, ...]]:
    """The request with one more entry, and with the effects that this entry causes."""
    happening, told = for_webhooks(request, happening)
    return _recorded(request, happening, (*effects, *told), now=now)


def note(
    request: Request, happening: Happening, *, digest: Digest | None = None, now: datetime
) -> tuple[Request, tuple[Entry, ...]]:
    """The request with one more entry, which says what happened, and owing what that calls for."""
    entry = NewEntry(happening.action, happening.by, happening.facts(digest))
    entry, told = _marked(request, entry, happening.webhook_event)
    return _recorded(request, entry, (*happening.calls_for, *told), now=now)


def for_webhooks(request: Request, happening: NewEntry) -> tuple[NewEntry, tuple[EffectDraft, ...]]:
    """The happening, marked when a webhook wants to be told of it, and the effect that it then owes."""
    said = happening_of(happening)
    return _marked(request, happening, said.webhook_event if said else None)


def _recorded(
    request: Request, entry: NewEntry, effects: tuple[EffectDraft, ...], *, now: datetime
) -> tuple[Request, tuple[Entry, ...]]:
    entries, head = append(request.head, [entry], at=now)
    return with_effects(replace(request, last_seq=head.last_seq, head_hash=head.hash), effects, now=now), entries


def _marked(request: Request, happening: NewEntry, event: EventType | None) -> tuple[NewEntry, tuple[EffectDraft, ...]]:
    if event is None or event not in request.webhook_events:
        return happening, ()
    marked = replace(happening, data={**happening.data, WEBHOOKS: True})
    return marked, (EffectDraft(WEBHOOKS, event.value),)


def with_effects(request: Request, drafts: tuple[EffectDraft, ...], *, now: datetime) -> Request:
    """The request owing `drafts`, caused by its newest entry."""
    due = now + timedelta(seconds=EFFECT_GRACE_SECONDS)
    effects = tuple(Effect(d.kind, request.last_seq, d.name, now, d.to, d.about, d.quote, due=due) for d in drafts)
    return replace(request, effects=request.effects + effects)


def _action(closing: Closing) -> Action:
    if closing.status is Status.SUPERSEDED:
        return Action.REQUEST_SUPERSEDED
    if closing.status is Status.CANCELLED:
        return Action.REQUEST_CANCELLED
    if closing.decision is not None and closing.decision.source is Source.AUTO:
        return Action.REQUEST_AUTO_RESPONDED
    return Action.REQUEST_RESPONDED


def _data(closing: Closing, sla: str | None) -> Mapping[str, Json]:
    data: dict[str, Json] = dict(closing.data)
    if sla is not None:
        data["sla"] = str(sla)
    if closing.superseded_by:
        data["superseded_by"] = closing.superseded_by
    if (decision := closing.decision) is not None:
        data |= {
            "decision_id": decision.decision_id,
            "outcome": decision.outcome,
            "responder": decision.responder,
            "identity": decision.identity,
            "source": decision.source.value,
            "response_seconds": decision.seconds,
            "decided_at": stamp(decision.at),
        }
        if decision.source_claim:
            data["source_claim"] = decision.source_claim
    return data


__all__ = [
    "Closing",
    "EffectDraft",
    "NotPending",
    "because",
    "breached",
    "close",
    "close_as",
    "for_webhooks",
    "mail",
    "miss_target",
    "note",
    "record",
    "too_late",
    "with_effects",
]
