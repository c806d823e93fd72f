"""A wait has ended: which step is due for a request, and what it does."""

import json
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.letters.kinds import LetterKind, mail
from nodback_core.domain.reviews.answering import Taken, answer
from nodback_core.domain.reviews.closing import miss_target
from nodback_core.domain.reviews.deadlines import (
    AutoRespond,
    DeadlinePolicy,
    Escalate,
    SlaBreach,
    Step,
    done_after,
    due,
    from_document,
    next_wake,
)
from nodback_core.domain.reviews.happenings import AutoResponded, Reminded
from nodback_core.domain.reviews.reassigning import escalate
from nodback_core.domain.reviews.requests import Request, Source, Status
from nodback_core.domain.shared.happenings import Digested
from nodback_core.domain.shared.outcomes import Change, Outcome

AUTO_RESPONDER = "auto-response"
AUTO_IDENTITY = "the deployment's auto-response setting, frozen when the request was opened"


def step_due(request: Request, *, now: datetime) -> Step | None:
    """The next step to take for this request; None when there is none now, or nobody waits any more."""
    if request.status is not Status.PENDING:
        return None
    return next(iter(due(policy_of(request), request.opened_at, request.done_steps, now)), None)


def wake_after(request: Request) -> datetime | None:
    """When something is due next; None when nothing will ever be."""
    if request.status is not Status.PENDING:
        return None
    return next_wake(policy_of(request), request.opened_at, request.done_steps)


def take(request: Request, step: Step, *, now: datetime) -> Outcome | None:
    """The request with this step taken, and recorded as done."""
    if isinstance(step, AutoRespond):
        return _auto_respond(request, step, now=now)
    return Outcome((_taken(_done(request, step, now), step),))


def policy_of(request: Request) -> DeadlinePolicy:
    return from_document(json.loads(request.policy))


def _done(request: Request, step: Step, now: datetime) -> Request:
    policy = policy_of(request)
    done = done_after(policy, request.opened_at, request.done_steps, step, now)
    return replace(request, done_steps=done, wake_at=next_wake(policy, request.opened_at, done), wake_asked_at=None)


def _taken(request: Request, step: Step) -> Change:
    if isinstance(step, SlaBreach):
        late, breach = miss_target(request)
        return Change(late, (breach,))
    if isinstance(step, Escalate):
        return escalate(request, step.to, step=step.name)
    to = request.assignment.address
    mails = (mail(LetterKind.REMINDER, to),) if request.email_notifications else ()
    return Change(request, (Reminded(calls_for=mails, step=step.name, to=to),))


def _auto_respond(request: Request, step: AutoRespond, *, now: datetime) -> Outcome | None:
    """The automatic answer goes the way of every answer: a human one that is written first wins."""

    def understand(taken: Taken) -> AutoResponded:
        mails = (mail(LetterKind.AUTO_RESPONDED, request.assignment.address),) if request.email_notifications else ()
        return AutoResponded(
            **taken,
            calls_for=mails,
            outcome=step.outcome,
            responder=AUTO_RESPONDER,
            identity=AUTO_IDENTITY,
            source=Source.AUTO.value,
            feedback_digest=Digested(step.outcome),
            reply_text_digest=Digested(""),
            step=step.name,
        )

    return answer(request, f"auto:{request.request_id}", understand, now=now)
