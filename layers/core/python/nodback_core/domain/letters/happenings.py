"""What happens to mail that goes out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, TypedDict

from nodback_core.domain.letters.kinds import MAIL
from nodback_core.domain.letters.notifications import NotificationStatus
from nodback_core.domain.reviews.requests import Effect
from nodback_core.domain.shared.entries import Action
from nodback_core.domain.shared.happenings import Happening, Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class OfMail(Happening, ABC):
    """What happens to one mail of a request."""

    letter: str
    to: str

    status: ClassVar[NotificationStatus]
    """How its notification stands after it."""
    is_trouble: ClassVar[bool] = False
    """Whether the mail did not arrive, and the mail service or a server said why."""

    @property
    @abstractmethod
    def notification_id(self) -> str:
        """The id of the notification that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOutcome(OfMail):
    """What came of sending it, at the time of sending."""

    for_seq: int

    @property
    def notification_id(self) -> str:
        return f"{MAIL}:{self.for_seq}:{self.letter}"


class MailFacts(TypedDict):
    """What each outcome says of its mail."""

    letter: str
    to: str
    for_seq: int


def mail_facts(effect: Effect) -> MailFacts:
    """The mail that an effect calls for, as its outcome names it."""
    return MailFacts(letter=effect.name, to=effect.to, for_seq=effect.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSent(MailOutcome):
    """The mail service has taken it."""

    message_id: str | None

    action = Action.NOTIFICATION_SENT
    status = NotificationStatus.SENT
    words = "Mail sent"
    is_event = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationNotTaken(MailOutcome):
    """The mail service has not taken it, for a reason that may pass."""

    code: str

    action = Action.NOTIFICATION_NOT_TAKEN
    status = NotificationStatus.NOT_TAKEN
    is_trouble = True
    words = "Mail not taken by the mail service yet"
    tone = Tone.BAD
    is_event = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFailed(MailOutcome):
    """It will never be sent."""

    code: str

    action = Action.NOTIFICATION_FAILED
    status = NotificationStatus.FAILED
    is_trouble = True
    words = "Mail refused by the mail service"
    tone = Tone.BAD
    calls_for_mail = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSkipped(MailOutcome):
    """Nobody needed it any more when its turn came."""

    code: str
    reason: str

    action = Action.NOTIFICATION_SKIPPED
    status = NotificationStatus.SKIPPED
    words = "Mail no longer needed"
    is_event = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFeedback(OfMail):
    """What the mail service tells of a mail after it has taken it."""

    notification: str
    message_id: str | None
    happened_at: str
    feedback_id: str | None = None

    @property
    def notification_id(self) -> str:
        return self.notification


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationDelivered(MailFeedback):
    """The server of its reader has taken it."""

    action = Action.NOTIFICATION_DELIVERED
    status = NotificationStatus.DELIVERED
    words = "Mail delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationDelayed(MailFeedback):
    """The server of its reader does not take it yet."""

    delay_type: str | None = None
    tries_until: str | None = None

    action = Action.NOTIFICATION_DELAYED
    status = NotificationStatus.DELAYED
    is_trouble = True
    words = "Mail delayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced(MailFeedback):
    """The server of its reader has sent it back."""

    bounce_type: str | None = None
    bounce_subtype: str | None = None
    status_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSoftBounced(Bounced):
    """For a reason that may pass."""

    action = Action.NOTIFICATION_SOFT_BOUNCED
    status = NotificationStatus.SOFT_BOUNCED
    is_trouble = True
    words = "Mail bounced for now"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationBounced(Bounced):
    """For good."""

    action = Action.NOTIFICATION_BOUNCED
    status = NotificationStatus.BOUNCED
    is_trouble = True
    words = "Mail bounced"
    tone = Tone.BAD
    calls_for_mail = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationComplained(MailFeedback):
    """Its reader has reported it."""

    complaint_type: str | None = None
    complaint_subtype: str | None = None

    action = Action.NOTIFICATION_COMPLAINED
    status = NotificationStatus.COMPLAINED
    is_trouble = True
    words = "Mail marked as spam"
    tone = Tone.BAD
    calls_for_mail = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRejected(MailFeedback):
    """The mail service took it, and then would not send it."""

    action = Action.NOTIFICATION_REJECTED
    status = NotificationStatus.REJECTED
    is_trouble = True
    words = "Mail rejected by the mail service"
    tone = Tone.BAD
    calls_for_mail = True
