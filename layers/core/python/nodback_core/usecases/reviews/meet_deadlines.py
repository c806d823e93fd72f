"""A wait has ended: do what is due for a pending request, and say when to wake next."""

import json
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.reviews.closing import EffectDraft, breached, note, record
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.deadlines import (
    AutoRespond,
    DeadlinePolicy,
    Escalate,
    ReminderDue,
    SlaBreach,
    Step,
    done_after,
    due,
    from_document,
    next_wake,
)
from nodback_core.domain.reviews.reassigning import escalate
from nodback_core.domain.reviews.requests import Request, Source, Status
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import SERVICE, Action, Entry, NewEntry
from nodback_core.ports import Objects, Store, Vault
from nodback_core.usecases.reviews.respond import Answer, AsRead, respond
from nodback_core.usecases.shared.attempts import until_written

AUTO_RESPONDER = "auto-response"
AUTO_IDENTITY = "the deployment's auto-response setting, frozen when the request was opened"


def meet_deadlines(request_id: str, *, store: Store, vault: Vault, objects: Objects, now: datetime) -> datetime | None:
    """Take every step that is due, each in a transaction of its own; returns the next wake, None when there is none.

    Safe at any time and any number of times: what is done is recorded in the row that the step changes.
    """
    read = _read(request_id, store=store)
    while read is not None and read.request.status is Status.PENDING:
        request = read.request
        policy = from_document(json.loads(request.policy))
        steps = due(policy, request.opened_at, request.done_steps, now)
        if not steps:
            return next_wake(policy, request.opened_at, request.done_steps)
        if isinstance(steps[0], AutoRespond):
            _auto_respond(read, steps[0], store=store, vault=vault, objects=objects, now=now)
            return None
        read = _take(read, steps[0], policy, store=store, now=now)
    return None


def _read(request_id: str, *, store: Store) -> AsRead | None:
    fetched = store.fetch(Request.at(request_id), ContentKey.at(request_id))
    request = fetched[Request.at(request_id)]
    return None if request is None else AsRead(request, fetched[ContentKey.at(request_id)])


def _take(read: AsRead, step: Step, policy: DeadlinePolicy, *, store: Store, now: datetime) -> AsRead | None:
    """Do one step, unless it is done or the request closed meanwhile; returns the request as it is then."""
    known: AsRead | None = read

    def write() -> AsRead | None:
        nonlocal known
        current, known = known or _read(read.request.request_id, store=store), None
        if current is None or current.request.status is not Status.PENDING:
            return current
        request = current.request
        if step.name in request.done_steps:
            return current
        done = done_after(policy, request.opened_at, request.done_steps, step, now)
        marked = replace(
            request, done_steps=done, wake_at=next_wake(policy, request.opened_at, done), wake_asked_at=None
        )
        changed, entries = _changed(marked, step, now=now)
        store.commit([changed], entries)
        return replace(current, request=replace(changed, version=changed.version + 1))

    return until_written(write)


def _changed(request: Request, step: Step, *, now: datetime) -> tuple[Request, tuple[Entry, ...]]:
    if isinstance(step, SlaBreach):
        return breached(request, now=now)
    data: dict[str, Json] = {"step": step.name}
    if isinstance(step, Escalate):
        escalated = escalate(request, step.to, step=step.name)
        assert isinstance(escalated.row, Request)
        return note(escalated.row, escalated.happened[0], now=now)
    assert isinstance(step, ReminderDue)
    effects: tuple[EffectDraft, ...] = ()
    if request.email_notifications:
        effects = (EffectDraft("mail", "reminder", request.assignment.address),)
    happening = NewEntry(Action.REQUEST_REMINDED, SERVICE, {**data, "to": request.assignment.address})
    return record(request, happening, effects, now=now)


def _auto_respond(
    read: AsRead, step: AutoRespond, *, store: Store, vault: Vault, objects: Objects, now: datetime
) -> None:
    """The automatic answer goes the way of every answer: a human one that is written first wins."""
    known: AsRead | None = read

    def write() -> None:
        nonlocal known
        current, known = known or _read(read.request.request_id, store=store), None
        if current is not None:
            answer = _automatic(current.request, step)
            respond(current, answer, store=store, vault=vault, objects=objects, now=now)

    until_written(write)


def _automatic(request: Request, step: AutoRespond) -> Answer:
    told = (EffectDraft("mail", "auto_responded", request.assignment.address),) if request.email_notifications else ()
    return Answer(
        decision_id=f"auto:{request.request_id}",
        source=Source.AUTO,
        actor=SERVICE,
        responder=AUTO_RESPONDER,
        identity=AUTO_IDENTITY,
        outcome=step.outcome,
        feedback=step.outcome,
        reply_text="",
        evidence={"step": step.name},
        effects=told,
    )
