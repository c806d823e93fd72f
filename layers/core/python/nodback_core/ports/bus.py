"""The bus: where entries become events, of ids and names only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from nodback_core.domain.shared.canonical import Json


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted action: `name` is the entry's action, `detail` holds ids, never text."""

    name: str
    detail: Mapping[str, Json]


class Bus(Protocol):
    def publish(self, events: Sequence[Event]) -> None:
        """Put all events on the bus; raises when one was not taken, and then all may come again."""
