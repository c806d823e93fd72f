"""A wait has ended: do what is due for a pending request, and say when to wake next."""

import json
from dataclasses import replace
from datetime import datetime

from signoff_core.domain.canonical import Json
from signoff_core.domain.closing import EffectDraft, breached, record
from signoff_core.domain.deadlines import (
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
from signoff_core.domain.entries import SERVICE, Action, Entry, Happening
from signoff_core.domain.reassigning import reassign
from signoff_core.domain.requests import Request, Source, Status
from signoff_core.ports import Objects, Store, Vault
from signoff_core.usecases.attempts import until_written
from signoff_core.usecases.respond import Answer, respond

AUTO_RESPONDER = "auto-response"
AUTO_IDENTITY = "the deployment's auto-response setting, frozen when the request was opened"


def meet_deadlines(request_id: str, *, store: Store, vault: Vault, objects: Objects, now: datetime) -> datetime | None:
    """Take every step that is due, each in a transaction of its own; returns the next wake, None when there is none.

    Safe at any time and any number of times: what is done is recorded in the row that the step changes.
    """
    while True:
        request = store.fetch(Request.at(request_id))[Request.at(request_id)]
        if request is None or request.status is not Status.PENDING:
            return None
        policy = from_document(json.loads(request.policy))
        steps = due(policy, request.opened_at, request.done_steps, now)
        if not steps:
            return next_wake(policy, request.opened_at, request.done_steps)
        if isinstance(steps[0], AutoRespond):
            _auto_respond(request, steps[0], store=store, vault=vault, objects=objects, now=now)
        else:
            _take(request_id, steps[0], policy, store=store, now=now)


def _take(request_id: str, step: Step, policy: DeadlinePolicy, *, store: Store, now: datetime) -> None:
    def write() -> None:
        request = store.fetch(Request.at(request_id))[Request.at(request_id)]
        if request is None or request.status is not Status.PENDING or step.name in request.done_steps:
            return
        done = done_after(policy, request.opened_at, request.done_steps, step, now)
        marked = replace(
            request, done_steps=done, wake_at=next_wake(policy, request.opened_at, done), wake_asked_at=None
        )
        changed, entries = _changed(marked, step, now=now)
        store.commit([changed], entries)

    until_written(write)


def _changed(request: Request, step: Step, *, now: datetime) -> tuple[Request, tuple[Entry, ...]]:
    if isinstance(step, SlaBreach):
        return breached(request, now=now)
    data: dict[str, Json] = {"step": step.name}
    if isinstance(step, Escalate):
        if step.to == request.assignment.address:
            skipped = Happening(Action.REQUEST_ESCALATED, SERVICE, {**data, "skipped": "already the assignee"})
            return record(request, skipped, now=now)
        return reassign(request, step.to, action=Action.REQUEST_ESCALATED, actor=SERVICE, data=data, now=now)
    assert isinstance(step, ReminderDue)
    effects: tuple[EffectDraft, ...] = ()
    if request.email_notifications:
        effects = (EffectDraft("mail", "reminder", request.assignment.address),)
    happening = Happening(Action.REQUEST_REMINDED, SERVICE, {**data, "to": request.assignment.address})
    return record(request, happening, effects, now=now)


def _auto_respond(
    request: Request, step: AutoRespond, *, store: Store, vault: Vault, objects: Objects, now: datetime
) -> None:
    """The automatic answer goes the way of every answer: a human one that is written first wins."""
    told = (EffectDraft("mail", "auto_responded", request.assignment.address),) if request.email_notifications else ()
    answer = Answer(
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
    respond(request.request_id, answer, store=store, vault=vault, objects=objects, now=now)
