"""Entries of the audit trail as lines that a person reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from nodback_core.dashboard.words import action_words, duration, source_words
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action, Entry
from nodback_core.mail.letters.wording import label, one_line
from nodback_core.usecases.replies.words import WORDS
from nodback_core.version import PRODUCT

TONES: Mapping[Action, str] = {
    Action.REQUEST_RESPONDED: "good",
    Action.RESUME_SUCCEEDED: "good",
    Action.REQUEST_AUTO_RESPONDED: "wait",
    Action.REQUEST_ESCALATED: "wait",
    Action.SLA_BREACHED: "bad",
    Action.RESUME_FAILED: "bad",
    Action.REPLY_REJECTED: "bad",
    Action.NOTIFICATION_BOUNCED: "bad",
    Action.NOTIFICATION_NOT_TAKEN: "bad",
    Action.NOTIFICATION_FAILED: "bad",
    Action.NOTIFICATION_COMPLAINED: "bad",
}


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One line of a timeline."""

    seq: int
    at: datetime
    what: str
    detail: str
    who: str
    tone: str
    reason: str | None
    hash: str


def told(entry: Entry, reason: str | None = None) -> TimelineLine:
    """The line of an entry, with the reason that stands behind it."""
    describe = _DETAILS.get(entry.action)
    detail = describe(entry.data) if describe else ""
    return TimelineLine(
        seq=entry.seq,
        at=entry.at,
        what=action_words(entry.action.value),
        detail=one_line(detail, 300),
        who=_who(entry),
        tone=TONES.get(entry.action, ""),
        reason=reason,
        hash=entry.hash,
    )


def _who(entry: Entry) -> str:
    kind, name = entry.actor.kind, entry.actor.id
    if kind == "service":
        return PRODUCT
    if kind == "key":
        return f"API key {name}"
    return f"worker {name}" if kind == "worker" else name


def _text(data: Mapping[str, Json], name: str) -> str:
    value = data.get(name)
    return "" if value is None else str(value)


def _assigned(data: Mapping[str, Json]) -> str:
    rule = _text(data, "rule")
    to = _text(data, "assigned_to_email") or _text(data, "to_email")
    return f"to {to}, by the rule “{rule}”" if rule else f"to {to}: {_text(data, 'reason')}"


def _answered(data: Mapping[str, Json]) -> str:
    outcome = _text(data, "outcome")
    seconds = data.get("response_seconds")
    after = f", after {duration(seconds)}" if isinstance(seconds, int) else ""
    what = f"“{label(outcome)}”" if outcome else "in free text"
    identity = f" ({_text(data, 'identity')})" if _text(data, "identity") else ""
    return f"{what} {source_words(_text(data, 'source'))}{identity}{after}"


def _mail(data: Mapping[str, Json]) -> str:
    why = _text(data, "reason") or ", ".join(filter(None, (_text(data, name) for name in LOSS)))
    return f"{label(_text(data, 'letter'))} to {_text(data, 'to')}{f': {why}' if why else ''}"


def _refused(data: Mapping[str, Json]) -> str:
    check = _text(data, "check")
    sender = f": {_text(data, 'sender')}" if _text(data, "sender") else ""
    return f"because {WORDS.get(check) or f'of the check “{label(check)}”'}{sender}"


def _opened(data: Mapping[str, Json]) -> str:
    return f"{_text(data, 'flow_name')}.{_text(data, 'method_name')}, review {_text(data, 'number')}"


def _handed(data: Mapping[str, Json]) -> str:
    return f"to {_text(data, 'to_email') or _text(data, 'assigned_to_email')}"


def _attempt(data: Mapping[str, Json]) -> str:
    reason = f": {_text(data, 'reason')}" if _text(data, "reason") else ""
    return f"attempt {_text(data, 'attempt')}{reason}" if _text(data, "attempt") else reason.removeprefix(": ")


LOSS = ("code", "bounce_type", "bounce_subtype", "status_code", "complaint_type", "delay_type")
"""What the entry of a lost mail says of why; the words of the reader's server stand on the notification."""
_DETAILS: Mapping[Action, Callable[[Mapping[str, Json]], str]] = {
    Action.REQUEST_OPENED: _opened,
    Action.REQUEST_ASSIGNED: _assigned,
    Action.REQUEST_REASSIGNED: _handed,
    Action.REQUEST_ESCALATED: _handed,
    Action.REQUEST_RESPONDED: _answered,
    Action.REQUEST_AUTO_RESPONDED: _answered,
    Action.REPLY_REJECTED: _refused,
    Action.NOTIFICATION_SENT: _mail,
    Action.NOTIFICATION_NOT_TAKEN: _mail,
    Action.NOTIFICATION_FAILED: _mail,
    Action.NOTIFICATION_SKIPPED: _mail,
    Action.NOTIFICATION_DELAYED: _mail,
    Action.NOTIFICATION_SOFT_BOUNCED: _mail,
    Action.NOTIFICATION_BOUNCED: _mail,
    Action.NOTIFICATION_COMPLAINED: _mail,
    Action.NOTIFICATION_REJECTED: _mail,
    Action.RESUME_CLAIMED: _attempt,
    Action.RESUME_CONSUMED: _attempt,
    Action.RESUME_SUCCEEDED: _attempt,
    Action.RESUME_FAILED: _attempt,
}
