"""What Amazon SES tells of a mail that it took, as its event publishing writes it (developer guide, "event data").

Events of kinds that say nothing of the delivery, and of mails that are no notification of a request, are None.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

from nodback_core.domain.letters.notifications import Feedback, NotificationStatus, id_of
from nodback_core.domain.shared.times import moment

MAX_REASON_CHARACTERS = 300
NOT_SPAM = "not-spam"
"""A reader has taken a complaint back."""
_REQUEST = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_@+-]{0,127}")
"""What may stand in the audit trail for ever: classes, ids and moments, never a sentence."""

Part: TypeAlias = Mapping[str, object]
Report: TypeAlias = tuple[NotificationStatus, str | None, dict[str, str]]


def feedback_of(detail: Part, *, message_id_of: Callable[[str], str]) -> Feedback | None:
    """The feedback in one event; raises KeyError or ValueError for an event that SES would not write.

    detail: the JSON object with `eventType` and `mail`. message_id_of: turns SES's id into the Message-ID on the wire.
    """
    read = _READERS.get(str(detail["eventType"]))
    mail = cast("Part", detail["mail"])
    tags = cast("Mapping[str, Sequence[str]]", mail.get("tags", {}))
    request_id, notification_id = _first(tags, "request_id"), id_of(_first(tags, "notification"))
    if read is None or notification_id is None or not _REQUEST.fullmatch(request_id):
        return None
    name, tell = read
    part = cast("Part", detail[name])
    told = tell(part)
    if told is None:
        return None
    status, reason, facts = told
    return Feedback(
        request_id=request_id,
        notification_id=notification_id,
        status=status,
        happened_at=moment(str(part.get("timestamp") or mail["timestamp"])),
        message_id=message_id_of(str(mail["messageId"])),
        reason=reason,
        facts={key: value for key, value in facts.items() if _CODE.fullmatch(value)},
    )


def _delivery(part: Part) -> Report:
    return NotificationStatus.DELIVERED, _line(part.get("smtpResponse")) or None, {}


def _bounce(part: Part) -> Report:
    kind = str(part.get("bounceType", ""))
    status = NotificationStatus.BOUNCED if kind == "Permanent" else NotificationStatus.SOFT_BOUNCED
    recipient = _recipient(part, "bouncedRecipients")
    subtype = str(part.get("bounceSubType", ""))
    said = _line(recipient.get("diagnosticCode") or recipient.get("status")) or f"{kind} bounce, {subtype}"
    facts = {
        "bounce_type": kind,
        "bounce_subtype": subtype,
        "status_code": str(recipient.get("status", "")),
        "feedback_id": str(part.get("feedbackId", "")),
    }
    return status, said, facts


def _complaint(part: Part) -> Report | None:
    kind = str(part.get("complaintFeedbackType") or "")
    if kind == NOT_SPAM:
        return None
    subtype = str(part.get("complaintSubType") or "")
    facts = {"complaint_type": kind, "complaint_subtype": subtype, "feedback_id": str(part.get("feedbackId", ""))}
    return NotificationStatus.COMPLAINED, kind or subtype or None, facts


def _reject(part: Part) -> Report:
    return NotificationStatus.REJECTED, _line(part.get("reason")) or None, {}


def _rendering_failure(part: Part) -> Report:
    return NotificationStatus.REJECTED, _line(part.get("errorMessage")) or None, {}


def _delay(part: Part) -> Report:
    recipient = _recipient(part, "delayedRecipients")
    said = _line(recipient.get("diagnosticCode") or recipient.get("status")) or None
    facts = {"delay_type": str(part.get("delayType", "")), "tries_until": str(part.get("expirationTime", ""))}
    return NotificationStatus.DELAYED, said, facts


_READERS: Mapping[str, tuple[str, Callable[[Part], Report | None]]] = {
    "Delivery": ("delivery", _delivery),
    "Bounce": ("bounce", _bounce),
    "Complaint": ("complaint", _complaint),
    "Reject": ("reject", _reject),
    "Rendering Failure": ("failure", _rendering_failure),
    "DeliveryDelay": ("deliveryDelay", _delay),
}
"""From `eventType` to the object that tells more, and who reads it."""
EVENT_TYPES = frozenset(_READERS)


def _first(tags: Mapping[str, Sequence[str]], name: str) -> str:
    values = tags.get(name) or [""]
    return str(values[0])


def _recipient(part: Part, name: str) -> Part:
    """Each of our mails has one reader."""
    recipients = cast("Sequence[Part]", part.get(name) or [{}])
    return recipients[0]


def _line(text: object) -> str:
    """What a stranger's server says, in one line of bearable length."""
    plain = "".join(c if c.isprintable() else " " for c in str(text or "")[: 4 * MAX_REASON_CHARACTERS])
    return " ".join(plain.split())[:MAX_REASON_CHARACTERS]
