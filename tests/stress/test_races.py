"""However many answer at once, by whatever channel: one decision, and everybody is told the truth."""

import itertools
import random
import threading

import pytest
from support import invariants
from support.interleaving import by_chance, every_order
from support.pauses import no_pauses
from support.races import KINDS, Arena
from support.scale import SCALE, SEED, replay_with
from support.witness import BrokenPromise

from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.errors import Refused

WRITERS = 8
RACES = 100 * SCALE
RACES_PER_WORLD = 50
ORDERS_PER_PAIR = None if SCALE > 1 else 40


@pytest.fixture(autouse=True)
def _no_pauses():
    with no_pauses():
        yield


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
def test_eight_writers_race_and_one_decides() -> None:
    for number in range(RACES):
        seed = SEED + number
        if number % RACES_PER_WORLD == 0:
            arena = Arena(seed)
        draw = random.Random(f"writers {seed}")
        request = arena.open()
        writers = [arena.writer(draw.choice(KINDS), request, draw.randrange(WRITERS), draw) for _ in range(WRITERS)]
        try:
            arena.judge(request, writers, arena.race([w.act for w in writers], by_chance(seed)))
        except (AssertionError, Exception) as problem:
            pytest.fail(f"race {number} of {[w.name for w in writers]}: {problem!r}; {replay_with(seed)}")
        if number % RACES_PER_WORLD == RACES_PER_WORLD - 1:
            invariants.check(arena.world, arena.witness)


@pytest.mark.parametrize("pair", [*itertools.combinations_with_replacement(KINDS, 2)], ids="-".join)
def test_two_writers_meet_in_every_order_of_their_steps(pair: tuple[str, str]) -> None:
    arena = Arena(1)
    draw = random.Random("writers")
    last: Request | None = None

    def race(choose) -> None:
        nonlocal last
        last = arena.open()
        writers = [arena.writer(kind, last, number, draw) for number, kind in enumerate(pair)]
        arena.judge(last, writers, arena.race([w.act for w in writers], choose))

    assert every_order(race, at_most=ORDERS_PER_PAIR) > 2
    invariants.check(arena.world, arena.witness)


def test_a_reply_and_a_reassignment_meet_in_every_order_and_only_an_assignee_decides() -> None:
    arena = Arena(1)
    draw = random.Random("writers")
    seen = set()

    def race(choose) -> None:
        request = arena.open()
        reply = arena.writer("mail", request, 0, draw)
        told, changed = arena.race([reply.act, arena.reassign(request, "next@example.com")], choose)
        final = arena.world.request(request.request_id)
        assert final.decision is None or final.decision.responder == final.assignment.address
        assert (told is Result.RECORDED) == (final.decision is not None)
        assert told in (Result.RECORDED, Result.REASSIGNED)
        assert isinstance(changed, Refused) == (told is Result.RECORDED)
        seen.add(told)

    assert every_order(race, at_most=ORDERS_PER_PAIR) > 2
    assert len(seen) == 2
    invariants.check(arena.world, arena.witness)


def test_three_answers_meet_in_every_order_of_their_steps() -> None:
    arena = Arena(1)
    draw = random.Random("writers")

    def race(choose) -> None:
        request = arena.open()
        writers = [arena.writer("api", request, number, draw) for number in range(3)]
        arena.judge(request, writers, arena.race([w.act for w in writers], choose))

    assert every_order(race, at_most=None if SCALE > 1 else 300) >= 100


def test_threads_that_have_all_read_before_anybody_writes() -> None:
    arena = Arena(SEED)
    draw = random.Random("writers")
    for _ in range(20 * SCALE):
        request = arena.open()
        writers = [arena.writer("api", request, number, draw) for number in range(WRITERS)]
        arena.world.store = AllRead(arena.witness, threading.Barrier(WRITERS))
        results: list[object] = [None] * WRITERS

        def run(number: int, writers=writers, results=results) -> None:
            try:
                results[number] = writers[number].act()
            except Exception as error:
                results[number] = error

        threads = [threading.Thread(target=run, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        arena.world.store = arena.witness
        arena.judge(request, writers, results)
    invariants.check(arena.world, arena.witness)


class AllRead:
    """A store whose first commits wait until every writer stands at its own."""

    def __init__(self, store, barrier):
        self.store, self.barrier = store, barrier
        self.waited = threading.local()

    def __getattr__(self, attribute):
        return getattr(self.store, attribute)

    def commit(self, *args, **named):
        if not getattr(self.waited, "done", False):
            self.waited.done = True
            self.barrier.wait(timeout=30)
        return self.store.commit(*args, **named)


def test_a_store_that_forgets_to_compare_versions_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests can fail: the arbiter is the condition on the version, and without it they do."""
    arena = Arena(1)
    draw = random.Random("writers")
    store = arena.witness._store

    def careless(records, entries=(), *, removals=()):
        for record in records:
            store.rows[(record.key.partition, record.key.sort)] = record
        for entry in entries:
            store.chains.setdefault(entry.subject, []).append(entry)

    monkeypatch.setattr(store, "commit", careless)

    def race(choose) -> None:
        request = arena.open()
        writers = [arena.writer("api", request, number, draw) for number in range(2)]
        arena.judge(request, writers, arena.race([w.act for w in writers], choose))

    with pytest.raises((AssertionError, BrokenPromise)):
        every_order(race)
