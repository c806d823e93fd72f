"""Making one delivery: claimed before a connection is opened, attempted once, recorded."""

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
from nodback_core.ports import ContentErased, Objects, Store, Vault
from nodback_core.usecases.shared.change import change, change_once
from nodback_core.usecases.webhooks.jobs import open_job, seal_answer

Send: TypeAlias = Callable[[str, bytes, Mapping[str, str]], DeliveryOutcome]
"""From URL, body and headers to how it went; never raises, never sends twice."""


class Made(StrEnum):
    """What became of a message from the queue."""

    SENT = "sent"
    NOT_MINE = "not_mine"
    """Another message of the same delivery was first, or the delivery has ended."""
    INTERRUPTED = "interrupted"
    """It was claimed before and never finished; it is marked so, and not sent again."""
    ERASED = "erased"
    """Its texts were erased before anybody sent them; it is marked so."""
    GONE = "gone"


def deliver_webhook(
    webhook_id: str,
    delivery_id: str,
    *,
    store: Store,
    vault: Vault,
    objects: Objects,
    send: Send,
    now: datetime,
) -> tuple[Made, Delivery | None]:
    """Make the delivery if nobody has begun it; a message may come any number of times."""
    row, job_row = Delivery.at(webhook_id, delivery_id), DeliveryJob.at(webhook_id, delivery_id)
    fetched = store.fetch(row, job_row)
    delivery = fetched[row]
    if delivery is None:
        return Made.GONE, None
    if not delivery.is_waiting:
        return _again(delivery, store=store, now=now)
    # What cannot be read is not claimed: the message comes again, and may find a service that works.
    try:
        job, key = open_job(fetched[job_row], vault=vault, objects=objects)
    except ContentErased:
        return _log(delivery.erased(), Made.ERASED, store=store, now=now)
    claimed = change_once(Outcome(rows=(delivery.claimed(now=now),)), on=store, now=now)
    if claimed is None:
        return Made.NOT_MINE, None
    headers = signed_headers(
        job.body,
        event_id=delivery.event_id,
        delivery_id=delivery_id,
        timestamp=int(now.timestamp()),
        secrets=job.secrets,
    )
    outcome = send(job.url, job.body, headers)
    answer = seal_answer(outcome.answer_first_4kb, key=key, vault=vault)

    def end(rows: Rows) -> Outcome | None:
        sent = rows[row]
        return None if sent is None else Outcome(rows=(sent.ended(outcome, answer=answer),))

    # Nobody knows better how it went, whatever the log says meanwhile.
    return Made.SENT, change(end, row, on=store, now=now, as_read=claimed)[row]


def _again(delivery: Delivery, *, store: Store, now: datetime) -> tuple[Made, Delivery | None]:
    """A message whose delivery somebody has claimed: nothing is sent, at most the log is completed."""
    if delivery.class_ is not None or delivery.result(now) is not DeliveryClass.INTERRUPTED:
        return Made.NOT_MINE, delivery
    return _log(replace(delivery, class_=DeliveryClass.INTERRUPTED), Made.INTERRUPTED, store=store, now=now)


def _log(delivery: Delivery, made: Made, *, store: Store, now: datetime) -> tuple[Made, Delivery | None]:
    """Complete the log, unless somebody else has done so meanwhile."""
    written = change_once(Outcome(rows=(delivery,)), on=store, now=now)
    return (Made.NOT_MINE, None) if written is None else (made, written.of(Delivery))
