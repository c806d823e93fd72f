"""Moments as the service writes them: UTC, milliseconds, a Z at the end, sortable as text."""

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """The text form of an aware moment, such as ``2026-11-22T10:00:00.000Z`` (RFC 3339)."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The moment that `stamp` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)
