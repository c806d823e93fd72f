"""Addresses in headers and drafts, read the same way whichever Python runs.

`email.utils` reads odd headers differently from one patch version to the next, since 3.13 and its backports are strict.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_COMMENT: Final = re.compile(r"\(([^()]*)\)")
_QUOTED: Final = re.compile(r'"((?:\\.|[^"\\])*)"')
_GROUP: Final = re.compile(r'^[^:"<>@()]*:')
_ADDRESS: Final = re.compile(r'(?:[^\s@<>()\[\]\\,;:"]+|"(?:\\.|[^"\\])*")@[^\s@<>()\\,;:"]+')


class Named(NamedTuple):
    """An address and the name in front of it; either may be empty."""

    name: str
    address: str


NOBODY: Final = Named("", "")


def split_addresses(value: str) -> list[str]:
    """Split an address list at its commas, except those inside quotes, comments and angle brackets."""
    parts = re.findall(r'(?:"(?:\\.|[^"\\])*"|\([^()]*\)|<[^<>]*>|[^,])+', value)
    return [part.strip() for part in parts if part.strip()]


def read_addresses(*headers: str) -> list[Named]:
    """Every address in some decoded address headers; what does not look like `somebody@example.com` is skipped."""
    read = [_read(part) for header in headers for part in split_addresses(header)]
    return [named for named in read if named.address]


def first_address(header: str) -> Named:
    """The first address of a header, or `NOBODY`."""
    return next(iter(read_addresses(header)), NOBODY)


def only_address(text: str) -> Named:
    """The address in `text` if it holds exactly one and nothing else, else `NOBODY`."""
    parts = split_addresses(text)
    return _read(parts[0]) if len(parts) == 1 else NOBODY


def _read(part: str) -> Named:
    part = _GROUP.sub("", part).strip().rstrip(";").strip()
    name, bracket, rest = part.rpartition("<")
    if bracket:
        address = rest.strip().removesuffix(">").strip()
        name = _QUOTED.sub(lambda quoted: re.sub(r"\\(.)", r"\1", quoted[1]), name)
    else:
        name = " ".join(_COMMENT.findall(part))
        address = _COMMENT.sub("", part).strip()
    return Named(" ".join(name.split()), address) if _ADDRESS.fullmatch(address) else NOBODY
