"""Handing a response to the flow that waits: claim with a lease, renew, consumed, result, retry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.flows.resuming import (
    claim,
    consume,
    fail,
    fail_lost,
    finish,
    lease_from,
    renew,
    retry,
    runs_another,
)
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind, JsonValue, Words, words_of
from nodback_core.domain.reviews.requests import Request, ResumeStatus, ready_partition
from nodback_core.domain.shared.errors import Forbidden, NotFound
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Index, Rows
from nodback_core.domain.shared.times import stamp
from nodback_core.ports import ContentErased, Storage, Store
from nodback_core.usecases.shared.change import change, change_once
from nodback_core.usecases.shared.contents import open_key, read_content
from nodback_core.usecases.shared.reading import read_one

CLAIM_READS = 25
"""How many ready resumes a claim looks at before it reads on."""


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
    request_id: str | None = None,
    caller: Caller,
    storage: Storage,
    now: datetime,
) -> Claimed | None:
    """The oldest resume that is ready or whose lease was lost; None when there is none.

    `flow_classes` are the qualified names of the classes that the worker runs: only their resumes of the caller's
    deployment are given out, and only theirs are read. With `request_id`, no other resume is.
    """
    caller.require(Scope.FLOW)
    deployment_id = caller.own_deployment()
    found = (
        _claimable(deployment_id, flow_classes, store=storage.store, now=now)
        if request_id is None
        else _this_one(request_id, deployment_id, flow_classes, store=storage.store, now=now)
    )
    for request in found:
        claimed = claim(request, worker=worker, claim_id=claim_id, now=now)
        written = change_once(claimed, on=storage.store, now=now, rows=Rows({request.key: request}))
        # Another worker was faster, or too many were lost with it.
        if written is None or (held := written.of(Request)).resume.status is not ResumeStatus.CLAIMED:
            continue
        return _with_contents(held, storage=storage, now=now)
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


def _this_one(
    request_id: str, deployment_id: int, flow_classes: Sequence[str], *, store: Store, now: datetime
) -> Iterator[Request]:
    """The resume of one request, if it is of these classes and may be claimed."""
    request = read_one(Request.at(request_id), store=store)
    if request is None or request.deployment_id != deployment_id or request.flow_class not in flow_classes:
        return
    if (claimable := request.claimable_at) is not None and claimable <= now:
        yield request


def _with_contents(request: Request, *, storage: Storage, now: datetime) -> Claimed | None:
    rid = request.request_id
    key_row, words_row = ContentKey.at(rid), Content.at(rid, ContentKind.RESPONSE)
    snapshot_row = Content.at(rid, ContentKind.SNAPSHOT)
    fetched = storage.store.fetch(key_row, words_row, snapshot_row)
    try:
        key = open_key(fetched[key_row], vault=storage.vault)
        words = read_content(fetched[words_row], key=key, storage=storage)
        snapshot = read_content(fetched[snapshot_row], key=key, storage=storage)
    except ContentErased:
        _fail_erased(request, store=storage.store, now=now)
        return None
    return Claimed(request, words_of(words), snapshot)


def _fail_erased(held: Request, *, store: Store, now: datetime) -> None:
    """Fail a resume that can never be handed over, unless another worker, which will find the same, holds it by now."""

    def decide(rows: Rows) -> Outcome | None:
        request = rows[held.key]
        if request is None or request.resume != held.resume:
            return None
        return fail(request, "the content of this request was erased, so the flow cannot go on")

    change(decide, held.key, on=store, now=now, as_read=Rows({held.key: held}))


def renew_resume(request_id: str, claim_id: str, *, caller: Caller, store: Store, now: datetime) -> datetime:
    """A new end for the lease; raises Refused `claim_lost` when somebody else holds the resume or it has ended."""
    caller.require(Scope.FLOW)

    def decide(rows: Rows) -> Outcome:
        return renew(_own(rows, request_id, caller), claim_id, now=now)

    change(decide, Request.at(request_id), on=store, now=now)
    return lease_from(now)


def mark_consumed(
    request_id: str,
    claim_id: str,
    *,
    flow_class: str,
    outcome: str | None = None,
    caller: Caller,
    store: Store,
    now: datetime,
) -> None:
    """The flow has taken the answer and its listeners are about to run: from here on no other worker takes over.

    `flow_class` is the class that is about to run, and `outcome` the option that it takes the answer for. Raises
    Refused `wrong_flow` when another one paused, and the resume fails: a person retries it once the right worker runs.
    Raises InvalidInput for an outcome that is no option.
    """
    caller.require(Scope.FLOW)

    def decide(rows: Rows) -> Outcome | None:
        return consume(_own(rows, request_id, caller), claim_id, runs=flow_class, outcome=outcome, now=now)

    request = change(decide, Request.at(request_id), on=store, now=now).of(Request)
    if (other := runs_another(request, flow_class)) is not None:
        raise other


def record_result(
    request_id: str, claim_id: str, *, succeeded: bool, error: str | None, caller: Caller, store: Store, now: datetime
) -> None:
    """How the resume ended, even when its lease had run out meanwhile. The same result again changes nothing."""
    caller.require(Scope.FLOW)

    def decide(rows: Rows) -> Outcome | None:
        return finish(_own(rows, request_id, caller), claim_id, succeeded=succeeded, error=error)

    change(decide, Request.at(request_id), on=store, now=now)


def retry_resume(request_id: str, *, outcome: str | None, caller: Caller, store: Store, now: datetime) -> Request:
    """Make a failed resume ready again; with `outcome`, which goes only where the reviewer named none, with that one.

    A `flow` key may retry, and not decide: raises Forbidden when it gives an outcome, and what `retry` raises.
    """
    caller.require(Scope.FLOW, Scope.MANAGE, Scope.INSTALL)
    if outcome is not None and caller.scope is Scope.FLOW:
        raise Forbidden(
            "to retry with an outcome is to decide: this needs a `manage` key of the deployment "
            "(`nodback` reads it from NODBACK_MANAGE_KEY), or a manager in the dashboard; "
            "a `flow` key retries without an outcome"
        )

    def decide(rows: Rows) -> Outcome:
        return retry(_own(rows, request_id, caller), outcome, by=caller.actor, now=now)

    return change(decide, Request.at(request_id), on=store, now=now).of(Request)


def fail_lost_resume(found: Request, *, store: Store, now: datetime) -> bool:
    """Mark a consumed resume whose lease ran out as failed, over the row that was found.

    False when it is not one that was lost, or when the row has moved: whoever moved it knows more.
    """
    lost = fail_lost(found, now=now)
    return lost is not None and change_once(lost, on=store, now=now, rows=Rows({found.key: found})) is not None


def _own(rows: Rows, request_id: str, caller: Caller) -> Request:
    request = rows[Request.at(request_id)]
    if request is None or (caller.deployment_id is not None and request.deployment_id != caller.deployment_id):
        raise NotFound(f"there is no request {request_id} in your deployment")
    return request
