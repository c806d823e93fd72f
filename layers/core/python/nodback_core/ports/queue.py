"""The queue: one message for each thing to be done once, by a function that works on one at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be done, as ids; messages of one group wait for each other before they make others wait."""

    body: Mapping[str, str]
    group: str


class Queue(Protocol):
    def send(self, messages: Sequence[Message]) -> None:
        """Put all messages on the queue; raises when one was not taken, and then all may come again."""
