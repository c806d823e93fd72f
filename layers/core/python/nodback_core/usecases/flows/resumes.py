"""Handing a response to the flow that waits: claim with a lease, renew, consumed, result, retry."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NoReturn

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.closing import record
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind
from nodback_core.domain.reviews.options import match_option
from nodback_core.domain.reviews.requests import (
    MAX_LOST_CLAIMS,
    RESUME_GRACE_SECONDS,
    RESUME_LEASE_SECONDS,
    RESUME_STEPS,
    Request,
    Resume,
    ResumeStatus,
    ready_partition,
)
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import SERVICE, Action, Actor, NewEntry
from nodback_core.domain.shared.errors import FieldError, Forbidden, InvalidInput, NotFound, Refused
from nodback_core.domain.shared.records import Index
from nodback_core.domain.shared.times import stamp
from nodback_core.ports import Changed, ContentErased, Objects, Store, Vault
from nodback_core.usecases.shared.attempts import until_written
from nodback_core.usecases.shared.contents import JsonValue, Words, open_key, read_content, words_of

MAX_ERROR_CHARACTERS = 500
CLAIM_READS = 25
"""How many ready resumes a claim looks at before it reads on."""
_ERROR_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,79}(?=:|$)")
WRONG_FLOW = "wrong_flow"
LOST_WORKER = "the worker stopped after the flow had gone on; check what it did, then retry"

LOST_WORKERS = (
    f"{MAX_LOST_CLAIMS} workers in a row stopped or lost their connection before the flow had gone on; "
    "look at their logs, then retry"
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A resume that a worker holds until its lease ends."""

    request: Request
    words: Words
    snapshot: JsonValue

    @property
    def outcome(self) -> str | None:
        """The outcome to hand over: that of a person's retry before that of the decision."""
        decision = self.request.decision
        return self.request.resume.outcome or (decision.outcome if decision else None)


def claim_resume(
    *,
    worker: str,
    claim_id: str,
    flow_classes: Sequence[str],
    caller: Caller,
    store: Store,
    vault: Vault,
    objects: Objects,
    now: datetime,
) -> Claimed | None:
    """The oldest resume that is ready or whose lease was lost; None when there is none.

    `flow_classes` are the qualified names of the classes that the worker runs: only their resumes of the caller's
    deployment are given out, and only theirs are read.
    """
    caller.require(Scope.FLOW)
    for request in _claimable(caller.own_deployment(), flow_classes, store=store, now=now):
        held = _claim(request, worker=worker, claim_id=claim_id, store=store, now=now)
        if held is not None:
            return _with_contents(held, store=store, vault=vault, objects=objects, now=now)
    return None


