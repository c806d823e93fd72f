"""How a record is addressed: its key, its version and the lists it stands in.

A record is a frozen dataclass with `version` (0 = not stored yet; the store adds one at each write), a `key` and
`indexes`: the lists that hold it, each with a partition and a sort text. A record leaves a list by no longer naming it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar, cast

MAX_PARTITION_BYTES = 2048
MAX_SORT_BYTES = 1024
"""What DynamoDB takes as the two parts of a key, in the table and in a list."""


class Index(StrEnum):
    """The lists beside the main one; each exists in the table under this name."""

    PENDING_BY_DEPLOYMENT = "pending_by_deployment"
    PENDING_BY_ASSIGNEE = "pending_by_assignee"
    READY_RESUMES = "ready_resumes"
    ATTENTION = "attention"
    BY_MONTH = "by_month"
    BY_RESPONDER = "by_responder"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in a list."""

    partition: str
    sort: str


class Record(Protocol):
    """What every stored dataclass offers."""

    @property
    def version(self) -> int: ...

    @property
    def key(self) -> "Key[Record]": ...

    @property
    def indexes(self) -> Mapping[Index, Place]: ...

    @property
    def forget_after(self) -> datetime | None: ...


R = TypeVar("R", bound=Record, covariant=True)
W = TypeVar("W", bound=Record)


@dataclass(frozen=True, slots=True)
class Key(Generic[R]):
    """The address of a record in the requests table."""

    kind: type[R]
    partition: str
    sort: str


def fits_a_key(partition: str, sort: str) -> bool:
    """Whether the tables can hold a record under these two texts."""
    return 0 < len(partition.encode()) <= MAX_PARTITION_BYTES and 0 < len(sort.encode()) <= MAX_SORT_BYTES


def check_places(record: Record) -> None:
    """Raises ValueError, which names the record, when its key or its place in a list is too long."""
    places = {"key": (record.key.partition, record.key.sort)}
    places |= {index.value: (place.partition, place.sort) for index, place in record.indexes.items()}
    for name, place in places.items():
        if not fits_a_key(*place):
            raise ValueError(f"{type(record).__name__} {record.key.partition[:100]}: its {name} is too long")


def at_next_version(record: W) -> W:
    """The record as the store keeps it once it is written: at its next version."""
    return replace(record, version=record.version + 1)  # type: ignore[type-var]


class Row:
    """What most stored rows share: they stand in no list and are kept for good. A row says where it differs."""

    __slots__ = ()

    @property
    def indexes(self) -> Mapping[Index, Place]:
        """The lists that it stands in, each with its place there."""
        return {}

    @property
    def forget_after(self) -> datetime | None:
        """From when on the table may drop it; None: never."""
        return None


@dataclass(frozen=True, slots=True)
class Rows:
    """Records by key, as one read found them."""

    found: Mapping[Key[Record], Record]

    def __getitem__(self, key: Key[R]) -> R | None:
        return cast("R | None", self.found.get(cast("Key[Record]", key)))

    def of(self, kind: type[R]) -> R:
        """The one record of a kind; LookupError unless there is exactly one."""
        found = [record for record in self.found.values() if isinstance(record, kind)]
        if len(found) != 1:
            raise LookupError(f"there are {len(found)} rows of the kind {kind.__name__}, not one")
        return found[0]

    def along_with(self, others: Iterable[Record]) -> "Rows":
        """The same, and others that were found besides."""
        return Rows({**self.found, **{record.key: record for record in others}})

    def after(self, written: Iterable[Record], removed: Iterable[Record] = ()) -> "Rows":
        """The same with what was written, each record at its next version, and without what was removed."""
        gone = {record.key for record in removed}
        kept = {key: record for key, record in self.found.items() if key not in gone}
        return Rows(kept | {record.key: at_next_version(record) for record in written})
