"""The delivery log of a webhook, and what a person can send from it: a test, or a delivery again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.shared.errors import NotFound
from nodback_core.domain.shared.happenings import Happening
from nodback_core.domain.shared.outcomes import Outcome, changed
from nodback_core.domain.shared.records import Rows
from nodback_core.domain.webhooks.deliveries import KEPT_DAYS, Cause, Delivery, DeliveryJob, delivery_id
from nodback_core.domain.webhooks.events import EventType, TestSent
from nodback_core.domain.webhooks.happenings import WebhookRedelivered, WebhookTested
from nodback_core.domain.webhooks.outcome import DeliveryClass
from nodback_core.domain.webhooks.payload import RequestContent, webhook_body
from nodback_core.domain.webhooks.webhook import Webhook
from nodback_core.ports import ContentErased, Page, Queue, Storage, Store, Vault
from nodback_core.usecases.deployments.register import deployment_in
from nodback_core.usecases.shared.change import change, change_once
from nodback_core.usecases.webhooks.configure import find_webhook, read_webhook
from nodback_core.usecases.webhooks.fan_out import delivery_message
from nodback_core.usecases.webhooks.jobs import Job, job_key, open_job, read_answer_text, seal_job
from nodback_core.usecases.webhooks.messages import deployment_content
from nodback_core.usecases.webhooks.secrets import open_secrets

TEST_REQUEST_ID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class SeenDelivery:
    """A delivery as a person sees it; `answer`, the start of the receiver's answer, is None when it was erased."""

    delivery: Delivery
    answer: str | None


@dataclass(frozen=True, slots=True)
class Sending:
    """What it takes to send from the log."""

    storage: Storage
    queue: Queue


def list_deliveries(
    deployment_id: int, webhook_id: str, *, limit: int, cursor: str | None, caller: Caller, store: Store, now: datetime
) -> Page[Delivery]:
    """One page of the log, the newest delivery first."""
    read_webhook(deployment_id, webhook_id, caller=caller, store=store)
    page = store.children(Delivery, f"delivery/{webhook_id}", "log/", newest_first=True, limit=limit, cursor=cursor)
    # The store forgets late: what is past its time is not shown any more.
    kept = tuple(d for d in page.items if d.created_at > now - timedelta(days=KEPT_DAYS))
    return Page(kept, page.cursor if len(kept) == len(page.items) else None)


def read_delivery(
    deployment_id: int, webhook_id: str, delivery_id_: str, *, caller: Caller, store: Store, vault: Vault
) -> SeenDelivery:
    """One delivery with the start of the receiver's answer."""
    read_webhook(deployment_id, webhook_id, caller=caller, store=store)
    delivery, job_row = _found(webhook_id, delivery_id_, store=store)
    if delivery.answer is None:
        return SeenDelivery(delivery, "")
    try:
        key = job_key(job_row, vault=vault)
    except ContentErased:
        return SeenDelivery(delivery, None)
    return SeenDelivery(delivery, read_answer_text(delivery, key=key, vault=vault))


def redeliver(
    deployment_id: int,
    webhook_id: str,
    delivery_id_: str,
    *,
    new_id: str,
    caller: Caller,
    sending: Sending,
    now: datetime,
) -> Delivery:
    """Send the same event and body again, to the webhook's present URL and signed with its present secrets.

    Raises NotFound, and ContentErased when the body is gone.
    """
    read_webhook(deployment_id, webhook_id, caller=caller, store=sending.storage.store)
    old, job_row = _found(webhook_id, delivery_id_, store=sending.storage.store)
    job, _ = open_job(job_row, storage=sending.storage)
    again = old.again(delivery_id(now, new_id), now=now)
    happening = WebhookRedelivered(
        by=caller.actor, webhook_id=webhook_id, delivery_id=again.delivery_id, redelivery_of=old.delivery_id
    )
    return _send(again, lambda _: job.body, happening, sending=sending, now=now)


def send_test(
    deployment_id: int,
    webhook_id: str,
    *,
    new_id: str,
    public_url: str,
    caller: Caller,
    sending: Sending,
    now: datetime,
) -> Delivery:
    """Send a `test` event with an invented request; it goes to a paused webhook too. Raises NotFound."""
    caller.check_manages(deployment_id)
    delivery = Delivery(
        deployment_id=deployment_id,
        webhook_id=webhook_id,
        delivery_id=delivery_id(now, new_id),
        event=EventType.TEST,
        event_id=f"evt_test_{new_id.replace('-', '')}",
        cause=Cause.TEST,
        created_at=now,
    )
    request = RequestContent(
        request_id=TEST_REQUEST_ID,
        flow_id="test",
        method_name="test",
        message="This is a test of the webhook; there is no such request.",
        emit_options=("approved", "rejected"),
        state={},
        metadata={},
        created_at=now,
        output="Nothing is waiting for an answer.",
        default_outcome=None,
        url=f"{public_url}/v1/requests/{TEST_REQUEST_ID}",
    )

    def body(deployment: Deployment) -> bytes:
        return webhook_body(
            TestSent(),
            request=request,
            deployment=deployment_content(deployment),
            callback_url=None,
            assigned_to_email=deployment.creator_email,
        )

    happening = WebhookTested(by=caller.actor, webhook_id=webhook_id, delivery_id=delivery.delivery_id)
    return _send(delivery, body, happening, sending=sending, now=now)


def _send(
    delivery: Delivery,
    body: Callable[[Deployment], bytes],
    happening: Happening,
    *,
    sending: Sending,
    now: datetime,
) -> Delivery:
    """Store the delivery with its entry, then queue it."""

    def webhook_now(_: Rows) -> Sequence[Webhook]:
        # Read after the deployment's row, which moves with each of its webhooks: what is sent goes where it is now.
        return [find_webhook(delivery.deployment_id, delivery.webhook_id, store=sending.storage.store)]

    def decide(rows: Rows) -> Outcome:
        deployment, webhook = deployment_in(rows, delivery.deployment_id), rows.of(Webhook)
        job = Job(webhook.url, open_secrets(webhook, vault=sending.storage.vault), body(deployment))
        sealed = seal_job(job, delivery, storage=sending.storage)
        return changed(deployment, happening, also=(delivery, sealed))

    place = Deployment.at(delivery.deployment_id)
    stored = change(decide, place, on=sending.storage.store, now=now, more=webhook_now).of(Delivery)
    try:
        sending.queue.send([delivery_message(delivery.webhook_id, delivery.delivery_id)])
    except Exception:
        # Nothing sends it later, so it must not look as if it waited; a message that did arrive finds it ended.
        failed = replace(stored, class_=DeliveryClass.INTERNAL)
        change_once(Outcome(rows=(failed,)), on=sending.storage.store, now=now)
        raise
    return stored


def _found(webhook_id: str, delivery_id_: str, *, store: Store) -> tuple[Delivery, DeliveryJob | None]:
    row, job_row = Delivery.at(webhook_id, delivery_id_), DeliveryJob.at(webhook_id, delivery_id_)
    fetched = store.fetch(row, job_row)
    found = fetched[row]
    if found is None:
        raise NotFound(f"this webhook has no delivery {delivery_id_}; the log keeps {KEPT_DAYS} days")
    return found, fetched[job_row]
