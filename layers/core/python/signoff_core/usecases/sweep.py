"""What the bus may have lost: the sweeper looks at the rows that should have moved on, and asks again.

It reads only the list of rows whose moment has come, and repairs through the normal functions: it puts the event on the
bus once more, and they do the rest.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from signoff_core.domain.canonical import Json
from signoff_core.domain.records import Index
from signoff_core.domain.requests import ATTENTION_SHARDS, Request, ResumeStatus
from signoff_core.domain.times import stamp
from signoff_core.ports import Bus, Changed, Event, Store
from signoff_core.usecases.relay import event_of
from signoff_core.usecases.resumes import fail_lost_resume

OVERDUE_EVENT = "deadline.overdue"
ROWS_PER_SHARD = 200


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep found: effects asked after again, waits started again, resumes given up."""

    effects: int = 0
    waits: int = 0
    resumes: int = 0


def sweep(*, store: Store, bus: Bus, now: datetime) -> Swept:
    """One pass over all rows whose attention is due, oldest first, at most `ROWS_PER_SHARD` of each shard."""
    swept = Swept()
    for shard in range(ATTENTION_SHARDS):
        page = store.list(Request, Index.ATTENTION, str(shard), before=f"{stamp(now)}$", limit=ROWS_PER_SHARD)
        for request in page.items:
            found = _repair(request, store=store, bus=bus, now=now)
            swept = Swept(swept.effects + found.effects, swept.waits + found.waits, swept.resumes + found.resumes)
    return swept


def _repair(request: Request, *, store: Store, bus: Bus, now: datetime) -> Swept:
    if request.resume.status is ResumeStatus.CONSUMED and fail_lost_resume(request.request_id, store=store, now=now):
        return Swept(resumes=1)
    overdue = [e for e in request.effects if e.due is not None and e.due <= now]
    wait = request.wait_lost_at is not None and request.wait_lost_at <= now
    asked = request
    for effect in overdue:
        asked = asked.asking_again(effect.id, now=now)
    if wait:
        asked = replace(asked, wake_asked_at=now)
    if asked == request:
        return Swept()
    try:
        # First the row, so that a sweeper that dies here asks again later rather than for ever.
        store.commit([asked])
    except Changed:
        return Swept()
    events = [_event_again(request, seq, store=store) for seq in sorted({e.seq for e in overdue})]
    if wait:
        events.append(_overdue_event(request))
    bus.publish(events)
    return Swept(effects=len(overdue), waits=int(wait))


def _event_again(request: Request, seq: int, *, store: Store) -> Event:
    return event_of(store.chain(request.subject, after_seq=seq - 1, limit=1).items[0])


def _overdue_event(request: Request) -> Event:
    """Starts a wait that ends at once: the deadline's own function does what is due."""
    assert request.wake_at is not None
    detail: dict[str, Json] = {
        "organization_id": request.organization_id,
        "deployment_id": request.deployment_id,
        "subject": request.subject,
        "seq": request.last_seq,
        "action": OVERDUE_EVENT,
        "request_id": request.request_id,
        "wake_at": stamp(request.wake_at),
    }
    return Event(OVERDUE_EVENT, detail)
