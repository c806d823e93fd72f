"""What became of a mail after it was handed over: written on the notification, and into the request's timeline."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.letters.kinds import LetterKind, rules_of
from nodback_core.domain.letters.notifications import (
    NEVER_ARRIVED,
    NOTIFICATION_STEPS,
    Feedback,
    Notification,
    NotificationStatus,
)
from nodback_core.domain.reviews.closing import EffectDraft, mail, record
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.requests import Request, Status
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import SERVICE, Action, NewEntry
from nodback_core.domain.shared.times import stamp
from nodback_core.ports import Store
from nodback_core.usecases.letters.notifications import notifications_of
from nodback_core.usecases.shared.attempts import until_written

ACTIONS: Mapping[NotificationStatus, Action] = {
    NotificationStatus.DELAYED: Action.NOTIFICATION_DELAYED,
    NotificationStatus.DELIVERED: Action.NOTIFICATION_DELIVERED,
    NotificationStatus.SOFT_BOUNCED: Action.NOTIFICATION_SOFT_BOUNCED,
    NotificationStatus.BOUNCED: Action.NOTIFICATION_BOUNCED,
    NotificationStatus.COMPLAINED: Action.NOTIFICATION_COMPLAINED,
    NotificationStatus.REJECTED: Action.NOTIFICATION_REJECTED,
}
"""The entry of each status that feedback can bring."""


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
    unless the creator is the one who does not get it, or nobody waits for this address any more.
    """
    return until_written(lambda: _record(feedback, store=store, now=now))


def _record(feedback: Feedback, *, store: Store, now: datetime) -> Recording:
    row = Request.at(feedback.request_id)
    address = Notification.at(feedback.request_id, feedback.notification_id)
    keys = ContentKey.at(feedback.request_id)
    fetched = store.fetch(row, address, keys)
    request, known, key = fetched[row], fetched[address], fetched[keys]
    if request is None or known is None:
        return Recording.UNKNOWN
    if feedback.status not in NOTIFICATION_STEPS[known.status]:
        return Recording.NOTHING_NEW
    changed = replace(
        known,
        status=feedback.status,
        message_id=known.message_id or feedback.message_id,
        # Words of a stranger's server: on the row alone, which can forget them, and not once the texts were erased.
        reason=feedback.reason if key is None or key.erased_at is None else None,
        code=None,
        told_at=feedback.happened_at,
    )
    data: dict[str, Json] = {
        "notification": known.notification_id,
        "letter": known.letter,
        "to": known.to,
        "message_id": changed.message_id,
        "happened_at": stamp(feedback.happened_at),
        **feedback.facts,
    }
    happening = NewEntry(ACTIONS[feedback.status], SERVICE, data)
    moved, entries = record(request, happening, _notice(request, changed, store=store), now=now)
    store.commit([moved, changed], entries)
    return Recording.RECORDED


def _notice(request: Request, lost: Notification, *, store: Store) -> tuple[EffectDraft, ...]:
    """The notice that the creator is owed, if any."""
    asks = rules_of(lost.letter).asks and lost.to == request.assignment.address
    # Who asked for a test watches it.
    if lost.status not in NEVER_ARRIVED or not asks or request.status is not Status.PENDING or request.is_test:
        return ()
    deployment = store.fetch(Deployment.at(request.deployment_id))[Deployment.at(request.deployment_id)]
    if deployment is None or deployment.creator_email == lost.to:
        return ()
    others = (n for n in notifications_of(request.request_id, store=store) if n.notification_id != lost.notification_id)
    if any(n.to == lost.to and rules_of(n.letter).asks and n.status in NEVER_ARRIVED for n in others):
        return ()
    return (mail(LetterKind.BOUNCE_NOTICE, deployment.creator_email),)
