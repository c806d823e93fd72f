"""The one way out of `pending`, for every channel."""

from dataclasses import replace
from datetime import datetime

from nodback_core.domain.reviews.contents import ContentKind
from nodback_core.domain.reviews.deadlines import SlaBreach
from nodback_core.domain.reviews.happenings import SlaBreached, WayOut
from nodback_core.domain.reviews.requests import (
    Decision,
    Request,
    Resume,
    ResumeStatus,
    Status,
)
from nodback_core.domain.reviews.sla import SlaState
from nodback_core.domain.reviews.sla import state as sla_state
from nodback_core.domain.shared.errors import Refused
from nodback_core.domain.shared.happenings import Happening
from nodback_core.domain.shared.outcomes import Change, Text
from nodback_core.domain.shared.times import stamp


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


def close(
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
        resume=Resume(ResumeStatus.READY, ready_at=now) if decided and not request.is_test else Resume(),
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
