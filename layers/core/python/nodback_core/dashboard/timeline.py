"""Entries of the audit trail as lines that a person reads."""

from dataclasses import dataclass
from datetime import datetime

from nodback_core.dashboard.words import action_words, duration, source_words
from nodback_core.domain.audit.trail import class_of, readable
from nodback_core.domain.flows.happenings import (
    OutcomeSettled,
    ResumeClaimed,
    ResumeConsumed,
    ResumeFailed,
    ResumeSucceeded,
)
from nodback_core.domain.letters.happenings import (
    Bounced,
    NotificationComplained,
    NotificationDelayed,
    NotificationFailed,
    NotificationNotTaken,
    NotificationSkipped,
    OfMail,
)
from nodback_core.domain.replies.happenings import ReplyRejected
from nodback_core.domain.reviews.happenings import Answered, Assigned, Escalated, Opened, Reassigned, TestOpened
from nodback_core.domain.reviews.requests import SettledBy
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.happenings import Happening, Tone
from nodback_core.mail.letters.wording import label, one_line
from nodback_core.usecases.replies.words import WORDS
from nodback_core.version import PRODUCT


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
    kind, said = class_of(entry), readable(entry)
    return TimelineLine(
        seq=entry.seq,
        at=entry.at,
        what=kind.words if kind else action_words(entry.action.value),
        detail="" if said is None else one_line(detail_of(said), 300),
        who=_who(entry),
        tone=kind.tone if kind else Tone.PLAIN,
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


def detail_of(said: Happening) -> str:
    """What a line says beside its words; empty for most."""
    match said:
        case Opened():
            return f"{said.flow_name}.{said.method_name}, review {said.number}"
        case TestOpened(assigned_to=to) | Reassigned(to_email=to) | Escalated(to_email=str(to)):
            return f"to {to}"
        case Escalated(skipped=str(why)):
            return why
        case Assigned(assigned_to_email=to, rule=rule):
            return f"to {to}, by the rule “{rule}”" if rule else f"to {to}: {said.reason}"
        case Answered():
            return _answered(said)
        case ReplyRejected(check=check, sender=sender):
            because = WORDS.get(check) or f"of the check “{label(check)}”"
            return f"because {because}{f': {sender}' if sender and '@' in sender else ''}"
        case OfMail(letter=letter, to=to):
            why = _loss(said)
            return f"{label(letter)} to {to}{f': {why}' if why else ''}"
        case ResumeClaimed() | ResumeConsumed() | ResumeSucceeded():
            return f"attempt {said.attempt}"
        case OutcomeSettled(outcome=outcome, settled_by=by):
            return f"“{label(outcome)}”, by {'the flow’s LLM' if by == SettledBy.LLM else 'whoever retried it'}"
        case ResumeFailed(attempt=attempt, reason=reason):
            return f"attempt {attempt}{f': {reason}' if reason else ''}"
        case _:
            return ""


def _answered(said: Answered) -> str:
    what = f"“{label(said.outcome)}”" if said.outcome else "in free text"
    identity = f" ({said.identity})" if said.identity else ""
    return f"{what} {source_words(said.source)}{identity}, after {duration(said.response_seconds)}"


def _loss(said: OfMail) -> str:
    """Why a mail was lost, in codes; the words of the reader's server stand on the notification."""
    match said:
        case NotificationSkipped(reason=reason):
            return reason
        case NotificationNotTaken(code=code) | NotificationFailed(code=code):
            return code
        case Bounced():
            return _codes(said.bounce_type, said.bounce_subtype, said.status_code)
        case NotificationComplained(complaint_type=kind) | NotificationDelayed(delay_type=kind):
            return _codes(kind)
        case _:
            return ""


def _codes(*codes: str | None) -> str:
    return ", ".join(filter(None, codes))
