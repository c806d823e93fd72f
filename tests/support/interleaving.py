"""Writers that run one at a time and take turns at every call to the store, in an order that a test decides.

Threads alone rarely meet at the worst moment. Here they do: between any two calls of one writer, any other may go on.
"""

import random
import threading
from collections.abc import Callable, Sequence

Choose = Callable[[Sequence[int]], int]
"""Which of the writers that have not finished goes on."""
CALLS = {"fetch", "commit", "list", "children", "chain", "day"}


class Turns:
    """The baton: exactly one writer holds it."""

    def __init__(self, choose: Choose):
        self._choose = choose
        self._mine = threading.local()
        self._back = threading.Semaphore(0)

    def run(self, writers: Sequence[Callable[[], object]]) -> list[object]:
        """Run all writers to their end; returns what each returned or raised."""
        results: list[object] = [None] * len(writers)
        self._go = [threading.Semaphore(0) for _ in writers]
        done: set[int] = set()

        def live(number: int) -> None:
            self._mine.number, self._mine.fresh = number, True
            self._go[number].acquire()
            try:
                results[number] = writers[number]()
            except BaseException as error:
                results[number] = error
            done.add(number)
            self._back.release()

        threads = [threading.Thread(target=live, args=(n,), daemon=True) for n in range(len(writers))]
        for thread in threads:
            thread.start()
        while left := [n for n in range(len(writers)) if n not in done]:
            self._go[self._choose(left)].release()
            self._back.acquire()
        for thread in threads:
            thread.join()
        return results

    def pause(self) -> None:
        """Give the baton back and wait for it; a writer keeps it at its first call, which nothing precedes."""
        number = getattr(self._mine, "number", None)
        if number is None:
            return
        if self._mine.fresh:
            self._mine.fresh = False
            return
        self._back.release()
        self._go[number].acquire()


class TakingTurns:
    """A store whose every call is a place where another writer may go on."""

    def __init__(self, store: object, turns: Turns):
        object.__setattr__(self, "_parts", (store, turns))

    def __getattr__(self, attribute: str) -> object:
        store, turns = self._parts
        value = getattr(store, attribute)
        if attribute not in CALLS:
            return value

        def call(*args: object, **named: object) -> object:
            turns.pause()
            return value(*args, **named)

        return call

    def __setattr__(self, attribute: str, value: object) -> None:
        setattr(self._parts[0], attribute, value)


def by_chance(seed: int) -> Choose:
    """An order drawn from a seed."""
    draw = random.Random(seed)
    return lambda left: left[draw.randrange(len(left))]


def every_order(race: Callable[[Choose], None], *, at_most: int | None = None) -> int:
    """Run `race` once for each order that its writers can take; returns how many orders there were."""
    prefix: list[int] = []
    count = 0
    while at_most is None or count < at_most:
        taken: list[tuple[int, int]] = []

        def choose(left: Sequence[int], taken: list[tuple[int, int]] = taken, prefix: list[int] = prefix) -> int:
            place = prefix[len(taken)] if len(taken) < len(prefix) else 0
            taken.append((place, len(left)))
            return left[place]

        race(choose)
        count += 1
        while taken and taken[-1][0] + 1 >= taken[-1][1]:
            taken.pop()
        if not taken:
            break
        prefix = [place for place, _ in taken[:-1]] + [taken[-1][0] + 1]
    return count
