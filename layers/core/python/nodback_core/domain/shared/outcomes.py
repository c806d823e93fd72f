"""What a decision makes of the rows it was given: its subjects as they will be, and everything to write with them."""

from dataclasses import dataclass, field
from typing import Protocol, Self

from nodback_core.domain.reviews.contents import ContentKind
from nodback_core.domain.shared.entries import Head
from nodback_core.domain.shared.happenings import Happening
from nodback_core.domain.shared.records import Record


class Subject(Record, Protocol):
    """A row with a chain in the trail."""

    @property
    def head(self) -> Head: ...

    def at_head(self, head: Head) -> Self:
        """The same row with its chain moved on."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """Words to seal and store with a change of their request.

    Attributes:
        kind: which content of the request it is.
        value: JSON of any shape.
        is_of_entry: whether it belongs to the change's last entry, as a reason does.
        version: that of the content that it replaces; 0 where there is none.
    """

    kind: ContentKind
    value: object = field(repr=False)
    is_of_entry: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A subject as it will be, and what happened to it, in order."""

    row: Subject
    happened: tuple[Happening, ...]
    texts: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that one decision writes: all of it, or nothing."""

    changes: tuple[Change, ...] = ()
    rows: tuple[Record, ...] = ()
    removals: tuple[Record, ...] = ()


def changed(row: Subject, *happened: Happening, texts: tuple[Text, ...] = (), also: tuple[Record, ...] = ()) -> Outcome:
    """The outcome of a decision about one subject; `also` are further rows to write."""
    return Outcome((Change(row, happened, texts),), also)
