"""Telling the webhooks that resume of a decision that waits: one delivery for each attempt and each of them."""

from collections.abc import Callable
from datetime import datetime

from nodback_core.domain.reviews.requests import Effect, Request
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Key, Record, Rows
from nodback_core.domain.webhooks.deliveries import Cause, Delivery, delivery_id
from nodback_core.domain.webhooks.events import EventType, event_id
from nodback_core.domain.webhooks.payload import resume_body
from nodback_core.domain.webhooks.pushing import give_up, is_over, leave_to_workers, may_be_claimed, push_owed
from nodback_core.domain.webhooks.webhook import Webhook
from nodback_core.ports import Queue, Storage, Store
from nodback_core.usecases.shared.change import change, change_once
from nodback_core.usecases.shared.reading import read_one
from nodback_core.usecases.webhooks.configure import stored_webhooks
from nodback_core.usecases.webhooks.fan_out import delivery_message
from nodback_core.usecases.webhooks.jobs import Job, seal_job
from nodback_core.usecases.webhooks.secrets import open_secrets


def push(request_id: str, seq: int, *, storage: Storage, queue: Queue, now: datetime) -> tuple[str, ...]:
    """Queue one delivery for each active webhook that resumes; returns the ids of those queued now.

    Nothing is queued while somebody holds the resume. Once `PUSH_HOURS` have passed, it fails and can be retried. Safe
    to call again at any time: the sweeper's asking is the next attempt, and each attempt is one delivery, whose URL,
    secret and signature are those of that moment.
    """
    address = Request.at(request_id)
    request = read_one(address, store=storage.store)
    owed = push_owed(request, seq) if request is not None else None
    if request is None or owed is None or not may_be_claimed(request, now=now):
        return ()
    known = stored_webhooks(request.deployment_id, store=storage.store)
    receivers = [webhook for webhook in known.items if webhook.resumes]
    if not receivers and not known.unreadable:
        _change(request, lambda row: leave_to_workers(row, seq), store=storage.store, now=now)
        return ()
    if is_over(owed, now=now):
        _change(request, lambda row: give_up(row, seq, now=now), store=storage.store, now=now)
        return ()
    active = [webhook for webhook in receivers if webhook.wants(EventType.RESUME_READY)]
    return _queue(request, owed, active, storage=storage, queue=queue, now=now)


def _queue(
    request: Request, owed: Effect, receivers: list[Webhook], *, storage: Storage, queue: Queue, now: datetime
) -> tuple[str, ...]:
    """Store what is to be sent, then send the messages; a delivery that is claimed already needs none."""
    deliveries = [_delivery(request, owed, webhook) for webhook in receivers]
    keys: list[Key[Record]] = [delivery.key for delivery in deliveries]
    known = storage.store.fetch(*keys)
    messages = []
    for webhook, delivery in zip(receivers, deliveries, strict=True):
        stored = known[delivery.key]
        if stored is None:
            job = Job(webhook.url, open_secrets(webhook, vault=storage.vault), _body(request, owed))
            sealed = seal_job(job, delivery, storage=storage)
            # If somebody else makes the same attempt at this moment, their job is as good as ours.
            change_once(Outcome(rows=(delivery, sealed)), on=storage.store, now=now)
        if stored is None or stored.is_waiting:
            messages.append(delivery_message(webhook.webhook_id, delivery.delivery_id))
    queue.send(messages)
    return tuple(message.body["delivery_id"] for message in messages)


def _delivery(request: Request, owed: Effect, webhook: Webhook) -> Delivery:
    told = event_id(request.request_id, owed.seq)
    return Delivery(
        deployment_id=webhook.deployment_id,
        webhook_id=webhook.webhook_id,
        delivery_id=delivery_id(owed.asked_at, told, webhook.webhook_id, str(owed.asked)),
        event=EventType.RESUME_READY,
        event_id=told,
        cause=Cause.EVENT,
        created_at=owed.asked_at,
        request_id=request.request_id,
    )


def _body(request: Request, owed: Effect) -> bytes:
    return resume_body(
        request_id=request.request_id,
        flow_id=request.flow_id,
        flow_class=request.flow_class,
        method_name=request.method_name,
        deployment_id=request.deployment_id,
        attempt=owed.asked + 1,
    )


def _change(found: Request, decide: Callable[[Request], Outcome | None], *, store: Store, now: datetime) -> None:
    def over_rows(rows: Rows) -> Outcome | None:
        request = rows[found.key]
        return None if request is None else decide(request)

    change(over_rows, found.key, on=store, now=now, as_read=Rows({found.key: found}))
