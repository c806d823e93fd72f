"""Counters: numbers that are added to, by many at once and in any order."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Counters:
    """A row of numbers by name; a number that was never added to is not there."""

    partition: str
    sort: str
    amounts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CountersPage:
    items: tuple[Counters, ...]
    cursor: str | None
