"""Ranges of days as callers give them."""

from datetime import date

from nodback_core.domain.shared.errors import FieldError, InvalidInput

FIRST_YEAR, LAST_YEAR = 2000, 2999


def check_days(first: date | None, last: date | None) -> None:
    """Raise InvalidInput for days that nobody means, with which calendars end, and for a range with swapped ends."""
    for field, day in (("from", first), ("to", last)):
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise InvalidInput((FieldError(field, f"must be in the years {FIRST_YEAR} to {LAST_YEAR}"),))
    if first is not None and last is not None and first > last:
        raise InvalidInput((FieldError("from", "must not be after the end (`to`)"),))
