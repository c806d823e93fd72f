"""What the bus may have lost: the sweeper looks at the rows that should have moved on, and asks again.

It reads only the list of rows whose moment has come, and repairs through the normal functions: it puts the event on the
bus once more, and they do the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from nodback_core.domain.flows.resuming import say_unclaimed
from nodback_core.domain.reviews.deadlines import OVERDUE_EVENT
from nodback_core.domain.reviews.requests import ATTENTION_SHARDS, Request
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.records import Index, Rows
from nodback_core.domain.shared.sweeping import ask_again, overdue
from nodback_core.domain.shared.times import stamp
from nodback_core.ports import Bus, Event, Page, Store
from nodback_core.usecases.flows.resumes import fail_lost_resume
from nodback_core.usecases.shared.change import change_once
from nodback_core.usecases.shared.relay import event_of

ROWS_PER_SHARD = 200
NAMED_FAILURES = 10


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep found: effects asked after again, waits started again, resumes given up or unclaimed, failures.

    `unreadable` rows are left as they are: a version that can read them finds them in the same list.
    """

    effects: int = 0
    waits: int = 0
    resumes: int = 0
    unclaimed: int = 0
    failures: int = 0
    unreadable: int = 0

    def __add__(self, more: "Swept") -> "Swept":
        return Swept(
            self.effects + more.effects,
            self.waits + more.waits,
            self.resumes + more.resumes,
            self.unclaimed + more.unclaimed,
            self.failures + more.failures,
            self.unreadable + more.unreadable,
        )


class SweepFailed(Exception):
    """Some rows could not be repaired; all others were. The cause is the first error."""

    def __init__(self, swept: Swept, failed: Sequence[str]):
        super().__init__(f"{swept.failures} failed, such as {'; '.join(failed[:NAMED_FAILURES])} ({swept})")
        self.swept = swept


def sweep(*, store: Store, bus: Bus, now: datetime) -> Swept:
    """One pass over all rows whose attention is due, oldest first, about `ROWS_PER_SHARD` of each shard.

    Raises SweepFailed when all rows were tried and some of them failed.
    """
    swept, failed, causes = Swept(), list[str](), list[Exception]()
    for shard in _in_turn(now):
        rows: list[Request] = []
        try:
            for page in _pages(shard, store=store, now=now):
                rows += page.items
                swept += Swept(unreadable=len(page.unreadable))
        except Exception as error:  # noqa: BLE001 - it is raised at the end
            swept += Swept(failures=1)
            failed.append(f"shard {shard}: {error!r}")
            causes.append(error)
        for request in rows:
            # One bad row must not keep the others from being repaired.
            try:
                swept += _repair(request, store=store, bus=bus, now=now)
            except Exception as error:  # noqa: BLE001 - it is raised at the end
                swept += Swept(failures=1)
                failed.append(f"{request.subject}: {error!r}")
                causes.append(error)
    if causes:
        raise SweepFailed(swept, failed) from causes[0]
    return swept


def _pages(shard: int, *, store: Store, now: datetime) -> Iterator[Page[Request]]:
    """What is due in one shard; rows that cannot be read stay at its head, and must not hide what comes behind them."""
    before, read, cursor = f"{stamp(now)}$", 0, None
    while read < ROWS_PER_SHARD:
        page = store.list(Request, Index.ATTENTION, str(shard), before=before, limit=ROWS_PER_SHARD, cursor=cursor)
        yield page
        read += len(page.items)
        if (cursor := page.cursor) is None:
            return


def _in_turn(now: datetime) -> list[int]:
    """All shards, beginning with another one each minute: a sweep that runs out of time starves none of them."""
    return [(now.minute + shard) % ATTENTION_SHARDS for shard in range(ATTENTION_SHARDS)]


def _repair(request: Request, *, store: Store, bus: Bus, now: datetime) -> Swept:
    if fail_lost_resume(request, store=store, now=now):
        return Swept(resumes=1)
    told = say_unclaimed(request, now=now)
    if told is not None:
        written = change_once(told, on=store, now=now, rows=Rows({request.key: request}))
        # What else is overdue on the row is found by the next sweep.
        return Swept(unclaimed=int(written is not None))
    late = overdue(request, now=now)
    if late is None:
        return Swept()
    # First the row, so that a sweeper that dies here asks again later rather than for ever.
    if change_once(ask_again(request, late, now=now), on=store, now=now) is None:
        return Swept()
    events = [_event_again(request, seq, store=store) for seq in late.causes]
    if late.wait:
        events.append(_overdue_event(request))
    bus.publish(events)
    return Swept(effects=len(late.effects), waits=int(late.wait))


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
