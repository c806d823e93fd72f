"""Telling the webhooks of a deployment what has happened: the exact body for each, stored, and one message for each."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from nodback_core.domain.audit.trail import happening_of
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind, Shown, shown_of, words_of
from nodback_core.domain.reviews.requests import Request, Status
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Key, Record, Rows
from nodback_core.domain.webhooks.deliveries import Cause, Delivery, delivery_id
from nodback_core.domain.webhooks.dispatching import owed_for, settle
from nodback_core.domain.webhooks.events import ANSWERABLE_EVENTS, EventType, WebhookEvent, event_id
from nodback_core.domain.webhooks.happenings import WebhooksDispatched
from nodback_core.domain.webhooks.payload import webhook_body
from nodback_core.domain.webhooks.webhook import Webhook
from nodback_core.ports import ContentErased, Message, Queue, RowUnreadable, Storage, Store
from nodback_core.usecases.shared.change import change, change_once
from nodback_core.usecases.shared.contents import open_key, read_content
from nodback_core.usecases.webhooks.configure import stored_webhooks
from nodback_core.usecases.webhooks.jobs import Job, seal_job
from nodback_core.usecases.webhooks.messages import (
    answers_itself_at,
    assignee_at,
    deployment_content,
    event_for,
    request_content,
)
from nodback_core.usecases.webhooks.secrets import open_secrets

CallbackUrl: TypeAlias = Callable[[str, str, str, datetime, datetime | None], str]
"""From request id, webhook, token id, now and deadline to the URL at which that webhook may answer."""


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What it takes to tell webhooks."""

    storage: Storage
    queue: Queue
    callback_url: CallbackUrl
    public_url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One entry that webhooks are told of, with all that the messages are made from."""

    entry: Entry
    type: EventType
    request: Request
    deployment: Deployment
    shown: Shown
    event: WebhookEvent

    @property
    def event_id(self) -> str:
        return event_id(self.request.request_id, self.entry.seq)


def fan_out(request_id: str, seq: int, *, deployment_id: int, dispatcher: Dispatcher, now: datetime) -> tuple[str, ...]:
    """Queue one delivery for each active webhook that wants the event; returns the ids of those queued now.

    Safe to call again at any time: a delivery exists once for each event and webhook, and a message that comes twice
    finds it claimed. Once all are queued, the request owes its webhooks nothing more for this entry. Raises
    RowUnreadable, with all others queued, when a webhook cannot be read.
    """
    store = dispatcher.storage.store
    rows = _Rows(request_id, seq, deployment_id)
    fetched = store.fetch(*rows.all)
    request, deployment = fetched[rows.request], fetched[rows.deployment]
    if request is None or deployment is None or owed_for(request, seq) is None:
        return ()
    entry = store.chain(request.subject, after_seq=seq - 1, limit=1).items[0]
    happening = happening_of(entry)
    assert happening is not None
    type_ = happening.webhook_event
    assert type_ is not None
    webhooks = stored_webhooks(deployment_id, store=store)
    wanting = [w for w in webhooks.items if w.wants(type_)]
    dispatched = WebhooksDispatched(
        event=type_.value,
        event_id=event_id(request_id, seq),
        for_seq=seq,
        webhooks=[w.webhook_id for w in wanting],
    )
    if not wanting and not webhooks.unreadable:
        _settle(request, dispatched, store=store, now=now)
        return ()
    try:
        key = open_key(fetched[rows.content_key], vault=dispatcher.storage.vault)
        shown = read_content(fetched[rows.shown], key=key, storage=dispatcher.storage)
        words = read_content(fetched[rows.response], key=key, storage=dispatcher.storage)
        reason = read_content(fetched[rows.reason], key=key, storage=dispatcher.storage)
    except ContentErased:
        _settle(request, replace(dispatched, webhooks=[], skipped="content erased"), store=store, now=now)
        return ()
    event = event_for(
        happening, entry.at, request, words=words_of(words) if words else None, reason=str(reason) if reason else None
    )
    notice = Notice(entry, type_, request, deployment, shown_of(shown), event)
    queued = _queue(notice, wanting, dispatcher=dispatcher, now=now)
    if webhooks.unreadable:
        # The others are told; what is owed to these is asked after again until they can be read.
        raise RowUnreadable(*webhooks.unreadable)
    _settle(request, dispatched, store=store, now=now)
    return queued


class _Rows:
    """The rows that telling of one entry may need, read in one call."""

    def __init__(self, request_id: str, seq: int, deployment_id: int) -> None:
        self.request = Request.at(request_id)
        self.deployment = Deployment.at(deployment_id)
        self.content_key = ContentKey.at(request_id)
        self.shown = Content.at(request_id, ContentKind.SHOWN)
        self.response = Content.at(request_id, ContentKind.RESPONSE)
        self.reason = Content.at(request_id, ContentKind.REASON, seq)

    @property
    def all(self) -> Sequence[Key[Record]]:
        return (self.request, self.deployment, self.content_key, self.shown, self.response, self.reason)


def _queue(notice: Notice, webhooks: Sequence[Webhook], *, dispatcher: Dispatcher, now: datetime) -> tuple[str, ...]:
    """Store what is to be sent, then send the messages; one that is claimed already needs none."""
    ids = {w.webhook_id: delivery_id(notice.entry.at, notice.event_id, w.webhook_id) for w in webhooks}
    keys: list[Key[Record]] = [Delivery.at(w, d) for w, d in ids.items()]
    known = dispatcher.storage.store.fetch(*keys)
    messages = []
    for webhook in webhooks:
        stored = known[Delivery.at(webhook.webhook_id, ids[webhook.webhook_id])]
        if stored is None:
            _store_delivery(notice, webhook, ids[webhook.webhook_id], dispatcher=dispatcher, now=now)
        if stored is None or stored.is_waiting:
            messages.append(delivery_message(webhook.webhook_id, ids[webhook.webhook_id]))
    dispatcher.queue.send(messages)
    return tuple(m.body["delivery_id"] for m in messages)


def _store_delivery(notice: Notice, webhook: Webhook, id_: str, *, dispatcher: Dispatcher, now: datetime) -> None:
    delivery = Delivery(
        deployment_id=webhook.deployment_id,
        webhook_id=webhook.webhook_id,
        delivery_id=id_,
        event=notice.type,
        event_id=notice.event_id,
        cause=Cause.EVENT,
        created_at=notice.entry.at,
        request_id=notice.request.request_id,
    )
    body = webhook_body(
        notice.event,
        request=request_content(notice.request, notice.shown, public_url=dispatcher.public_url),
        deployment=deployment_content(notice.deployment),
        callback_url=_callback_url(notice, webhook, dispatcher, now),
        assigned_to_email=assignee_at(notice.entry, notice.request),
    )
    job = Job(webhook.url, open_secrets(webhook, vault=dispatcher.storage.vault), body)
    sealed = seal_job(job, delivery, storage=dispatcher.storage)
    # If somebody else tells of the same entry at this moment, their job is as good as ours.
    change_once(Outcome(rows=(delivery, sealed)), on=dispatcher.storage.store, now=now)


def _callback_url(notice: Notice, webhook: Webhook, dispatcher: Dispatcher, now: datetime) -> str | None:
    """None once nothing can be answered any more."""
    deadline = answers_itself_at(notice.request)
    is_over = deadline is not None and deadline <= now
    if notice.type not in ANSWERABLE_EVENTS or notice.request.status is not Status.PENDING or is_over:
        return None
    request_id = notice.request.request_id
    # One token for each request and webhook: an answer that comes by two events of it is one answer.
    token_id = hashlib.sha256(f"{request_id}/{webhook.webhook_id}".encode()).hexdigest()[:32]
    place = f"{webhook.deployment_id}/{webhook.webhook_id}"
    return dispatcher.callback_url(request_id, place, token_id, now, deadline)


def delivery_message(webhook_id: str, id_: str) -> Message:
    """The message that has one delivery made; deliveries to one webhook form a group."""
    return Message({"webhook_id": webhook_id, "delivery_id": id_}, group=webhook_id)


def _settle(request: Request, dispatched: WebhooksDispatched, *, store: Store, now: datetime) -> None:
    """Record that the webhooks were told; the request no longer owes it."""

    def decide(rows: Rows) -> Outcome | None:
        current = rows[request.key]
        return None if current is None else settle(current, dispatched)

    change(decide, request.key, on=store, now=now, as_read=Rows({request.key: request}))
