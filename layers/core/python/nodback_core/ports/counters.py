"""Counters: numbers that are added to, by many at once and in any order."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nodback_core.domain.shared.records import fits_a_key


@dataclass(frozen=True, slots=True)
class Counters:
    """A row of numbers by name; a number that was never added to is not there."""

    partition: str
    sort: str
    amounts: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """What the row is called, where its sort text has no room for it: set each time, and the same each time."""

    def check_place(self) -> None:
        """Raises ValueError when its key is too long."""
        if not fits_a_key(self.partition, self.sort):
            raise ValueError(f"a row of numbers in {self.partition[:100]}: its key is too long")


@dataclass(frozen=True, slots=True)
class CountersPage:
    items: tuple[Counters, ...]
    cursor: str | None
