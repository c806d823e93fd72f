"""Every port in memory, for tests and simulations: the same rules, no network."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nodback_core.domain.audit.day_lists import day_of, day_sort
from nodback_core.domain.shared.cursors import child_of, cursor_at, place_of
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.records import Index, Key, Record, at_next_version, check_places
from nodback_core.ports import (
    Changed,
    Counters,
    CountersPage,
    DataKey,
    Entries,
    Event,
    Message,
    Page,
    Rows,
    RowUnreadable,
    Unreadable,
)
from nodback_core.ports.objects import check_folder

R = TypeVar("R", bound=Record)
MAX_ROWS = 100


@dataclass
class MemoryStore:
    """Records and entries in dictionaries, changed under one lock; `on_entries` plays the stream.

    A row that is not of the kind that is asked for is one that cannot be read.
    """

    rows: dict[tuple[str, str], Record] = field(default_factory=dict)
    numbers: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    names: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    chains: dict[str, list[Entry]] = field(default_factory=dict)
    days: dict[str, list[tuple[str, Entry]]] = field(default_factory=dict)
    on_entries: Callable[[Sequence[Entry]], None] | None = None
    report: Callable[[Unreadable], None] = field(default=lambda _: None, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def fetch(self, *keys: Key[Record]) -> Rows:
        if len(keys) > MAX_ROWS:
            raise ValueError(f"at most {MAX_ROWS} keys")
        with self._lock:
            found = {k: row for k in keys if (row := self.rows.get((k.partition, k.sort))) is not None}
        if unreadable := [_unreadable(k.kind, row) for k, row in found.items() if not isinstance(row, k.kind)]:
            raise RowUnreadable(*unreadable)
        return Rows(found)

    def commit(
        self, records: Sequence[Record], entries: Sequence[Entry] = (), *, removals: Sequence[Record] = ()
    ) -> None:
        if len(records) + len(entries) + len(removals) > MAX_ROWS:
            raise ValueError(f"at most {MAX_ROWS} rows in one transaction")
        for record in records:
            check_places(record)
        with self._lock:
            for record in (*records, *removals):
                stored = self.rows.get(_address(record))
                if (stored.version if stored else 0) != record.version:
                    raise Changed
            for entry in entries:
                if any(entry.seq == known.seq for known in self.chains.get(entry.subject, ())):
                    raise Changed
            for record in records:
                self.rows[_address(record)] = at_next_version(record)
            for record in removals:
                del self.rows[_address(record)]
            for entry in entries:
                self.chains.setdefault(entry.subject, []).append(entry)
                insort(self.days.setdefault(day_of(entry), []), (day_sort(entry), entry), key=_place_of)
        if entries and self.on_entries:
            self.on_entries(entries)

    def list(
        self,
        kind: type[R],
        index: Index,
        partition: str,
        *,
        newest_first: bool = False,
        after: str | None = None,
        before: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[R]:
        with self._lock:
            rows = list(self.rows.values())
        placed = sorted(
            (
                (place.sort, row)
                for row in rows
                if (place := row.indexes.get(index)) is not None
                and place.partition == partition
                and (after is None or place.sort >= after)
                and (before is None or place.sort < before)
            ),
            key=lambda pair: pair[0],
            reverse=newest_first,
        )
        of = f"{index} {partition}"
        behind = None if cursor is None else place_of(cursor, of=of)
        return self._page(kind, placed, limit, behind, newest_first, of=of)

    def children(
        self,
        kind: type[R],
        partition: str,
        prefix: str,
        *,
        newest_first: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[R]:
        with self._lock:
            found = sorted(
                ((sort, row) for (pk, sort), row in self.rows.items() if pk == partition and sort.startswith(prefix)),
                key=lambda pair: pair[0],
                reverse=newest_first,
            )
        of = f"{partition} {prefix}"
        behind = None if cursor is None else child_of(cursor, of=of, prefix=prefix)
        return self._page(kind, found, limit, behind, newest_first, of=of)

    def _page(
        self,
        kind: type[R],
        placed: Sequence[tuple[str, Record]],
        limit: int,
        behind: str | None,
        newest_first: bool,
        *,
        of: str,
    ) -> Page[R]:
        if behind is not None:
            placed = [p for p in placed if (p[0] < behind if newest_first else p[0] > behind)]
        part = placed[:limit]
        items = [row for _, row in part if isinstance(row, kind)]
        unreadable = [_unreadable(kind, row) for _, row in part if not isinstance(row, kind)]
        for row in unreadable:
            self.report(row)
        cursor = cursor_at(part[-1][0], of=of) if len(placed) > limit else None
        return Page(tuple(items), cursor, tuple(unreadable))

    def chain(self, subject: str, *, after_seq: int = 0, limit: int = 500) -> Entries:
        with self._lock:
            behind = [e for e in self.chains.get(subject, ()) if e.seq > after_seq]
        part = tuple(behind[:limit])
        return Entries(part, str(part[-1].seq) if len(behind) > limit else None)

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
        with self._lock:
            placed = self.days.get(f"{deployment_id}#{date}#{shard}", [])
            start = bisect_left(placed, after or "", key=_place_of)
            if cursor:
                start = max(start, bisect_right(placed, cursor, key=_place_of))
            part = placed[start : start + limit]
            more = start + limit < len(placed)
        return Entries(tuple(e for _, e in part), part[-1][0] if more else None)

    def increment(self, additions: Sequence[Counters], marks: Sequence[Record]) -> None:
        if len(additions) + len(marks) > MAX_ROWS:
            raise ValueError(f"at most {MAX_ROWS} rows in one transaction")
        for row in additions:
            row.check_place()
        with self._lock:
            if any(_address(mark) in self.rows for mark in marks):
                raise Changed
            for mark in marks:
                self.rows[_address(mark)] = at_next_version(mark)
            for row in additions:
                if not row.amounts:
                    continue
                known = self.numbers.setdefault((row.partition, row.sort), {})
                for name, amount in row.amounts.items():
                    known[name] = known.get(name, 0) + amount
                self.names[row.partition, row.sort] = {**self.names.get((row.partition, row.sort), {}), **row.names}

    def counters(self, *places: tuple[str, str]) -> Sequence[Counters]:
        with self._lock:
            return [self._row(place) for place in places]

    def _row(self, place: tuple[str, str]) -> Counters:
        return Counters(*place, dict(self.numbers.get(place, {})), self.names.get(place, {}))

    def counters_between(
        self, partition: str, *, after: str, before: str, limit: int = 500, cursor: str | None = None
    ) -> CountersPage:
        with self._lock:
            found = sorted(
                sort
                for pk, sort in self.numbers
                if pk == partition and after <= sort < before and (cursor is None or sort > cursor)
            )
            part = tuple(self._row((partition, sort)) for sort in found[:limit])
        return CountersPage(part, part[-1].sort if len(found) > limit else None)


def _place_of(placed: tuple[str, Entry]) -> str:
    return placed[0]


def _address(record: Record) -> tuple[str, str]:
    return record.key.partition, record.key.sort


def _unreadable(kind: type[Record], row: Record) -> Unreadable:
    return Unreadable(kind.__name__, *_address(row), f"it is a {type(row).__name__}")


@dataclass
class MemoryMasterKey:
    """A master key in memory; the cipher is the real one."""

    secret: bytes
    random: Callable[[int], bytes]

    def create(self, owner: str) -> DataKey:
        plain = self.random(32)
        nonce = self.random(12)
        return DataKey(owner, nonce + AESGCM(self.secret).encrypt(nonce, plain, owner.encode()), plain)

    def open(self, owner: str, wrapped: bytes) -> DataKey:
        try:
            plain = AESGCM(self.secret).decrypt(wrapped[:12], wrapped[12:], owner.encode())
        except InvalidTag:
            raise ValueError("this data key belongs to another owner or was altered") from None
        return DataKey(owner, wrapped, plain)


@dataclass
class MemoryObjects:
    objects: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, data: bytes) -> None:
        self.objects[name] = data

    def get(self, name: str, *, limit: int) -> bytes | None:
        data = self.objects.get(name)
        if data is not None and len(data) > limit:
            raise ValueError(f"{name} has {len(data)} bytes, more than {limit}")
        return data

    def delete(self, name: str) -> None:
        self.objects.pop(name, None)

    def names(self, folder: str) -> list[str]:
        check_folder(folder)
        return sorted(name for name in self.objects if name.rpartition("/")[0] == folder[:-1])

    def link(self, name: str, *, seconds: int) -> str:
        return f"memory:///{name}?seconds={seconds}"


@dataclass
class MemorySigner:
    """A signing key in memory; curve, hash and encodings are the real ones. It signs the same bytes the same way."""

    secret: int

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

    def public_key(self) -> bytes:
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(encoding, form)

    @property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self.secret, ec.SECP256R1())


@dataclass(frozen=True)
class SentMessage:
    message_id: str
    message: bytes
    sender: str
    to: str
    tags: Mapping[str, str]


@dataclass
class MemoryMailer:
    """Keeps what it was given, as the mail service would send it."""

    sent: list[SentMessage] = field(default_factory=list)

    def send(self, message: bytes, *, sender: str, to: str, tags: Mapping[str, str]) -> str:
        message_id = f"{len(self.sent) + 1:04d}@mail.invalid"
        self.sent.append(SentMessage(message_id, message, sender, to, dict(tags)))
        return message_id


@dataclass
class MemoryBus:
    events: list[Event] = field(default_factory=list)

    def publish(self, events: Sequence[Event]) -> None:
        self.events.extend(events)


@dataclass
class MemoryQueue:
    messages: list[Message] = field(default_factory=list)

    def send(self, messages: Sequence[Message]) -> None:
        self.messages.extend(messages)
