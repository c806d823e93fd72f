"""Sending one delivery: it is claimed before a connection is opened, attempted once, and its end is logged."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Rows
from nodback_core.domain.webhooks.deliveries import Delivery, DeliveryJob
from nodback_core.domain.webhooks.outcome import DeliveryClass, DeliveryOutcome
from nodback_core.domain.webhooks.signature import signed_headers
from nodback_core.ports import ContentErased, Storage, Store
from nodback_core.usecases.shared.change import change, change_once
from nodback_core.usecases.webhooks.jobs import open_job, seal_answer

Send: TypeAlias = Callable[[str, bytes, Mapping[str, str]], DeliveryOutcome]
"""From URL, body and headers to how it went. It never raises and never sends twice."""


class MessageResult(StrEnum):
    """What became of a message from the queue."""

    SENT = "sent"
    NOT_MINE = "not_mine"
    """Another message of the same delivery was first, or the delivery has ended."""
    INTERRUPTED = "interrupted"
    """It was claimed and never finished; the log says so now, and it is not sent again."""
    ERASED = "erased"
    """Its texts were erased before they were sent; the log says so now."""
    GONE = "gone"
    """There is no such delivery any more."""


def deliver_webhook(
    webhook_id: str,
    delivery_id: str,
    *,
    storage: Storage,
    send: Send,
    now: datetime,
) -> tuple[MessageResult, Delivery | None]:
    """Send the delivery if nobody has begun to; its message may come any number of times."""
    row, job_row = Delivery.at(webhook_id, delivery_id), DeliveryJob.at(webhook_id, delivery_id)
    fetched = storage.store.fetch(row, job_row)
    delivery = fetched[row]
    if delivery is None:
        return MessageResult.GONE, None
    if not delivery.is_waiting:
        return _again(delivery, store=storage.store, now=now)
    # What cannot be read is not claimed: the message comes again, and may find a service that works.
    try:
        job, key = open_job(fetched[job_row], storage=storage)
    except ContentErased:
        return _log(delivery.erased(), MessageResult.ERASED, store=storage.store, now=now)
    claimed = change_once(Outcome(rows=(delivery.claimed(now=now),)), on=storage.store, now=now)
    if claimed is None:
        return MessageResult.NOT_MINE, None
    headers = signed_headers(
        job.body,
        event_id=delivery.event_id,
        delivery_id=delivery_id,
        timestamp=int(now.timestamp()),
        secrets=job.secrets,
    )
    outcome = send(job.url, job.body, headers)
    answer = seal_answer(outcome.answer_first_4kb, key=key, vault=storage.vault)

    def end(rows: Rows) -> Outcome | None:
        sent = rows[row]
        return None if sent is None else Outcome(rows=(sent.ended(outcome, answer=answer),))

    # Whatever the log says by now, only this function knows how the attempt went.
    return MessageResult.SENT, change(end, row, on=storage.store, now=now, as_read=claimed)[row]


def _again(delivery: Delivery, *, store: Store, now: datetime) -> tuple[MessageResult, Delivery | None]:
    """A message whose delivery was claimed before: nothing is sent, and at most its end is logged."""
    if delivery.class_ is not None or delivery.result(now) is not DeliveryClass.INTERRUPTED:
        return MessageResult.NOT_MINE, delivery
    return _log(replace(delivery, class_=DeliveryClass.INTERRUPTED), MessageResult.INTERRUPTED, store=store, now=now)


def _log(
    delivery: Delivery, result: MessageResult, *, store: Store, now: datetime
) -> tuple[MessageResult, Delivery | None]:
    """Log how the delivery ended, unless somebody else has changed it meanwhile."""
    written = change_once(Outcome(rows=(delivery,)), on=store, now=now)
    return (MessageResult.NOT_MINE, None) if written is None else (result, written.of(Delivery))
