"""Figures: equal to a direct computation, whatever the events did on their way, and the same when rebuilt."""

import random
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from support.scale import SCALE, SEED, replay_with
from support.world import INSTALL, START, World

from nodback_core.adapters.dynamodb.items import INDEX_ATTRIBUTES
from nodback_core.adapters.memory import MemoryStore
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.figures.tallies import DECIDED_AT_HOUR, OPENED, OPENED_AT_HOUR, OUTCOME, SOURCE, Figures
from nodback_core.domain.reviews.happenings import AutoResponded, Cancelled, Opened, Responded, Superseded
from nodback_core.domain.reviews.requests import Assignment, Decision, Request, Source, Status
from nodback_core.domain.shared.entries import Action, NewEntry, append
from nodback_core.domain.shared.happenings import Happening
from nodback_core.domain.shared.records import Record
from nodback_core.domain.shared.times import stamp
from nodback_core.ports import Counters
from nodback_core.usecases.figures.metrics import GroupBy, Metrics, count_events, read_metrics
from nodback_core.usecases.figures.rebuild import rebuild_metrics

NEWER = {"superseded_by": "r-2", "superseded_by_number": 2}
DAYS = 20
REQUESTS = 200
"""`make fuzz` takes it to 10,000 and more."""
FIRST, LAST = START.date(), START.date() + timedelta(days=DAYS + 10)


def simulated(world: World, count: int, choose: random.Random) -> list[Request]:
    """Requests as use cases would leave them, with their entries: written directly, to have many of them."""
    return [a_request(world, n, choose) for n in range(count)]


def a_request(world: World, number: int, choose: random.Random) -> Request:
    opened_at = START + timedelta(milliseconds=choose.randrange(DAYS * 86_400_000))
    flow, method = choose.choice([("Flow", "review"), ("Flow", "approve"), ("Other#1", "review"), ("Ünicode", "a b")])
    request = Request(
        request_id=world.uuid(),
        organization_id=1,
        deployment_id=1,
        flow_id=f"flow-{number}",
        flow_name=flow,
        flow_class="m.F",
        method_name=method,
        number=1,
        opened_at=opened_at,
        body_digest="d",
        assignment=Assignment(1, "a@example.com"),
        emit=("approved", "rejected"),
    )
    happenings: list[tuple[Happening, datetime]] = [(an_opening(request), opened_at)]
    status = choose.choices(list(Status), weights=[1, 7, 1, 1])[0]
    if status is not Status.PENDING:
        closed_at = opened_at + timedelta(milliseconds=int(choose.lognormvariate(14, 2.5)))
        closed_at = min(closed_at, START + timedelta(days=DAYS + 9))
        request = replace(request, status=status, closed_at=closed_at)
        closing: Happening = Cancelled() if status is Status.CANCELLED else Superseded(**NEWER)
        if status is Status.RESPONDED:
            source = choose.choice(list(Source))
            people = ["a@example.com", "b#x@example.com", "ü@example.com"]
            who = "auto" if source is Source.AUTO else choose.choice(people)
            outcome = choose.choice(["approved", "rejected", None])
            sla = choose.choice(["met", "breached", None])
            decision = Decision("d", closed_at, source, who, "x", outcome)
            request = replace(request, decision=decision, sla=sla)
            closing = an_answer(decision, sla)
        happenings.append((closing, closed_at))
    head, entries = request.head, []
    for said, at in happenings:
        made, head = append(head, [NewEntry(said.action, said.by, said.facts())], at=at)
        entries += made
    world.store.commit([request], entries)
    return request


def an_opening(request: Request) -> Opened:
    return Opened(
        flow_id=request.flow_id,
        flow_name=request.flow_name,
        method_name=request.method_name,
        number=request.number,
        emit=request.emit,
        default_outcome=None,
        email_notifications=True,
        sla_due_at=None,
        shown_digest="d",
        snapshot_digest="d",
    )


