"""Cursors that callers carry from page to page: opaque to them, bound to one list, checked when they come back."""

import base64
import binascii
import hashlib
import json

from nodback_core.domain.shared.errors import FieldError, InvalidInput

MAX_CURSOR_CHARACTERS = 6000
"""More than a cursor over the longest keys that DynamoDB takes has."""
MAX_SORT_BYTES = 1024
_LABEL = "review/cursor/1"
_MARK_BYTES = 9


def cursor_at(place: str, *, of: str) -> str:
    """The cursor behind this place in the list `of`; it fits no other list.

    `of` names the list with all that decides what stands where in it. The mark tells a wrong cursor from a right one;
    it is no secret, so whoever reads a cursor still checks that the place may stand in the list.
    """
    return base64.urlsafe_b64encode(_mark(place, of) + place.encode()).decode().rstrip("=")


def place_of(cursor: str, *, of: str) -> str:
    """The place that a cursor of the list `of` stands for; raises InvalidInput `invalid_cursor` for anything else."""
    if len(cursor) > MAX_CURSOR_CHARACTERS:
        raise wrong_cursor()
    try:
        place = base64.urlsafe_b64decode((cursor + "=" * (-len(cursor) % 4)).encode("ascii"))[_MARK_BYTES:].decode()
    except (binascii.Error, ValueError):
        raise wrong_cursor() from None
    if cursor_at(place, of=of) != cursor:
        raise wrong_cursor()
    return place


def child_of(cursor: str, *, of: str, prefix: str) -> str:
    """The sort text of a record that a cursor stands for; it begins with `prefix`, and DynamoDB takes it as a key."""
    place = place_of(cursor, of=of)
    if not place.startswith(prefix) or place == prefix or len(place.encode()) > MAX_SORT_BYTES:
        raise wrong_cursor()
    return place


def wrong_cursor() -> InvalidInput:
    """What is said of a cursor that its list did not give out."""
    problem = "is not one that this list gave out: begin without a cursor"
    return InvalidInput((FieldError("cursor", problem),), code="invalid_cursor")


def _mark(place: str, of: str) -> bytes:
    return hashlib.sha256(json.dumps([_LABEL, of, place]).encode()).digest()[:_MARK_BYTES]
