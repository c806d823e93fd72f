"""Rebuilding the figures of a deployment from the trail alone, while live counting goes on.

New rows are written beside those that are read, in a generation of their own, and live events are counted into both. A
mark for each fact makes sure that nothing is counted twice. At the end, one write makes the new rows those that are
read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from nodback_core.domain.audit.day_lists import DAY_SHARDS
from nodback_core.domain.figures.facts import Fact, fact_of_entries, kind_of
from nodback_core.domain.figures.tallies import Generation
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import Store
from nodback_core.usecases.deployments.register import find_deployment
from nodback_core.usecases.figures.metrics import count_facts
from nodback_core.usecases.shared.change import change

REMEMBERED = 200_000
"""How many openings are kept in memory until their request closes; others are read again."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The progress: whether the new figures are the ones that are read now, and how many facts this call counted."""

    is_done: bool
    counted: int


def rebuild_metrics(
    deployment_id: int, *, store: Store, may_go_on: Callable[[], bool] = lambda: True, now: datetime
) -> Rebuilt:
    """Start or continue a rebuild, until it is done or `may_go_on` returns False; call it again to continue.

    A rebuild that started more than `REBUILD_DAYS` ago is not continued: a new one starts from the first day.
    """
    deployment = find_deployment(deployment_id, store=store)
    generation = _begin(deployment_id, store=store, now=now)
    assert generation.building is not None
    counted = 0
    days = list(_days(deployment.created_at.date(), now.date() + timedelta(days=1)))
    for shard in range(DAY_SHARDS):
        opened: dict[str, Entry] = {}
        for day in days:
            place = f"{shard}#{day}"
            # Today is read at every call: entries still come.
            if place <= generation.done_through and day < now.date().isoformat():
                continue
            facts = list(_facts(deployment_id, day, shard, opened, store=store))
            counted += len(count_facts(facts, generation.building, store=store, now=now))
            if place <= generation.done_through:
                continue
            generation = _note(deployment_id, place, store=store, now=now)
            if not may_go_on():
                return Rebuilt(False, counted)
    _finish(deployment_id, store=store, now=now)
    return Rebuilt(True, counted)


def _begin(deployment_id: int, *, store: Store, now: datetime) -> Generation:
    """The generation that is being rebuilt; a new one unless a rebuild is under way."""

    def decide(rows: Rows) -> Outcome | None:
        known = rows[Generation.at(deployment_id)] or Generation(deployment_id)
        return None if known.is_building(now=now) else Outcome(rows=(known.begun(now),))

    return change(decide, Generation.at(deployment_id), on=store, now=now).of(Generation)


def _note(deployment_id: int, place: str, *, store: Store, now: datetime) -> Generation:
    def decide(rows: Rows) -> Outcome:
        return Outcome(rows=(rows.of(Generation).built_through(place),))

    return change(decide, Generation.at(deployment_id), on=store, now=now).of(Generation)


def _finish(deployment_id: int, *, store: Store, now: datetime) -> None:
    def decide(rows: Rows) -> Outcome | None:
        known = rows.of(Generation)
        return None if known.building is None else Outcome(rows=(known.finished(),))

    change(decide, Generation.at(deployment_id), on=store, now=now)


def _facts(deployment_id: int, day: str, shard: int, opened: dict[str, Entry], *, store: Store) -> Iterator[Fact]:
    cursor = None
    while True:
        page = store.day(deployment_id, day, shard=shard, cursor=cursor)
        for entry in page.items:
            if kind_of(entry.action) is None:
                continue
            if entry.seq == 1:
                first = entry
                if len(opened) < REMEMBERED:
                    opened[entry.subject] = entry
            else:
                # A subject is always in the same shard, and closes after it opens.
                known = opened.pop(entry.subject) if entry.subject in opened else None
                first = known or store.chain(entry.subject, limit=1).items[0]
            fact = fact_of_entries(first, entry)
            if fact is not None:
                yield fact
        if (cursor := page.cursor) is None:
            return


def _days(first: date, last: date) -> Iterator[str]:
    for number in range((last - first).days + 1):
        yield (first + timedelta(days=number)).isoformat()