def an_answer(decision: Decision, sla: str | None) -> Happening:
    facts = {
        "decision_id": decision.decision_id,
        "outcome": decision.outcome,
        "responder": decision.responder,
        "identity": decision.identity,
        "source": decision.source.value,
        "response_seconds": decision.seconds,
        "decided_at": stamp(decision.at),
        "feedback_digest": "d",
        "reply_text_digest": "d",
        "sla": sla,
    }
    return AutoResponded(step="auto", **facts) if decision.source is Source.AUTO else Responded(**facts)


def events_of(requests: list[Request], world: World) -> list[tuple[str, str]]:
    return [(r.request_id, e.action.value) for r in requests for e in world.store.chains[r.subject]]


def read(world: World, group_by: GroupBy | None = None, first: date = FIRST, last: date = LAST) -> Metrics:
    return read_metrics(1, first=first, last=last, group_by=group_by, caller=INSTALL, store=world.store)


def everything(world: World) -> dict:
    """All figures by all groups, as plain numbers."""
    found = {g: read(world, g) for g in [None, *GroupBy]}
    return {
        str(g): (dict(m.total.amounts), {group.name: dict(group.figures.amounts) for group in m.groups})
        for g, m in found.items()
    }


def deliver(events: list[tuple[str, str]], world: World, choose: random.Random) -> None:
    """Each event one to five times, in random order, in batches as the queue makes them."""
    repeated = [event for event in events for _ in range(choose.randrange(1, 6))]
    choose.shuffle(repeated)
    while repeated:
        size = choose.randrange(1, 41)
        batch, repeated = repeated[:size], repeated[size:]
        count_events(batch, store=world.store, now=world.now)


