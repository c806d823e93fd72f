"""Cursors that callers carry from page to page: opaque to them, checked when they come back."""

import base64
import binascii

from signoff_core.domain.errors import FieldError, InvalidInput


def cursor_at(sort: str) -> str:
    """The cursor behind the item with this sort text."""
    return base64.urlsafe_b64encode(sort.encode()).decode().rstrip("=")


def place_of(cursor: str, *, prefix: str) -> str:
    """The sort text that a cursor stands for; raises InvalidInput unless it is one that such a list gives out."""
    try:
        place = base64.urlsafe_b64decode((cursor + "=" * (-len(cursor) % 4)).encode("ascii")).decode()
    except (binascii.Error, ValueError):
        place = ""
    if not place.startswith(prefix) or place == prefix or len(place.encode()) > 1024 or cursor_at(place) != cursor:
        problem = "is not one that the service gave out: begin without a cursor"
        raise InvalidInput((FieldError("cursor", problem),))
    return place
