"""What a rebuild must not count: tests of the mail, and anything twice, however its runs die."""

import pytest
from support.world import INSTALL, REVIEWER, START, World

from nodback_core.domain.audit.trail import KINDS
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.figures.facts import UNNAMED, Fact, Kind, fact_of_entries, kind_of
from nodback_core.domain.figures.tallies import MARK_DAYS, Figures, Generation
from nodback_core.domain.reviews.requests import Status
from nodback_core.domain.shared.entries import Action, Actor, NewEntry, append
from nodback_core.usecases.figures import metrics
from nodback_core.usecases.figures.metrics import GroupBy, Metrics, count_events, read_metrics
from nodback_core.usecases.figures.rebuild import rebuild_metrics
from nodback_core.usecases.letters.mail_tests import open_mail_test

WEEKS = 10


def count_all(world: World) -> list[Fact]:
    """The metrics function hears of every entry of every request."""
    chains = [(subject.removeprefix("request/"), chain) for subject, chain in world.store.chains.items()]
    events = [(rid, entry.action.value) for rid, chain in chains if "/" not in rid for entry in chain]
    return count_events(events, store=world.store, now=world.now)


def read(world: World, group_by: GroupBy | None = None) -> Metrics:
    first, last = START.date(), world.now.date()
    return read_metrics(1, first=first, last=last, group_by=group_by, caller=INSTALL, store=world.store)


def total(world: World) -> Figures:
    return read(world).total


def forget(world: World) -> None:
    """The store drops the rows whose time is over."""
    over = [at for at, row in world.store.rows.items() if row.forget_after is not None and row.forget_after < world.now]
    for at in over:
        del world.store.rows[at]


def answered_test(world: World, deployment: Deployment) -> str:
    """A test of the mail that came back."""
    request_id = world.uuid()
    open_mail_test(
        deployment.deployment_id,
        request_id=request_id,
        to_email=REVIEWER,
        caller=INSTALL,
        storage=world.storage,
        now=world.now,
    )
    world.deliver()
    world.reply("It works", to=world.reply_address())
    assert world.request(request_id).decision is not None
    return request_id


def test_a_test_of_the_mail_is_counted_nowhere_and_credited_to_nobody() -> None:
    world = World()
    answered_test(world, world.deployment())

    assert count_all(world) == []

    assert not total(world).amounts
    assert not read(world, GroupBy.REVIEWER).groups


def test_a_rebuild_passes_over_tests_and_counts_the_reviews_beside_them() -> None:
    world = World()
    deployment = world.deployment()
    answered_test(world, deployment)
    world.pause(deployment)

    rebuilt = rebuild_metrics(1, store=world.store, now=world.now)

    assert (rebuilt.is_done, rebuilt.counted) == (True, 1)
    assert (total(world).opened, total(world).responded) == (1, 0)


def test_a_rebuild_takes_figures_of_tests_away_that_were_counted_before() -> None:
    world = World()
    answered_test(world, world.deployment())
    world.store.numbers["tally/1/0/total", START.date().isoformat()] = {"n:opened": 1, "n:responded": 1}

    rebuild_metrics(1, store=world.store, now=world.now)

    assert not total(world).amounts


def test_an_entry_without_a_name_does_not_keep_the_others_from_being_counted() -> None:
    world = World()
    request = world.pause(world.deployment()).request
    happening = NewEntry(Action.REQUEST_OPENED, Actor("service", "s"), {"number": 1})
    (nameless,), _ = append(request.head, [happening], at=world.now)

    fact = fact_of_entries(nameless, nameless)

    assert fact is not None
    assert (fact.flow_name, fact.method_name) == (UNNAMED, UNNAMED)


def long_ago(world: World) -> Deployment:
    """A review a week, each answered at once and none of them counted; then nothing for months."""
    deployment = world.deployment()
    for number in range(WEEKS):
        world.pause(deployment, flow_id=f"flow-{number}")
        world.deliver()
        world.reply("approved", to=world.reply_address())
        world.bus.events.clear()
        world.pass_time(days=7)
    world.pass_time(days=MARK_DAYS)
    return deployment


class Died(Exception):
    """The run of a rebuild was ended in the middle."""


def a_run_dies(world: World, *, after: int) -> None:
    """A rebuild that ends after so many writes of figures."""
    increment, left = world.store.increment, [after]

    def dying(*arguments) -> None:
        if not left[0]:
            raise Died
        left[0] -= 1
        increment(*arguments)

    world.store.increment = dying  # type: ignore[method-assign]
    with pytest.raises(Died):
        rebuild_metrics(1, store=world.store, now=world.now)
    world.store.increment = increment  # type: ignore[method-assign]


@pytest.mark.parametrize("after", [1, 6, 13])
def test_a_run_that_dies_and_is_called_again_counts_what_is_old_once(
    after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "FACTS_AT_ONCE", 1)
    world = World()
    long_ago(world)
    a_run_dies(world, after=after)
    world.pass_time(minutes=15)
    forget(world)

    assert rebuild_metrics(1, store=world.store, now=world.now).is_done

    assert (total(world).opened, total(world).responded) == (WEEKS, WEEKS)


def test_a_rebuild_that_was_left_for_months_starts_anew() -> None:
    world = World()
    deployment = long_ago(world)
    a_run_dies(world, after=5)
    left = generation(world).building
    world.pause(deployment, flow_id="while-it-is-left")
    assert count_all(world), "live counting goes on, into both"
    world.pass_time(days=MARK_DAYS + 1)
    forget(world)

    assert rebuild_metrics(1, store=world.store, now=world.now).is_done

    assert (total(world).opened, total(world).responded) == (WEEKS + 1, WEEKS)
    assert generation(world).current != left


def generation(world: World) -> Generation:
    found = world.store.fetch(Generation.at(1))[Generation.at(1)]
    assert found is not None
    return found


def test_a_closing_that_lacks_facts_still_counts_as_closed() -> None:
    world = World()
    request = world.pause(world.deployment()).request
    (opened,) = [e for e in world.store.chains[request.subject] if e.action is Action.REQUEST_OPENED]
    happening = NewEntry(Action.REQUEST_RESPONDED, Actor("service", "s"), {"outcome": "approved"})
    (older,), _ = append(request.head, [happening], at=world.now)

    fact = fact_of_entries(opened, older)

    assert fact is not None
    assert (fact.flow_name, fact.status, fact.source) == (request.flow_name, Status.RESPONDED, None)


def test_what_is_counted_is_an_opening_every_way_out_of_pending_and_what_free_text_was_taken_for() -> None:
    counted = {kind.action.value: kind_of(kind.action) for kind in KINDS if kind_of(kind.action)}

    assert counted == {
        "request.opened": Kind.OPENED,
        **{f"request.{action}": Kind.CLOSED for action in ("responded", "auto_responded", "cancelled", "superseded")},
        "outcome.settled": Kind.SETTLED,
    }
    assert {kind.closes_as for kind in KINDS} == {None, *Status} - {Status.PENDING}
    assert kind_of("request.weighed") is None