def _claimable(deployment_id: int, flow_classes: Sequence[str], *, store: Store, now: datetime) -> Iterator[Request]:
    """Resumes of these classes that may be claimed, the oldest first among those that were read."""
    cursors: dict[str, str | None] = dict.fromkeys(ready_partition(deployment_id, name) for name in flow_classes)
    limit = max(2, CLAIM_READS // max(1, len(cursors)))
    while cursors:
        pages = {
            partition: store.list(
                Request, Index.READY_RESUMES, partition, before=f"{stamp(now)}$", limit=limit, cursor=cursor
            )
            for partition, cursor in cursors.items()
        }
        found = [
            (claimable, request)
            for page in pages.values()
            for request in page.items
            if (claimable := request.claimable_at) is not None and claimable <= now
        ]
        for _, request in sorted(found, key=lambda pair: pair[0]):
            yield request
        cursors = {partition: page.cursor for partition, page in pages.items() if page.cursor is not None}


def _claim(request: Request, *, worker: str, claim_id: str, store: Store, now: datetime) -> Request | None:
    """The claimed request, or None when another worker was faster or too many were lost with it."""
    lost = request.resume.lost_claims + 1 if request.resume.status is ResumeStatus.CLAIMED else 0
    if lost >= MAX_LOST_CLAIMS:
        with suppress(Changed):
            _fail(request, LOST_WORKERS, store=store, now=now)
        return None
    lease = now + timedelta(seconds=RESUME_LEASE_SECONDS)
    resume = replace(
        request.resume,
        status=ResumeStatus.CLAIMED,
        attempt=request.resume.attempt + 1,
        claim_id=claim_id,
        worker=worker,
        lease_until=lease,
        error=None,
        lost_claims=lost,
    )
    data: dict[str, Json] = {"claim_id": claim_id, "worker": worker, "attempt": resume.attempt}
    if request.resume.status is ResumeStatus.CLAIMED:
        data["lease_lost_by"] = request.resume.worker
    changed, entries = record(
        replace(request, resume=resume), NewEntry(Action.RESUME_CLAIMED, Actor("worker", worker), data), now=now
    )
    try:
        store.commit([changed], entries)
    except Changed:
        return None
    return replace(changed, version=changed.version + 1)


def _with_contents(request: Request, *, store: Store, vault: Vault, objects: Objects, now: datetime) -> Claimed | None:
    rid = request.request_id
    key_row, words_row = ContentKey.at(rid), Content.at(rid, ContentKind.RESPONSE)
    snapshot_row = Content.at(rid, ContentKind.SNAPSHOT)
    fetched = store.fetch(key_row, words_row, snapshot_row)
    try:
        key = open_key(fetched[key_row], vault=vault)
        words = read_content(fetched[words_row], key=key, vault=vault, objects=objects)
        snapshot = read_content(fetched[snapshot_row], key=key, vault=vault, objects=objects)
    except ContentErased:
        _fail(request, "the content of this request was erased, so the flow cannot go on", store=store, now=now)
        return None
    return Claimed(request, words_of(words), snapshot)


def renew_resume(request_id: str, claim_id: str, *, caller: Caller, store: Store, now: datetime) -> datetime:
    """A new end for the lease; raises Refused `claim_lost` when somebody else holds the resume or it has ended."""

    def write() -> datetime:
        request = _held(request_id, claim_id, caller=caller, store=store)
        if request.resume.status not in (ResumeStatus.CLAIMED, ResumeStatus.CONSUMED):
            raise _lost(request)
        lease = now + timedelta(seconds=RESUME_LEASE_SECONDS)
        # A longer lease is no change of state: it leaves no entry.
        store.commit([replace(request, resume=replace(request.resume, lease_until=lease))])
        return lease

    return until_written(write)


def mark_consumed(
    request_id: str, claim_id: str, *, flow_class: str, caller: Caller, store: Store, now: datetime
) -> None:
    """The flow has taken the answer and its listeners are about to run: from here on no other worker takes over.

    `flow_class` is the class that is about to run. Raises Refused `wrong_flow` when another one paused, and the resume
    fails: a person retries it once the right worker runs.
    """
    _step(request_id, claim_id, ResumeStatus.CONSUMED, None, runs=flow_class, caller=caller, store=store, now=now)


def record_result(
    request_id: str, claim_id: str, *, succeeded: bool, error: str | None, caller: Caller, store: Store, now: datetime
) -> None:
    """How the resume ended, even when its lease had run out meanwhile. The same result again changes nothing."""
    status = ResumeStatus.SUCCEEDED if succeeded else ResumeStatus.FAILED
    _step(request_id, claim_id, status, error, caller=caller, store=store, now=now)


def retry_resume(request_id: str, *, outcome: str | None, caller: Caller, store: Store, now: datetime) -> Request:
    """Make a failed resume ready again; with `outcome`, which goes only where the reviewer named none, with that one.

    A `flow` key may retry, and not decide: raises Forbidden when it gives an outcome. Raises Refused
    `resume_not_failed` or `already_decided`, and InvalidInput for an outcome that is no option.
    """
    caller.require(Scope.FLOW, Scope.MANAGE, Scope.INSTALL)
    if outcome is not None and caller.scope is Scope.FLOW:
        raise Forbidden(
            "to retry with an outcome is to decide: this needs a `manage` key of the deployment "
            "(`nodback` reads it from NODBACK_MANAGE_KEY), or a manager in the dashboard; "
            "a `flow` key retries without an outcome"
        )

    def write() -> Request:
        request = _own(request_id, caller=caller, store=store)
        if request.resume.status is not ResumeStatus.FAILED:
            raise Refused(
                f"the resume of this request is {request.resume.status}: only a failed one can be retried",
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
        resume = Resume(ResumeStatus.READY, attempt=request.resume.attempt, outcome=chosen or request.resume.outcome)
        happening = NewEntry(Action.RESUME_RETRIED, caller.actor, {"outcome": chosen, "after": request.resume.attempt})
        changed, entries = record(replace(request, resume=resume), happening, now=now)
        store.commit([changed], entries)
        return changed

    return until_written(write)


def fail_lost_resume(request_id: str, *, store: Store, now: datetime) -> bool:
    """Mark a consumed resume whose lease ran out as failed; False when it is not (any more) one."""

    def write() -> bool:
        request = store.fetch(Request.at(request_id))[Request.at(request_id)]
        if request is None or request.resume.status is not ResumeStatus.CONSUMED:
            return False
        lease = request.resume.lease_until
        if lease is None or lease + timedelta(seconds=RESUME_GRACE_SECONDS) > now:
            return False
        _fail(request, LOST_WORKER, store=store, now=now, was_lost=True)
        return True

    return until_written(write)


def _refuse_other_flow(request: Request, runs: str, *, store: Store, now: datetime) -> NoReturn:
    """Stop a worker that is about to run another class than the one that paused; the resume fails visibly."""
    told = (
        f"the worker was about to run {runs}, but {request.flow_class} is the flow that paused, so nothing ran; "
        f"start a worker that serves {request.flow_class}, then retry"
    )
    if request.resume.status is ResumeStatus.CLAIMED:
        _fail(request, told[:MAX_ERROR_CHARACTERS], reason=WRONG_FLOW, store=store, now=now)
    raise Refused(told, code=WRONG_FLOW)


def _fail(
    request: Request, error: str, *, store: Store, now: datetime, was_lost: bool = False, reason: str | None = None
) -> None:
    """Mark a resume as failed; `reason` stands in the trail instead of an error that holds somebody's words."""
    resume = replace(request.resume, status=ResumeStatus.FAILED, error=error, lease_until=None, was_lost=was_lost)
    data: dict[str, Json] = {"attempt": resume.attempt, "reason": reason or error}
    changed, entries = record(replace(request, resume=resume), NewEntry(Action.RESUME_FAILED, SERVICE, data), now=now)
    store.commit([changed], entries)


_ACTIONS = {
    ResumeStatus.CONSUMED: Action.RESUME_CONSUMED,
    ResumeStatus.SUCCEEDED: Action.RESUME_SUCCEEDED,
    ResumeStatus.FAILED: Action.RESUME_FAILED,
}


def _step(
    request_id: str,
    claim_id: str,
    status: ResumeStatus,
    error: str | None,
    *,
    runs: str | None = None,
    caller: Caller,
    store: Store,
    now: datetime,
) -> None:
    def write() -> None:
        request = _held(request_id, claim_id, caller=caller, store=store)
        resume = request.resume
        if runs is not None and runs != request.flow_class:
            _refuse_other_flow(request, runs, store=store, now=now)
        ended = status in (ResumeStatus.SUCCEEDED, ResumeStatus.FAILED)
        # The worker was only late: what it says of its own work is truer than what its lease said.
        late = ended and resume.was_lost
        if resume.status is status and not late:
            return
        if not late and (resume.status is ResumeStatus.FAILED or status not in RESUME_STEPS[resume.status]):
            raise _lost(request)
        lease = None if ended else now + timedelta(seconds=RESUME_LEASE_SECONDS)
        data: dict[str, Json] = {"claim_id": claim_id, "attempt": resume.attempt}
        if error:
            data["reason"] = kind_of_error(error)
        changed, entries = record(
            replace(
                request,
                resume=replace(
                    resume,
                    status=status,
                    error=error[:MAX_ERROR_CHARACTERS] if error else None,
                    lease_until=lease,
                    lost_claims=0,
                    was_lost=False,
                ),
            ),
            NewEntry(_ACTIONS[status], Actor("worker", resume.worker or ""), data),
            now=now,
        )
        store.commit([changed], entries)

    until_written(write)


def kind_of_error(error: str) -> str:
    """The name that an error begins with, such as `NoLLM`; its words may be anybody's, and stay on the row."""
    found = _ERROR_NAME.match(error)
    return found.group() if found else "error"


def _held(request_id: str, claim_id: str, *, caller: Caller, store: Store) -> Request:
    caller.require(Scope.FLOW)
    request = _own(request_id, caller=caller, store=store)
    if request.resume.claim_id != claim_id:
        raise _lost(request)
    return request


def _own(request_id: str, *, caller: Caller, store: Store) -> Request:
    request = store.fetch(Request.at(request_id))[Request.at(request_id)]
    if request is None or (caller.deployment_id is not None and request.deployment_id != caller.deployment_id):
        raise NotFound(f"there is no request {request_id} in your deployment")
    return request


def _lost(request: Request) -> Refused:
    return Refused(
        f"this claim no longer holds: the resume is {request.resume.status} (attempt {request.resume.attempt})",
        code="claim_lost",
    )
