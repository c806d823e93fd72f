"""Opened data keys are held for a while, and never longer or more of them than said."""

from collections import Counter
from dataclasses import dataclass, field

import pytest

from nodback_core.adapters.vault import KEY_SECONDS, KEYS_KEPT, KeptKeys
from nodback_core.ports import DataKey


@dataclass
class CountingMaster:
    opened: Counter[str] = field(default_factory=Counter)

    def create(self, owner: str) -> DataKey:
        return DataKey(owner, f"wrapped {owner}".encode(), b"s" * 32)

    def open(self, owner: str, wrapped: bytes) -> DataKey:
        if wrapped != f"wrapped {owner}".encode():
            raise ValueError("this data key belongs to another owner or was altered")
        self.opened[owner] += 1
        return DataKey(owner, wrapped, b"s" * 32)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_key_that_was_made_or_opened_here_is_not_opened_again_for_a_while() -> None:
    master, clock = CountingMaster(), Clock()
    kept = KeptKeys(master, clock)
    made = kept.create("request/1")
    assert kept.open("request/1", made.wrapped) == made
    assert kept.open("request/2", b"wrapped request/2") == kept.open("request/2", b"wrapped request/2")
    assert master.opened == {"request/2": 1}
    clock.now = KEY_SECONDS
    kept.open("request/2", b"wrapped request/2")
    assert master.opened == {"request/2": 2}


def test_a_kept_key_serves_its_owner_alone() -> None:
    kept = KeptKeys(CountingMaster(), Clock())
    made = kept.create("request/1")
    with pytest.raises(ValueError, match="another owner"):
        kept.open("request/2", made.wrapped)


def test_the_oldest_keys_are_forgotten_first_and_none_is_printed() -> None:
    master = CountingMaster()
    kept = KeptKeys(master, Clock())
    for number in range(KEYS_KEPT + 1):
        kept.create(f"request/{number}")
    kept.open(f"request/{KEYS_KEPT}", f"wrapped request/{KEYS_KEPT}".encode())
    kept.open("request/0", b"wrapped request/0")
    assert master.opened == {"request/0": 1}
    assert "ssss" not in repr(kept)
