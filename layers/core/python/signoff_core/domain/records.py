"""How a record is addressed: its key, its version and the lists it stands in.

A record is a frozen dataclass with `version` (0 = not stored yet; the store adds one at each write), a `key` and
`indexes`: the lists that hold it, each with a partition and a sort text. A record leaves a list by no longer naming it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar


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


@dataclass(frozen=True, slots=True)
class Key(Generic[R]):
    """The address of a record in the requests table."""

    kind: type[R]
    partition: str
    sort: str
