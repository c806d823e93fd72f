"""Figures of a deployment by day: what a request adds to which rows, and what the rows say when they are added up.

Each day (UTC) has three kinds of rows: one for everything, one for each flow and method, one for each reviewer. A
request is counted at most twice: on the day when it opens, and on the day when it closes. An answer in free text moves
to the option that its flow takes it for, on the day of the answer. Automatic answers count as answers, but not in
response times, which are about people. Tests of the mail are not reviews and are never counted.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote, unquote

from nodback_core.domain.figures.facts import Fact, Kind
from nodback_core.domain.figures.histogram import Histogram, additions, from_attributes
from nodback_core.domain.reviews.requests import Source, Status
from nodback_core.domain.shared.records import Key, Row
from nodback_core.domain.shared.times import stamp

MARK_DAYS = 60
"""Longer than any event can be under way, and than a rebuild may take."""
REBUILD_DAYS = 30
"""A rebuild that started longer ago starts again, since marks of its first days may be forgotten before it ends."""
MAX_OUTCOME_CHARACTERS = 100
MAX_NAME_KEY_BYTES = 500
"""The bytes of one name in a sort text: a day and two names stay below the 1,024 that DynamoDB allows."""
FREE_TEXT = "(free text)"
NAME = "l:"
_CUT = "!"
"""Never in a quoted name."""
OPENED = "n:opened"
"""All names here have a prefix: in the table, `opened` and `closed` are the sort keys of lists, which hold text."""
CLOSED_AS: Mapping[Status, str] = {status: f"n:{status}" for status in Status}
SLA = "sla:"
OUTCOME, SOURCE, OPENED_AT_HOUR, DECIDED_AT_HOUR = "o:", "s:", "h:", "d:"


class TallyRows(StrEnum):
    TOTAL = "total"
    WORK = "work"
    REVIEWER = "reviewer"


@dataclass(frozen=True, slots=True)
class Generation(Row):
    """Which rows of a deployment are read, and which are being rebuilt from the trail, if any."""

    deployment_id: int
    current: int = 0
    building: int | None = None
    done_through: str = ""
    """How far the rebuild has come: ``<shard>#<day>``."""
    begun_at: datetime | None = None
    """When the rebuild started."""
    version: int = 0

    @property
    def all(self) -> tuple[int, ...]:
        return (self.current,) if self.building is None else (self.current, self.building)

    def is_building(self, *, now: datetime) -> bool:
        """Whether a rebuild is under way and can be continued."""
        if self.building is None or self.begun_at is None:
            return False
        return now - self.begun_at < timedelta(days=REBUILD_DAYS)

    def begun(self, now: datetime) -> "Generation":
        """With another rebuild started. It never gets the number of an abandoned one, whose rows are half filled."""
        return replace(self, building=max(self.all) + 1, done_through="", begun_at=now)

    def built_through(self, place: str) -> "Generation":
        """With the rebuild at least this far."""
        return replace(self, done_through=max(place, self.done_through))

    def finished(self) -> "Generation":
        """With the rebuilt generation as the one that is read."""
        return self if self.building is None else Generation(self.deployment_id, self.building, version=self.version)

    @property
    def key(self) -> "Key[Generation]":
        return Generation.at(self.deployment_id)

    @staticmethod
    def at(deployment_id: int) -> "Key[Generation]":
        return Key(Generation, f"deployment/{deployment_id}", "tallies")


@dataclass(frozen=True, slots=True)
class Counted(Row):
    """The mark that a fact has been counted, written in the transaction that counts it."""

    request_id: str
    generation: int
    kind: str
    """The name of the fact."""
    at: datetime
    """When it was counted, which may be long after it happened."""
    version: int = 0

    @property
    def key(self) -> "Key[Counted]":
        return Counted.of(self.request_id, self.generation, self.kind)

    @staticmethod
    def of(request_id: str, generation: int, kind: str) -> "Key[Counted]":
        return Key(Counted, f"request/{request_id}", f"counted/{generation}/{kind}")

    @property
    def forget_after(self) -> datetime | None:
        return self.at + timedelta(days=MARK_DAYS)


def partition_of(deployment_id: int, generation: int, rows: TallyRows) -> str:
    return f"tally/{deployment_id}/{generation}/{rows}"


