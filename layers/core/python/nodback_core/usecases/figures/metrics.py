"""Counting each request once into daily rows, in whatever order and however often its events come; reading the rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.figures.facts import Fact, Kind, facts_of_request, kind_of
from nodback_core.domain.figures.tallies import (
    CLOSED_AS,
    DECIDED_AT_HOUR,
    OPENED,
    OPENED_AT_HOUR,
    OUTCOME,
    SOURCE,
    Counted,
    Figures,
    Generation,
    TallyRows,
    add_up,
    amounts_of,
    labels_of,
    names_in,
    partition_of,
    places_of,
)
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.requests import Request, Status
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.domain.shared.records import Key, Record
from nodback_core.ports import Counters, Store
from nodback_core.usecases.deployments.register import find_deployment
from nodback_core.usecases.shared.change import count_once
from nodback_core.usecases.shared.reading import read_one

FACTS_AT_ONCE = 25
"""Each takes a mark and up to three rows of a transaction of 100."""
MAX_RANGE_DAYS = 366
RESPONDED = CLOSED_AS[Status.RESPONDED]


class GroupBy(StrEnum):
    """The groups in which figures can be read."""

    REVIEWER = "reviewer"
    METHOD = "method"
    FLOW = "flow"
    DAY = "day"
    HOUR = "hour"
    SOURCE = "source"
    OUTCOME = "outcome"


def count_events(events: Sequence[tuple[str, str]], *, store: Store, now: datetime) -> list[Fact]:
    """Count what these events (request id, action) report; returns what had not been counted before.

    Events are only a hint: what is counted comes from the request's row. Tests of the mail are skipped.
    """
    wanted = sorted({(rid, kind) for rid, action in events if (kind := kind_of(action)) is not None})
    keys: list[Key[Record]] = [Request.at(rid) for rid in sorted({rid for rid, _ in wanted})]
    fetched = store.fetch(*keys)
    facts: list[Fact] = []
    for request_id, kind in wanted:
        request = fetched[Request.at(request_id)]
        if request is not None and request.is_test:
            continue
        found = facts_of_request(request, kind) if request is not None else ()
        if not found:
            raise LookupError(f"request {request_id} has not {kind} yet: its event comes again")
        facts += found
    new: list[Fact] = []
    for deployment_id in sorted({fact.deployment_id for fact in facts}):
        address = Generation.at(deployment_id)
        generation = read_one(address, store=store) or Generation(deployment_id)
        own = [fact for fact in facts if fact.deployment_id == deployment_id]
        for number in generation.all:
            counted = count_facts(own, number, store=store, now=now)
            new += counted if number == generation.current else []
    return new


def count_facts(facts: Sequence[Fact], generation: int, *, store: Store, now: datetime) -> list[Fact]:
    """Count into one generation; returns those that had not been counted in it."""
    new: list[Fact] = []
    for start in range(0, len(facts), FACTS_AT_ONCE):
        new += count_once(
            facts[start : start + FACTS_AT_ONCE],
            mark=lambda fact: Counted(fact.request_id, generation, fact.name, now),
            additions=lambda some: _additions(some, generation),
            on=store,
        )
    return new


def _additions(facts: Sequence[Fact], generation: int) -> list[Counters]:
    """What the facts add, by the rows in which they are counted."""
    rows: dict[tuple[str, str], list[dict[str, int]]] = {}
    labels: dict[tuple[str, str], dict[str, str]] = {}
    for fact in facts:
        for place in places_of(fact, generation):
            rows.setdefault(place, []).append(amounts_of(fact))
            labels[place] = labels_of(fact, place[1])
    return [Counters(*place, add_up(amounts), labels[place]) for place, amounts in sorted(rows.items())]


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one reviewer, method, day and so on; `name` is empty for the total."""

    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Metrics:
    first: date
    last: date
    total: Figures
    groups: tuple[Group, ...]


def read_metrics(
    deployment_id: int,
    *,
    first: date,
    last: date,
    group_by: GroupBy | None,
    caller: Caller,
    store: Store,
) -> Metrics:
    """The figures of the days from `first` to `last` (UTC), in total and by group.

    Raises InvalidInput for a range that is backwards or longer than `MAX_RANGE_DAYS`.
    """
    caller.require(Scope.MANAGE, Scope.INSTALL)
    caller.check_deployment(deployment_id)
    if not 0 <= (last - first).days < MAX_RANGE_DAYS:
        raise InvalidInput((FieldError("from", f"a range has its beginning first and at most {MAX_RANGE_DAYS} days"),))
    address = Generation.at(deployment_id)
    known = read_one(address, store=store)
    if known is None:
        find_deployment(deployment_id, store=store)
    generation = known.current if known else 0
    days = [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
    partition = partition_of(deployment_id, generation, TallyRows.TOTAL)
    # Each day's row is read by its key: as many reads for a thousand requests as for ten million.
    totals = {row.sort: row.amounts for row in store.counters(*[(partition, day) for day in days])}
    total = add_up(totals.values())
    if group_by is None:
        groups: Mapping[str, Mapping[str, int]] = {}
    elif group_by is GroupBy.DAY:
        groups = totals
    elif group_by in _SPLIT:
        groups = _split(total, group_by)
    else:
        groups = _merged(deployment_id, generation, group_by, days, store=store)
    return Metrics(first, last, Figures(total), tuple(Group(name, Figures(row)) for name, row in groups.items()))


_SPLIT = frozenset({GroupBy.HOUR, GroupBy.SOURCE, GroupBy.OUTCOME})


def _split(total: Mapping[str, int], group_by: GroupBy) -> dict[str, dict[str, int]]:
    """Groups that have only counts, and no response times."""
    figures = Figures(total)
    if group_by is GroupBy.HOUR:
        opened, decided = figures.by(OPENED_AT_HOUR), figures.by(DECIDED_AT_HOUR)
        hours = [f"{hour:02d}" for hour in range(24)]
        return {h: {OPENED: opened.get(h, 0), RESPONDED: decided.get(h, 0)} for h in hours}
    counted = figures.by(SOURCE if group_by is GroupBy.SOURCE else OUTCOME)
    return {name: {RESPONDED: amount} for name, amount in counted.items()}


def _merged(
    deployment_id: int, generation: int, group_by: GroupBy, days: Sequence[str], *, store: Store
) -> dict[str, dict[str, int]]:
    rows = TallyRows.REVIEWER if group_by is GroupBy.REVIEWER else TallyRows.WORK
    place = {GroupBy.REVIEWER: 1, GroupBy.FLOW: 1, GroupBy.METHOD: 2}[group_by]
    found: dict[str, list[Mapping[str, int]]] = {}
    for row in _between(partition_of(deployment_id, generation, rows), days, store=store):
        found.setdefault(names_in(row.sort, row.names)[place], []).append(row.amounts)
    return {name: add_up(amounts) for name, amounts in sorted(found.items())}


def _between(partition: str, days: Sequence[str], *, store: Store) -> Iterator[Counters]:
    cursor = None
    while True:
        page = store.counters_between(partition, after=days[0], before=f"{days[-1]}$", cursor=cursor)
        yield from page.items
        if (cursor := page.cursor) is None:
            return


__all__ = ["Group", "GroupBy", "Kind", "Metrics", "count_events", "count_facts", "read_metrics"]
