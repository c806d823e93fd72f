"""What the mail service reports of a mail after taking it: how its notification moves, and who has to know."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from nodback_core.domain.audit.trail import KINDS
from nodback_core.domain.letters.happenings import MailFeedback
from nodback_core.domain.letters.kinds import LetterKind, mail, rules_of
from nodback_core.domain.letters.notifications import (
    NEVER_ARRIVED,
    NOTIFICATION_STEPS,
    Feedback,
    Notification,
    NotificationStatus,
)
from nodback_core.domain.reviews.requests import Request, Status
from nodback_core.domain.shared.outcomes import Outcome, changed
from nodback_core.domain.shared.times import stamp

TOLD: Mapping[NotificationStatus, type[MailFeedback]] = {
    kind.status: kind for kind in KINDS if issubclass(kind, MailFeedback)
}
"""What happens to a mail with each status that feedback can bring."""


def is_new(feedback: Feedback, known: Notification) -> bool:
    """Whether the notification may still take this step: feedback comes twice, late and out of order."""
    return feedback.status in NOTIFICATION_STEPS[known.status]


def tell(
    request: Request, known: Notification, feedback: Feedback, *, keeps_words: bool, notice_to: str | None
) -> Outcome:
    """The notification one step on, and what the request's timeline says of it.

    `keeps_words` is whether the texts of the request were not erased. `notice_to` is who is told that the mail is lost.
    """
    moved = replace(
        known,
        status=feedback.status,
        message_id=known.message_id or feedback.message_id,
        # Words of a stranger's server: on the row alone, which can forget them, and not once the texts were erased.
        reason=feedback.reason if keeps_words else None,
        code=None,
        told_at=feedback.happened_at,
    )
    happened = TOLD[feedback.status].read(
        {
            **feedback.facts,
            "notification": known.notification_id,
            "letter": known.letter,
            "to": known.to,
            "message_id": moved.message_id,
            "happened_at": stamp(feedback.happened_at),
        }
    )
    mails = () if notice_to is None else (mail(LetterKind.BOUNCE_NOTICE, notice_to),)
    return changed(request, replace(happened, calls_for=mails), also=(moved,))


def is_loss(request: Request, known: Notification, feedback: Feedback) -> bool:
    """Whether the assignee does not get the mail that asks them. Never for a test: whoever asked for it watches it."""
    lost = is_new(feedback, known) and feedback.status in NEVER_ARRIVED
    asks = rules_of(known.letter).asks and known.to == request.assignment.address
    return lost and asks and request.status is Status.PENDING and not request.is_test


def notice_to(creator: str | None, lost: Notification, mails: Iterable[Notification]) -> str | None:
    """Who is told of a loss: the deployment's creator, once per assignee, unless the lost mail was theirs.

    `mails` are all that the request has sent.
    """
    if creator == lost.to:
        return None
    earlier = (
        mail
        for mail in mails
        if mail.notification_id != lost.notification_id and mail.to == lost.to and mail.status in NEVER_ARRIVED
    )
    return None if any(rules_of(mail.letter).asks for mail in earlier) else creator