def places_of(fact: Fact, generation: int) -> list[tuple[str, str]]:
    """The rows in which a fact is counted, as partition and sort text."""
    day = stamp(fact.at)[:10]
    work = f"{day}#{_key_of(fact.flow_name)}#{_key_of(fact.method_name)}"
    places = [
        (partition_of(fact.deployment_id, generation, TallyRows.TOTAL), day),
        (partition_of(fact.deployment_id, generation, TallyRows.WORK), work),
    ]
    if fact.is_by_a_person and fact.responder is not None:
        reviewer = f"{day}#{_key_of(fact.responder, readable='@')}"
        places.append((partition_of(fact.deployment_id, generation, TallyRows.REVIEWER), reviewer))
    return places


def _key_of(name: str, readable: str = "") -> str:
    """A name in a sort text. One that is too long is cut and ends in a mark and a digest of the whole name."""
    key = quote(name, safe=readable)
    if len(key) <= MAX_NAME_KEY_BYTES:
        return key
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"{key[: MAX_NAME_KEY_BYTES - len(digest) - 1]}{_CUT}{digest}"


def labels_of(fact: Fact, sort: str) -> dict[str, str]:
    """The names for which the sort text of a row has no room, by their place in it."""
    _, *parts = sort.split("#")
    names = (fact.flow_name, fact.method_name) if len(parts) == 2 else (fact.responder or "",)
    return {f"{NAME}{n}": name for n, (part, name) in enumerate(zip(parts, names, strict=False), 1) if _CUT in part}


def names_in(sort: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """The day and the names of a row, from its sort text and from its labels."""
    return tuple(labels.get(f"{NAME}{n}") or unquote(part) for n, part in enumerate(sort.split("#")))


def amounts_of(fact: Fact) -> dict[str, int]:
    """What a fact adds, by the names of numbers."""
    hour = stamp(fact.at)[11:13]
    if fact.kind is Kind.OPENED:
        return {OPENED: 1, f"{OPENED_AT_HOUR}{hour}": 1}
    if fact.kind is Kind.SETTLED:
        return {_outcome(fact.before): -1, _outcome(fact.outcome): 1} if fact.before != fact.outcome else {}
    amounts = {CLOSED_AS[fact.status]: 1}
    if fact.source is None:
        return amounts
    amounts |= {f"{SOURCE}{fact.source}": 1, _outcome(fact.outcome): 1, f"{DECIDED_AT_HOUR}{hour}": 1}
    if fact.sla is not None:
        amounts[f"{SLA}{fact.sla}"] = 1
    if fact.is_by_a_person:
        amounts |= additions(fact.milliseconds)
    return amounts


def _outcome(outcome: str | None) -> str:
    """The name of the number of an outcome."""
    return f"{OUTCOME}{FREE_TEXT if outcome is None else outcome[:MAX_OUTCOME_CHARACTERS]}"


def add_up(rows: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The rows added up."""
    total: dict[str, int] = {}
    for row in rows:
        for name, amount in row.items():
            total[name] = total.get(name, 0) + amount
    return total


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a row, or of several rows added up."""

    amounts: Mapping[str, int]

    @property
    def opened(self) -> int:
        return self.amounts.get(OPENED, 0)

    @property
    def responded(self) -> int:
        return self.amounts.get(CLOSED_AS[Status.RESPONDED], 0)

    @property
    def cancelled(self) -> int:
        return self.amounts.get(CLOSED_AS[Status.CANCELLED], 0)

    @property
    def superseded(self) -> int:
        return self.amounts.get(CLOSED_AS[Status.SUPERSEDED], 0)

    @property
    def times(self) -> Histogram:
        """Response times of people."""
        return from_attributes(self.amounts)

    @property
    def sla_met(self) -> int:
        return self.amounts.get(f"{SLA}met", 0)

    @property
    def sla_breached(self) -> int:
        return self.amounts.get(f"{SLA}breached", 0)

    @property
    def sla_share(self) -> float | None:
        """The share of answered requests with a target that were answered in time."""
        return _share(self.sla_met, self.sla_met + self.sla_breached)

    @property
    def auto_share(self) -> float | None:
        return _share(self.by(SOURCE).get(Source.AUTO.value, 0), self.responded)

    def by(self, prefix: str) -> dict[str, int]:
        """The numbers whose names start with `prefix`, by the rest of the name."""
        # A number is 0 where all answers in free text were taken for options.
        return {n.removeprefix(prefix): a for n, a in sorted(self.amounts.items()) if n.startswith(prefix) and a > 0}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