def check(figures: Figures, requests: list[Request], first: date, last: date) -> None:
    """Against the requests themselves."""
    opened = [r for r in requests if first <= r.opened_at.date() <= last]
    closed = [r for r in requests if r.closed_at and first <= r.closed_at.date() <= last]
    decided = [r for r in closed if r.decision]
    decisions = [r.decision for r in decided if r.decision]
    assert figures.opened == len(opened)
    assert figures.responded == len(decided)
    assert figures.cancelled == sum(r.status is Status.CANCELLED for r in closed)
    assert figures.superseded == sum(r.status is Status.SUPERSEDED for r in closed)
    assert figures.by(SOURCE) == Counter(d.source.value for d in decisions)
    assert figures.by(OUTCOME) == Counter(d.outcome or "(free text)" for d in decisions)
    assert figures.by(OPENED_AT_HOUR) == Counter(stamp(r.opened_at)[11:13] for r in opened)
    assert figures.by(DECIDED_AT_HOUR) == Counter(stamp(d.at)[11:13] for d in decisions)
    slas = Counter(r.sla for r in decided if r.sla)
    assert (figures.sla_met, figures.sla_breached) == (slas["met"], slas["breached"])
    auto = sum(d.source is Source.AUTO for d in decisions)
    assert figures.auto_share == (auto / len(decided) if decided else None)
    times = [milliseconds(r) for r in decided if r.decision and r.decision.source is not Source.AUTO]
    assert figures.times.count == len(times)
    if times:
        assert figures.times.average_ms == pytest.approx(statistics.fmean(times))
        near(figures.times.quantile(0.5), statistics.median_low(times))
        near(figures.times.quantile(0.9), sorted(times)[-(-9 * len(times) // 10) - 1])


def near(estimate: int | None, exact: int) -> None:
    assert estimate is not None
    assert abs(estimate - exact) <= max(0.05 * exact, 1)


def milliseconds(request: Request) -> int:
    assert request.closed_at is not None
    return round((request.closed_at - request.opened_at) / timedelta(milliseconds=1))


@pytest.mark.fuzz
def test_figures_equal_a_direct_computation_and_rebuilt_ones_equal_the_live_ones() -> None:
    choose = random.Random(SEED)
    world = World(seed=SEED)
    world.deployment()
    requests = simulated(world, REQUESTS * SCALE, choose)
    deliver(events_of(requests, world), world, choose)
    try:
        check(read(world).total, requests, FIRST, LAST)
        for _ in range(5):
            first = FIRST + timedelta(days=choose.randrange(DAYS))
            last = first + timedelta(days=choose.randrange(5))
            check(read(world, first=first, last=last).total, requests, first, last)
        names = {
            GroupBy.FLOW: lambda r: r.flow_name,
            GroupBy.METHOD: lambda r: r.method_name,
        }
        for group_by, name in names.items():
            for group in read(world, group_by).groups:
                check(group.figures, [r for r in requests if name(r) == group.name], FIRST, LAST)
        for group in read(world, GroupBy.REVIEWER).groups:
            own = [r for r in requests if r.decision and r.decision.responder == group.name]
            times = [milliseconds(r) for r in own]
            assert group.figures.times.count == len(times)
            near(group.figures.times.quantile(0.5), statistics.median_low(times))
        for group in read(world, GroupBy.DAY).groups:
            day = date.fromisoformat(group.name)
            check(group.figures, requests, day, day)
        live = everything(world)
        world.now = START + timedelta(days=DAYS + 10)
        rebuilt = rebuild_metrics(1, store=world.store, now=world.now)
        assert rebuilt.is_done
        assert everything(world) == live
    except AssertionError as error:
        raise AssertionError(f"{error}; {replay_with(SEED)}") from error


def test_a_rebuild_among_live_events_that_stops_and_goes_on_counts_each_once() -> None:
    choose = random.Random(5)
    world = World()
    world.deployment()
    early = simulated(world, 60, choose)
    deliver(events_of(early, world), world, choose)
    # Figures that went wrong, as by a fault of ours.
    world.store.numbers[("tally/1/0/total", START.date().isoformat())] = {OPENED: 999}
    world.now = START + timedelta(days=DAYS + 10)
    late = []
    for _ in range(2000):
        more = simulated(world, 1, choose) if len(late) < 40 else []
        late += more
        done = rebuild_metrics(1, store=world.store, may_go_on=lambda: False, now=world.now)
        deliver(events_of(more, world), world, choose)
        if done.is_done:
            break
    check(read(world).total, early + late, FIRST, LAST)


def test_an_event_that_comes_before_its_row_is_to_come_again() -> None:
    world = World()
    request = world.pause(world.deployment()).request
    with pytest.raises(LookupError):
        count_events([(request.request_id, "request.responded")], store=world.store, now=world.now)
    with pytest.raises(LookupError):
        count_events([(world.uuid(), "request.opened")], store=world.store, now=world.now)


def test_of_two_that_count_the_same_only_one_adds() -> None:
    world = World()
    request = world.pause(world.deployment()).request
    increment, raced = MemoryStore.increment, []

    def slow(store: MemoryStore, *arguments: object) -> None:
        if not raced:
            raced.append(True)
            count_events([(request.request_id, "request.opened")], store=world.store, now=world.now)
        increment(store, *arguments)  # type: ignore[arg-type]

    world.store.increment = lambda *a: slow(world.store, *a)  # type: ignore[method-assign]
    assert count_events([(request.request_id, "request.opened")], store=world.store, now=world.now) == []
    assert read(world).total.opened == 1


def test_a_whole_story_is_counted_from_its_own_events() -> None:
    world = World()
    deployment = world.deployment(sla_minutes=10)
    first, second = world.pause(deployment).request, world.pause(deployment, flow_id="two").request
    events = list(world.bus.events)
    world.deliver()
    world.pass_time(minutes=4)
    world.reply("approved", to=world.reply_address())
    events += world.bus.events
    count_events(
        [(str(e.detail["request_id"]), e.name) for e in events if "request_id" in e.detail],
        store=world.store,
        now=world.now,
    )
    found = read(world).total
    assert (found.opened, found.responded, found.sla_met) == (2, 1, 1)
    assert found.times.average_ms == 240_000
    assert {first.request_id, second.request_id}
    world.pass_time(hours=1)
    before = everything(world)
    assert rebuild_metrics(1, store=world.store, now=world.now).counted == 3
    assert everything(world) == before


def test_names_of_any_length_are_counted_each_for_itself_and_read_whole() -> None:
    world = World()
    world.deployment()
    choose = random.Random(SEED)
    long = "審" * 199
    names = [(f"{long}{flow}", f"{long}{method}") for flow in "甲乙" for method in "丙丁"] + [("Flow", "review")]
    requests = [
        replace(a_request(world, n, choose), flow_name=flow, method_name=method, opened_at=START)
        for n, (flow, method) in enumerate(names)
    ]
    for request in requests:
        world.store.commit([replace(request, status=Status.PENDING, decision=None, closed_at=None, version=1)])
    count_events([(r.request_id, Action.REQUEST_OPENED) for r in requests], store=world.store, now=world.now)
    assert counted(world, GroupBy.METHOD) == {"review": 1, f"{long}丙": 2, f"{long}丁": 2}
    assert counted(world, GroupBy.FLOW) == {"Flow": 1, f"{long}甲": 2, f"{long}乙": 2}
    assert all(len(sort.encode()) <= 1024 for _, sort in world.store.numbers)


def counted(world: World, group_by: GroupBy) -> dict[str, int]:
    found = read_metrics(1, first=START.date(), last=START.date(), group_by=group_by, caller=INSTALL, store=world.store)
    return {group.name: group.figures.opened for group in found.groups}


def test_marks_are_forgotten_and_figures_are_not() -> None:
    world = World()
    request = world.pause(world.deployment()).request
    count_events([(request.request_id, "request.opened")], store=world.store, now=world.now)
    (mark,) = [row for (_, sort), row in world.store.rows.items() if sort.startswith("counted/")]
    assert mark.forget_after is not None
    assert mark.forget_after - world.now > timedelta(days=30)


def test_no_number_has_the_name_of_an_indexs_key() -> None:
    """The table knows those as text and refuses numbers under their names."""
    keys = {name for pair in INDEX_ATTRIBUTES.values() for name in pair} | {"pk", "sk", "version", "expires_at"}
    choose, world = random.Random(1), World()
    world.deployment()
    deliver(events_of(simulated(world, 80, choose), world), world, choose)
    names = {name for row in world.store.numbers.values() for name in row}
    assert len(names) > 20
    assert not names & keys


def test_counting_a_review_costs_fourteen_write_units_alone_and_few_in_a_crowd() -> None:
    """Two for each row of a transaction; a mark, and the rows of the day: all, flow and method, reviewer."""
    choose, world = random.Random(1), World()
    world.deployment()
    write_units: list[int] = []
    increment = world.store.increment

    def counting(additions: Sequence[Counters], marks: Sequence[Record]) -> None:
        write_units.append(2 * (len(additions) + len(marks)))
        increment(additions, marks)

    world.store.increment = counting  # type: ignore[method-assign]
    request = next(r for r in simulated(world, 50, choose) if r.decision and r.decision.source is Source.EMAIL)
    for event in events_of([request], world):
        count_events([event], store=world.store, now=world.now)
    assert write_units == [6, 8]
    write_units.clear()
    crowd = [world.pause(the_only(world), flow_id=f"crowd-{n}").request for n in range(25)]
    count_events([(r.request_id, "request.opened") for r in crowd], store=world.store, now=world.now)
    assert sum(write_units) == 2 * (25 + 2)


def the_only(world: World) -> Deployment:
    found = world.store.fetch(Deployment.at(1))[Deployment.at(1)]
    assert found is not None
    return found
