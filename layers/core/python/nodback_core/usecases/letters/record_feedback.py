"""What became of a mail after it was handed over: written on the notification, and into the request's timeline."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.letters.feedback import is_loss, is_new, notice_to, tell
from nodback_core.domain.letters.notifications import Feedback, Notification
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Record, Rows
from nodback_core.ports import Store
from nodback_core.usecases.letters.notifications import notifications_of
from nodback_core.usecases.shared.change import change


class Recording(StrEnum):
    """What became of a piece of feedback."""

    RECORDED = "recorded"
    NOTHING_NEW = "nothing_new"
    """It came twice, or late: the notification is further than that."""
    UNKNOWN = "unknown"
    """No such notification, as after the request was erased."""


def record_feedback(feedback: Feedback, *, store: Store, now: datetime) -> Recording:
    """Move the notification as `NOTIFICATION_STEPS` allows and write it down; safe twice, late and out of order.

    When a mail that asks for an answer never arrives, the deployment's creator is owed a notice, once per assignee:
    unless the creator is the one who does not get it, or the request no longer waits for this address.
    """
    row, notification = Request.at(feedback.request_id), Notification.at(feedback.request_id, feedback.notification_id)
    key = ContentKey.at(feedback.request_id)
    became = Recording.UNKNOWN

    def who_is_told(rows: Rows) -> Sequence[Record]:
        """The deployment and the other mails, where the feedback may call for a notice."""
        request, known = rows[row], rows[notification]
        if request is None or known is None or not is_loss(request, known, feedback):
            return ()
        deployment = store.fetch(Deployment.at(request.deployment_id)).found.values()
        return *deployment, *notifications_of(request.request_id, store=store)

    def decide(rows: Rows) -> Outcome | None:
        nonlocal became
        request, known = rows[row], rows[notification]
        if request is None or known is None:
            became = Recording.UNKNOWN
            return None
        if not is_new(feedback, known):
            became = Recording.NOTHING_NEW
            return None
        became = Recording.RECORDED
        deployment = rows[Deployment.at(request.deployment_id)]
        mails = [record for record in rows.found.values() if isinstance(record, Notification)]
        creator = deployment.creator_email if deployment is not None else None
        to = notice_to(creator, known, mails) if is_loss(request, known, feedback) else None
        erased = (sealed := rows[key]) is not None and sealed.erased_at is not None
        return tell(request, known, feedback, keeps_words=not erased, notice_to=to)

    change(decide, row, notification, key, on=store, now=now, more=who_is_told)
    return became
