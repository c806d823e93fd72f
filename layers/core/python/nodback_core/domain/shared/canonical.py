"""Canonical JSON (RFC 8785) for the values that the audit trail may hold.

Entries hold text, whole numbers, booleans, null, lists and maps with ASCII keys. For these, sorted keys, no spaces and
raw UTF-8 are exactly RFC 8785; anything else (a float, a non-ASCII key) is refused, so no second form can exist.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"

SAFE_INTEGER = 2**53 - 1


def canonical(value: Json) -> bytes:
    """The one byte form of `value`; raises TypeError or ValueError for what has no such form here."""
    _check(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def _check(value: Json) -> None:
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > SAFE_INTEGER:
            raise ValueError("whole numbers beyond 2**53 have no canonical form")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise TypeError(f"keys are ASCII text, not {key!r}")
            _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    else:
        raise TypeError(f"{type(value).__name__} does not belong in an audit entry")
