"""What a check found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Verdict(IntEnum):
    """The result of a check, and the exit code of ``signoff verify``."""

    INTACT = 0
    TAMPERED = 1
    INCOMPLETE = 2
    UNREADABLE = 3


class Tampered(Exception):
    """The first thing that does not hold: where it is, and why.

    Args:
        where: for a person, such as ``request/… entry 3`` or ``seal 41``.
        reason: what is wrong with it.
    """

    def __init__(self, where: str, reason: str):
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class Incomplete(Exception):
    """Something is missing that a complete export or receipt has."""


class Unreadable(Exception):
    """This is no export and no receipt, or what is needed to check it is not installed."""


@dataclass(frozen=True)
class Known:
    """What an auditor has kept from before: the key's fingerprint, and hashes of earlier seals by their number."""

    key: str | None = None
    seals: Mapping[int, str] = field(default_factory=dict)


@dataclass
class Report:
    """How a check ended, and what it went through."""

    verdict: Verdict = Verdict.INTACT
    where: str = ""
    reason: str = ""
    kind: str = ""
    entries: int = 0
    subjects: int = 0
    seals: int = 0
    compared: int = 0
    """Seals that were known from before and are still the same."""
    key: str = ""
    """Fingerprint of the public key: compare it with one that you were given by another way."""
    notes: list[str] = field(default_factory=list)
