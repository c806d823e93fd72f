"""The store: records and audit entries, changed together or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.records import Index, Key, Record, Rows
from nodback_core.ports.counters import Counters, CountersPage

R = TypeVar("R", bound=Record)

PAGE_SIZE = 50


class Changed(Exception):
    """A record is no longer at the version that was read; nothing was written."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that this version cannot read, as after a rollback: where it is and why, never what it holds."""

    kind: str
    partition: str
    sort: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} {self.partition} {self.sort}: {self.reason}"


class RowUnreadable(Exception):
    """A row that is needed cannot be read by this version of the code; it stays as it is."""

    def __init__(self, *rows: Unreadable):
        super().__init__("; ".join(str(row) for row in rows))
        self.rows = rows


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """A part of a list; `cursor` fetches the next part, None at the end.

    A row that cannot be read stands in `unreadable` instead of `items`, so it never keeps others from being found.
    """

    items: tuple[R, ...]
    cursor: str | None
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def whole(self) -> tuple[R, ...]:
        """The items, for those who must not miss one; raises RowUnreadable when a row was skipped."""
        if self.unreadable:
            raise RowUnreadable(*self.unreadable)
        return self.items


@dataclass(frozen=True, slots=True)
class Entries:
    """A part of a chain or of a day, as the documents that were hashed."""

    items: tuple[Entry, ...]
    cursor: str | None


class Store(Protocol):
    """Reads are consistent, except those through a list, which may lag by moments.

    A list skips rows that cannot be read and reports each of them to whoever runs the service.
    """

    def fetch(self, *keys: Key[Record]) -> Rows:
        """Up to 100 records in one call; raises RowUnreadable when one of them cannot be read."""

    def commit(
        self, records: Sequence[Record], entries: Sequence[Entry] = (), *, removals: Sequence[Record] = ()
    ) -> None:
        """Write all or nothing: each record must still be at its `version` (0: must not exist), each entry new.

        Raises `Changed` when one is not, and TooLarge for a row of more than 400 KB. At most 100 rows and 4 MB.
        """

    def list(
        self,
        kind: type[R],
        index: Index,
        partition: str,
        *,
        newest_first: bool = False,
        after: str | None = None,
        before: str | None = None,
        limit: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[R]:
        """Records of `kind` in one partition of a list, by sort text, those with after <= sort < before.

        Raises InvalidInput for a cursor that this list does not give out.
        """

    def children(
        self,
        kind: type[R],
        partition: str,
        prefix: str,
        *,
        newest_first: bool = False,
        limit: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[R]:
        """Records of `kind` under one partition whose sort text begins with `prefix`, by sort text.

        Raises InvalidInput for a cursor that this list does not give out.
        """

    def chain(self, subject: str, *, after_seq: int = 0, limit: int = 500) -> Entries:
        """A subject's entries in order, those behind `after_seq`."""

    def day(
        self,
        deployment_id: int,
        date: str,
        *,
        shard: int,
        after: str | None = None,
        limit: int = 500,
        cursor: str | None = None,
    ) -> Entries:
        """One deployment's entries of one day (``2026-11-22``, UTC) in one of `DAY_SHARDS` shards, by time.

        With `after`, those from that moment on, given as a stamp.
        """

    def increment(self, additions: Sequence[Counters], marks: Sequence[Record]) -> None:
        """Add the amounts to their rows, once: in the transaction that writes the marks, which must all be new.

        A row without amounts stays as it is. Raises `Changed`, and then nothing was added, when one of the marks
        exists. At most 100 rows.
        """

    def counters(self, *places: tuple[str, str]) -> Sequence[Counters]:
        """The rows of counters at these places (partition, sort text), in the same order; empty ones too."""

    def counters_between(
        self, partition: str, *, after: str, before: str, limit: int = 500, cursor: str | None = None
    ) -> CountersPage:
        """The rows of counters in one partition, by sort text, those with after <= sort < before."""
