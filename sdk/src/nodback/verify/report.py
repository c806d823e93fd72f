"""What a check found, and what it is held against."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum


class Verdict(IntEnum):
    """The result of a check, and the exit code of ``nodback verify``."""

    INTACT = 0
    TAMPERED = 1
    INCOMPLETE = 2
    UNREADABLE = 3
    UNLINKED = 4
    """All of it holds, but nothing ties it to what was kept."""
    UNANCHORED = 5
    """All of it holds, but nothing tells whose signature that is."""


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


def missing_known(subject: str, seq: int) -> str:
    """What to say of an entry that was kept and is not there any more."""
    return f"{subject} entry {seq} is missing, which you have kept. Ask again; if it is missing again, it was removed"


class Unreadable(Exception):
    """This is no export and no receipt, or what is needed to check it is not installed."""


class Unlinked(Exception):
    """No seal of it is one that was kept, or next to one."""


class Unanchored(Exception):
    """It was signed with a key that only the export or receipt itself vouches for."""


def fingerprint_of(text: str) -> str:
    """A fingerprint in the form that seals have, from however it was written: with colons, blanks or capitals.

    Raises:
        ValueError: when it is none.
    """
    plain = re.sub(r"[:\s]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise ValueError(f"{text!r} is no fingerprint: that is a SHA-256, 64 hex digits")
    return plain


@dataclass(frozen=True)
class Known:
    """What an auditor has from before, or by another way. `read_known` makes it from an earlier export or receipt.

    Args:
        key: the fingerprint of the public key.
        seals: hashes of earlier seals by their number.
        follows: number and hash of the seal that the oldest of them follows.
        entries: by subject, the hashes of its first entries in order.
    """

    key: str | None = None
    seals: Mapping[int, str] = field(default_factory=dict)
    follows: tuple[int, str] | None = None
    entries: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.key is not None:
            object.__setattr__(self, "key", fingerprint_of(self.key))


@dataclass
class Kept:
    """Gathers, while an export or a receipt is checked, what a later one can be held against."""

    key: str | None = None
    seals: dict[int, str] = field(default_factory=dict)
    follows: tuple[int, str] | None = None
    entries: dict[str, list[str]] = field(default_factory=dict)


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
    span: tuple[int, int] | None = None
    """The numbers of the first and the last seal."""
    compared: int = 0
    """Seals that were known from before and are still the same."""
    compared_entries: int = 0
    """Entries that were known from before and are still the same."""
    adjoins: bool = False
    """Whether a seal follows one that was known from before, or comes right before one."""
    key: str = ""
    """Fingerprint of the public key: compare it with one that you were given by another way."""
    notes: list[str] = field(default_factory=list)
