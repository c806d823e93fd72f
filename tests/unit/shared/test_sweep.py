"""The sweeper: no row and no shard keeps the others from being repaired."""

from datetime import timedelta

import pytest
from support.crash_cases import claimed
from support.unreadable import restore, spoil
from support.world import World

from nodback_core.domain.reviews.requests import ATTENTION_SHARDS, Request
from nodback_core.ports import Event
from nodback_core.usecases.shared import sweep
from nodback_core.usecases.shared.sweep import SweepFailed, Swept


def owing(reviews: int) -> tuple[World, list[str]]:
    """Reviews whose mails were never asked for on the bus."""
    world = World()
    deployment = world.deployment()
    made = [world.pause(deployment, flow_id=f"flow-{n}").request.request_id for n in range(reviews)]
    world.bus.events.clear()
    world.pass_time(minutes=2)
    return world, made


def test_a_row_that_cannot_be_repaired_leaves_the_others_repaired_and_is_told_at_the_end() -> None:
    world, made = owing(12)
    bad, chain = f"request/{made[0]}", world.store.chain

    def broken(subject: str, **named: int) -> object:
        if subject == bad:
            raise ValueError("no such entry")
        return chain(subject, **named)

    world.store.chain = broken
    with pytest.raises(SweepFailed, match=rf"1 failed, such as {bad}: .*no such entry") as told:
        world.sweep()
    assert (told.value.swept.failures, told.value.swept.effects) == (1, 11)
    assert isinstance(told.value.__cause__, ValueError)
    world.store.chain = chain
    world.deliver()
    assert len(world.mailer.sent) == 11


def test_a_shard_that_cannot_be_read_leaves_the_others_swept() -> None:
    world, _ = owing(12)
    listed, asked = world.store.list, []

    def broken(kind: type[Request], index: object, partition: str, **named: object) -> object:
        asked.append(partition)
        if partition == "1":
            raise TimeoutError
        return listed(kind, index, partition, **named)

    world.store.list = broken
    with pytest.raises(SweepFailed, match="shard 1"):
        world.sweep()
    assert sorted(asked) == [str(n) for n in range(ATTENTION_SHARDS)]


def test_each_shard_is_the_first_one_in_its_turn() -> None:
    world, _ = owing(1)
    listed, first = world.store.list, []

    def noted(kind: type[Request], index: object, partition: str, **named: object) -> object:
        asked.append(partition)
        return listed(kind, index, partition, **named)

    world.store.list = noted
    for _ in range(ATTENTION_SHARDS):
        asked: list[str] = []
        world.sweep()
        first.append(asked[0])
        world.now += timedelta(minutes=1)
    assert sorted(first) == [str(n) for n in range(ATTENTION_SHARDS)]


def test_an_event_that_the_bus_does_not_take_is_asked_after_again_later() -> None:
    world, _ = owing(1)
    publish = world.bus.publish

    def down(events: list[Event]) -> None:
        raise ConnectionError

    world.bus.publish = down
    with pytest.raises(SweepFailed):
        world.sweep()
    world.bus.publish = publish
    world.pass_time(minutes=2)
    assert world.sweep().effects == 1


def test_rows_that_cannot_be_read_stop_no_shard_and_are_repaired_once_they_can_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweep, "ROWS_PER_SHARD", 2)
    world, made = owing(24)
    later = [world.request(rid) for rid in made[:16]]
    for request in later:
        spoil(world, request)
    assert sum((world.sweep() for _ in range(4)), Swept()).effects == 8
    assert world.sweep() == Swept(unreadable=16)
    world.deliver()
    assert len(world.mailer.sent) == 8
    for request in later:
        restore(world, request)
    assert sum((world.sweep() for _ in range(8)), Swept()) == Swept(effects=16)
    world.deliver()
    assert len(world.mailer.sent) == 24


def test_a_lost_resume_that_two_sweepers_find_at_once_is_counted_by_one_of_them() -> None:
    world, _ = consumed_by_a_lost_worker()
    listed, others = world.store.list, []

    def overtaken(*given: object, **named: object) -> object:
        page = listed(*given, **named)
        if page.items and not others:
            world.store.list = listed
            others.append(world.sweep())
        return page

    world.store.list = overtaken
    assert [swept.resumes for swept in (world.sweep(), *others)] == [0, 1]


def consumed_by_a_lost_worker() -> tuple[World, str]:
    """A resume whose worker has said that the flow goes on, and nothing since."""
    world = World()
    request_id = claimed(world, consumed=True)
    world.pass_time(seconds=91)
    return world, request_id
