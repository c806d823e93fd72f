"""How values read on a page."""

from datetime import UTC, date, datetime

from nodback_core.domain.audit.trail import kind_of
from nodback_core.domain.shared.entries import Action

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SECONDS_UNTIL = 5
"""From so many minutes on, seconds are not told."""
_SOURCES = {
    "email": "by mail",
    "dashboard": "on the dashboard",
    "api": "through the API",
    "webhook": "through a callback",
    "auto": "automatically",
}


def moment_words(at: datetime) -> str:
    """A short date that nobody can misread: ``24 Nov 2026, 15:00 UTC``; scripts turn it into the reader's own zone."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}, {utc.hour:02}:{utc.minute:02} UTC"


def day_words(day: date) -> str:
    """A day without its year: ``24 Nov``."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def duration(seconds: float | None) -> str:
    """A span in its two largest units: ``2 d 4 h``, ``3 h 12 min``, ``45 s``; a dash for none."""
    if seconds is None:
        return "–"
    whole = round(abs(seconds))
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, secs = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (secs, "s")]
    first = next((i for i, (n, _) in enumerate(parts) if n), 3)
    told = [
        f"{n} {unit}" for n, unit in parts[first : first + 2] if n and not (unit == "s" and minutes >= SECONDS_UNTIL)
    ]
    return " ".join(told) or "0 s"


def minutes_words(minutes: float | None) -> str:
    """A duration of the settings, as a person says it."""
    return "–" if minutes is None else duration(minutes * 60)


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.0f} %"


def source_words(source: str) -> str:
    return _SOURCES.get(source, source)


def action_words(action: str) -> str:
    """What happened, in words; an action that has none is told by its name."""
    known = kind_of(Action(action))
    return known.words if known else action.replace(".", " ").replace("_", " ").capitalize()
