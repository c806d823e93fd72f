"""An export of the trail: the entries of one deployment that the seals of a range cover, written page by page."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nodback_core.domain.shared.canonical import Json, canonical
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.records import Key, Row

PAGE_ENTRIES = 5_000
PAGE_SEALS = 500
KEPT_DAYS = 30
MAX_RANGE_DAYS = 400
MANIFEST = "manifest.json"
COLUMNS = (
    *("deployment_id", "subject", "seq", "at", "action", "actor_kind", "actor_id"),
    *("outcome", "responder", "identity", "source", "response_seconds", "sla"),
    *("data", "previous", "hash"),
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")


class ExportStatus(StrEnum):
    """The step at which an export is; each step can be continued where it stopped."""

    SEALS = "seals"
    ENTRIES = "entries"
    MANIFEST = "manifest"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Export(Row):
    """One export, and how far it is."""

    deployment_id: int
    export_id: str
    begin: datetime
    end: datetime
    created_at: datetime
    status: ExportStatus = ExportStatus.SEALS
    seal_pages: int = 0
    first_seal: int = 0
    last_seal: int = 0
    last_seal_at: datetime | None = None
    last_seal_hash: str = ""
    subjects: int = 0
    subjects_done: int = 0
    after_seq: int = 0
    """How far the last page went within the next subject."""
    entries: int = 0
    entry_pages: int = 0
    finished_at: datetime | None = None
    version: int = 0

    @property
    def prefix(self) -> str:
        """The prefix of its objects."""
        return f"exports/{self.deployment_id}/{self.export_id}/"

    @property
    def percent(self) -> int:
        """Its progress, for the person who waits."""
        if self.status is ExportStatus.FINISHED:
            return 100
        if self.status is ExportStatus.SEALS:
            return 0
        return min(99, 5 + 94 * self.subjects_done // max(1, self.subjects))

    @property
    def key(self) -> "Key[Export]":
        return Export.at(self.deployment_id, self.export_id)

    @staticmethod
    def at(deployment_id: int, export_id: str) -> "Key[Export]":
        return Key(Export, f"deployment/{deployment_id}", f"export/{export_id}")

    @property
    def forget_after(self) -> datetime | None:
        return self.created_at + timedelta(days=KEPT_DAYS)


@dataclass(frozen=True, slots=True)
class ExportFile(Row):
    """One file of an export, as its manifest lists it."""

    export_id: str
    name: str
    bytes: int
    sha256: str
    lines: int
    made_at: datetime
    version: int = 0

    @property
    def key(self) -> "Key[ExportFile]":
        return Key(ExportFile, files_of(self.export_id), f"file/{self.name}")

    @property
    def forget_after(self) -> datetime | None:
        return self.made_at + timedelta(days=KEPT_DAYS)


def files_of(export_id: str) -> str:
    """The partition that lists the files of an export."""
    return f"export/{export_id}"


def as_lines(entries: Iterable[Entry]) -> bytes:
    """Entries as NDJSON: each line the canonical form of an entry with its hash."""
    return b"".join(canonical({**entry.document(), "hash": entry.hash}) + b"\n" for entry in entries)


def as_csv(entries: Iterable[Entry]) -> bytes:
    """Entries as a table for a spreadsheet program: with a byte order mark, and without a cell that is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        document = entry.document()
        data = entry.data
        row: dict[str, Json] = {
            **document,
            "actor_kind": entry.actor.kind,
            "actor_id": entry.actor.id,
            **{name: data.get(name) for name in ("outcome", "responder", "identity", "source", "response_seconds")},
            "sla": data.get("sla"),
            "data": canonical(dict(data)).decode(),
            "hash": entry.hash,
        }
        writer.writerow([cell(row[name]) for name in COLUMNS])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def cell(value: Json) -> str:
    """A cell that no spreadsheet program reads as a formula: one that might be gets a leading quotation mark."""
    if value is None:
        return ""
    text = str(value).replace("\x00", "")
    # Programs skip blank characters in front before they look for a formula.
    return f"'{text}" if text.lstrip().startswith(FORMULA_STARTS) or text[:1] in FORMULA_STARTS else text
