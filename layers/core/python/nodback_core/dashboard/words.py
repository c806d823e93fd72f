"""How values read on a page."""

from datetime import UTC, date, datetime

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
_ACTIONS = {
    Action.REQUEST_OPENED: "The flow paused and asked",
    Action.REQUEST_ASSIGNED: "Assigned",
    Action.REQUEST_REASSIGNED: "Given to somebody else",
    Action.REQUEST_REMINDED: "Reminded",
    Action.REQUEST_ESCALATED: "Escalated",
    Action.REQUEST_RESPONDED: "Answered",
    Action.REQUEST_AUTO_RESPONDED: "Answered automatically",
    Action.REQUEST_CANCELLED: "Cancelled",
    Action.REQUEST_SUPERSEDED: "Superseded by a newer request",
    Action.SLA_BREACHED: "Target time missed",
    Action.REPLY_REJECTED: "A reply was refused",
    Action.NOTIFICATION_SENT: "Mail sent",
    Action.NOTIFICATION_NOT_TAKEN: "Mail not taken by the mail service yet",
    Action.NOTIFICATION_FAILED: "Mail refused by the mail service",
    Action.NOTIFICATION_SKIPPED: "Mail no longer needed",
    Action.NOTIFICATION_DELIVERED: "Mail delivered",
    Action.NOTIFICATION_BOUNCED: "Mail bounced",
    Action.NOTIFICATION_COMPLAINED: "Mail marked as spam",
    Action.RESUME_CLAIMED: "The answer was taken by a worker",
    Action.RESUME_CONSUMED: "The flow goes on",
    Action.RESUME_SUCCEEDED: "The flow ran through",
    Action.RESUME_FAILED: "The flow could not go on",
    Action.RESUME_RETRIED: "A retry was asked for",
    Action.WEBHOOKS_DISPATCHED: "Webhooks told",
    Action.CONTENT_ERASED: "Texts erased",
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
    known = {a.value: words for a, words in _ACTIONS.items()}
    return known.get(action) or action.replace(".", " ").replace("_", " ").capitalize()
