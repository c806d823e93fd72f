"""How a resume moves on, by `RESUME_STEPS`: what a worker, a person or a lost lease makes of it.

Whoever holds it names its `claim_id`; a claim that somebody else has taken over is refused with `claim_lost`.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from nodback_core.domain.flows.happenings import (
    OutcomeSettled,
    ResumeClaimed,
    ResumeConsumed,
    ResumeFailed,
    ResumeRetried,
    ResumeSucceeded,
    ResumeUnclaimed,
)
from nodback_core.domain.reviews.options import match_option
from nodback_core.domain.reviews.requests import (
    MAX_LOST_CLAIMS,
    RESUME_GRACE_SECONDS,
    RESUME_LEASE_SECONDS,
    RESUME_STEPS,
    Request,
    Resume,
    ResumeStatus,
    Settled,
    SettledBy,
)
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import FieldError, InvalidInput, Refused
from nodback_core.domain.shared.outcomes import Outcome, changed
from nodback_core.domain.shared.times import stamp
from nodback_core.domain.webhooks.webhook import PUSH

MAX_ERROR_CHARACTERS = 500
WRONG_FLOW = "wrong_flow"
LOST_WORKER = "the worker stopped after the flow had gone on; check what it did, then retry"
LOST_WORKERS = (
    f"{MAX_LOST_CLAIMS} workers in a row stopped or lost their connection before the flow had gone on; "
    "look at their logs, then retry"
)
_ERROR_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,79}(?=:|$)")


def claim(request: Request, *, worker: str, claim_id: str, now: datetime) -> Outcome:
    """The resume held by a worker, or failed when `MAX_LOST_CLAIMS` workers in a row were lost with it."""
    resume = request.resume
    is_lost = resume.status is ResumeStatus.CLAIMED
    lost = resume.lost_claims + 1 if is_lost else 0
    if lost >= MAX_LOST_CLAIMS:
        return fail(request, LOST_WORKERS)
    claimed = replace(
        resume,
        status=ResumeStatus.CLAIMED,
        attempt=resume.attempt + 1,
        claim_id=claim_id,
        worker=worker,
        lease_until=lease_from(now),
        error=None,
        lost_claims=lost,
    )
    happened = ResumeClaimed(
        by=Actor("worker", worker),
        attempt=claimed.attempt,
        claim_id=claim_id,
        worker=worker,
        lease_lost_by=resume.worker if is_lost else None,
    )
    return changed(replace(request, resume=claimed), happened)


def renew(request: Request, claim_id: str, *, now: datetime) -> Outcome:
    """The same holder with a longer lease, which is no change of state: it leaves no entry."""
    resume = _held(request, claim_id)
    if resume.status not in (ResumeStatus.CLAIMED, ResumeStatus.CONSUMED):
        raise _claim_lost(request)
    return Outcome(rows=(replace(request, resume=replace(resume, lease_until=lease_from(now))),))


def consume(request: Request, claim_id: str, *, runs: str, outcome: str | None = None, now: datetime) -> Outcome | None:
    """The answer taken by the flow; None when it was before.

    A worker that is about to run another class than the one that paused is stopped (see `runs_another`): the resume
    fails. `outcome` is what the flow takes the answer for; it is kept where the answer itself names none. Raises
    InvalidInput when it is no option.
    """
    resume = _held(request, claim_id)
    if (other := runs_another(request, runs)) is not None:
        is_held = resume.status is ResumeStatus.CLAIMED
        return fail(request, str(other)[:MAX_ERROR_CHARACTERS], reason=WRONG_FLOW) if is_held else None
    if resume.status is ResumeStatus.CONSUMED:
        return None
    _check_step(request, ResumeStatus.CONSUMED)
    consumed = replace(
        resume,
        status=ResumeStatus.CONSUMED,
        error=None,
        lease_until=lease_from(now),
        lost_claims=0,
        was_lost=False,
    )
    happened = ResumeConsumed(by=_worker_of(resume), attempt=resume.attempt, claim_id=claim_id)
    taken = replace(request.without_effects(PUSH), resume=consumed)
    settled = _settled(request, outcome)
    if settled is None:
        return changed(taken, happened)
    decision = request.decision
    assert decision is not None
    settling = OutcomeSettled(
        by=_worker_of(resume),
        outcome=settled.outcome,
        settled_by=settled.by.value,
        attempt=settled.attempt,
        before=request.settled[-1].outcome if request.settled else None,
        responder=decision.responder,
        source=decision.source.value,
        decided_at=stamp(decision.at),
    )
    return changed(replace(taken, settled=(*request.settled, settled)), happened, settling)


def _settled(request: Request, outcome: str | None) -> Settled | None:
    """What the flow takes the answer for; None where the answer names an option, or the request has none."""
    by_person = request.resume.outcome
    taken_for = by_person or outcome
    if not request.emit or taken_for is None or (request.decision and request.decision.outcome is not None):
        return None
    if taken_for not in request.emit:
        known = ", ".join(request.emit)
        raise InvalidInput((FieldError("outcome", f"{taken_for!r} is not an option of this request ({known})"),))
    by = SettledBy.LLM if by_person is None else SettledBy.PERSON
    return Settled(taken_for, by, request.resume.attempt)


def runs_another(request: Request, runs: str) -> Refused | None:
    """What a worker is told that is about to run another class than the one that paused."""
    if runs == request.flow_class:
        return None
    return Refused(
        f"the worker was about to run {runs}, but {request.flow_class} is the flow that paused, so nothing ran; "
        f"start a worker that serves {request.flow_class}, then retry",
        code=WRONG_FLOW,
    )


def finish(request: Request, claim_id: str, *, succeeded: bool, error: str | None) -> Outcome | None:
    """The resume ended as its worker says, even after its lease had run out; None when it has said so before."""
    resume = _held(request, claim_id)
    status = ResumeStatus.SUCCEEDED if succeeded else ResumeStatus.FAILED
    # A worker that was only late knows better how its own work ended than its lease did.
    if not resume.was_lost:
        if resume.status is status:
            return None
        _check_step(request, status)
    ended = replace(
        resume,
        status=status,
        error=error[:MAX_ERROR_CHARACTERS] if error else None,
        lease_until=None,
        lost_claims=0,
        was_lost=False,
    )
    happened = (ResumeSucceeded if succeeded else ResumeFailed)(
        by=_worker_of(resume),
        attempt=resume.attempt,
        claim_id=claim_id,
        reason=kind_of_error(error) if error else None,
    )
    return changed(replace(request.without_effects(PUSH), resume=ended), happened)


def retry(request: Request, outcome: str | None, *, by: Actor, now: datetime) -> Outcome:
    """A failed resume made ready again, with `outcome` where the reviewer named none.

    Raises Refused `resume_not_failed` or `already_decided`, and InvalidInput for an outcome that is no option.
    """
    failed = request.resume
    if failed.status is not ResumeStatus.FAILED:
        raise Refused(
            f"the resume of this request is {failed.status}: only a failed one can be retried",
            code="resume_not_failed",
        )
    chosen = None
    if outcome is not None and (chosen := match_option(outcome, request.emit)) is None:
        known = ", ".join(request.emit) or "none"
        raise InvalidInput((FieldError("outcome", f"{outcome!r} is not an option of this request ({known})"),))
    decided = request.decision.outcome if request.decision else None
    if chosen is not None and decided is not None and chosen != decided:
        raise Refused(
            f"the answer is {decided!r}, and a retry does not change it: retry without an outcome",
            code="already_decided",
            facts={"outcome": decided},
        )
    outcome = chosen or failed.outcome
    ready = Resume(ResumeStatus.READY, attempt=failed.attempt, outcome=outcome, ready_at=now)
    return changed(replace(request, resume=ready), ResumeRetried(by=by, outcome=chosen, after=failed.attempt))


def say_unclaimed(request: Request, *, now: datetime) -> Outcome | None:
    """A resume that no worker has taken for too long, which the trail says once; None when it is not one."""
    due = request.unclaimed_at
    if due is None or due > now or request.resume.said_unclaimed:
        return None
    since = request.resume.ready_at or request.closed_at
    assert since is not None
    told = replace(request, resume=replace(request.resume, said_unclaimed=True))
    return changed(told, ResumeUnclaimed(flow_class=request.flow_class, since=stamp(since)))


def fail_lost(request: Request, *, now: datetime) -> Outcome | None:
    """A resume whose worker was lost after the flow had gone on, failed; None when it is not one."""
    lease = request.resume.lease_until
    if request.resume.status is not ResumeStatus.CONSUMED or lease is None:
        return None
    if lease + timedelta(seconds=RESUME_GRACE_SECONDS) > now:
        return None
    return fail(request, LOST_WORKER, was_lost=True)


def fail(request: Request, error: str, *, reason: str | None = None, was_lost: bool = False) -> Outcome:
    """The resume failed; `reason` stands in the trail instead of an error that holds somebody's words."""
    resume = request.resume
    failed = replace(resume, status=ResumeStatus.FAILED, error=error, lease_until=None, was_lost=was_lost)
    failure = ResumeFailed(attempt=resume.attempt, reason=reason or error)
    return changed(replace(request.without_effects(PUSH), resume=failed), failure)


def lease_from(now: datetime) -> datetime:
    """When a lease ends that begins now."""
    return now + timedelta(seconds=RESUME_LEASE_SECONDS)


def kind_of_error(error: str) -> str:
    """The name that an error begins with, such as `NoLLM`; its words may be anybody's, and stay on the row."""
    found = _ERROR_NAME.match(error)
    return found.group() if found else "error"


def _held(request: Request, claim_id: str) -> Resume:
    if request.resume.claim_id != claim_id:
        raise _claim_lost(request)
    return request.resume


def _check_step(request: Request, status: ResumeStatus) -> None:
    known = request.resume.status
    # `succeeded` may follow `failed` only where the lease had failed it: see `finish`.
    if known is ResumeStatus.FAILED or status not in RESUME_STEPS[known]:
        raise _claim_lost(request)


def _claim_lost(request: Request) -> Refused:
    return Refused(
        f"this claim no longer holds: the resume is {request.resume.status} (attempt {request.resume.attempt})",
        code="claim_lost",
    )


def _worker_of(resume: Resume) -> Actor:
    return Actor("worker", resume.worker or "")
