"""Routes for the webhooks of a deployment, their secrets and their delivery log."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from nodback_core.api.shared.context import Cursor, caller_of
from nodback_core.api.shared.views import when
from nodback_core.api.webhooks.models import (
    DeliveryDetail,
    DeliveryList,
    DeliveryView,
    WebhookBody,
    WebhookList,
    WebhookPatch,
    WebhookView,
    WebhookWithSecret,
)
from nodback_core.domain.shared.times import stamp
from nodback_core.domain.webhooks.deliveries import Delivery
from nodback_core.domain.webhooks.events import EventType
from nodback_core.domain.webhooks.signature import SECRET_BYTES, SECRET_PREFIX
from nodback_core.domain.webhooks.webhook import Webhook
from nodback_core.runtime.service import get_service
from nodback_core.runtime.webhooks import reach, sending
from nodback_core.usecases.webhooks.configure import (
    NewSecret,
    Wish,
    change_webhook,
    create_webhook,
    list_webhooks,
    read_webhook,
    remove_webhook,
)
from nodback_core.usecases.webhooks.log import list_deliveries, read_delivery, redeliver, send_test
from nodback_core.usecases.webhooks.secrets import abort_rotation, complete_rotation, start_rotation

router = Router()
DeploymentId = Annotated[int, Path(ge=1, le=2**31)]
WebhookId = Annotated[str, Path(max_length=64, pattern="^[a-z0-9_]+$")]
DeliveryId = Annotated[str, Path(max_length=64, pattern="^[a-z0-9_]+$")]
BASE = "/v1/deployments/<deployment_id>/webhooks"
ONE = f"{BASE}/<webhook_id>"
MASKED = f"{SECRET_PREFIX}***"
MAX_LIMIT = 100


@router.post(BASE, tags=["webhooks"], summary="Add a webhook; its secret is shown once")
def create(deployment_id: DeploymentId, body: WebhookBody) -> Response[WebhookWithSecret]:
    service = get_service()
    new = create_webhook(
        deployment_id,
        Wish(body.name, body.url, tuple(EventType(e) for e in body.events), body.active),
        webhook_id=f"wh_{service.new_id().replace('-', '')[:20]}",
        random=service.random_bytes(SECRET_BYTES),
        reach=reach(service),
        resumes=body.resumes,
        caller=caller_of(router),
        store=service.store,
        vault=service.vault,
        now=service.now(),
    )
    return _with_secret(new)


@router.get(BASE, tags=["webhooks"], summary="List webhooks")
def index(deployment_id: DeploymentId) -> WebhookList:
    found = list_webhooks(deployment_id, caller=caller_of(router), store=get_service().store)
    return WebhookList(webhooks=[_view(webhook) for webhook in found])


@router.get(ONE, tags=["webhooks"], summary="Read a webhook")
def read(deployment_id: DeploymentId, webhook_id: WebhookId) -> WebhookView:
    return _view(read_webhook(deployment_id, webhook_id, caller=caller_of(router), store=get_service().store))


@router.patch(ONE, tags=["webhooks"], summary="Change a webhook, or pause it")
def change(deployment_id: DeploymentId, webhook_id: WebhookId, body: WebhookPatch) -> WebhookView:
    service = get_service()
    events = None if body.events is None else tuple(EventType(e) for e in body.events)
    changed = change_webhook(
        deployment_id,
        webhook_id,
        Wish(body.name, body.url, events, body.active),
        reach=reach(service),
        caller=caller_of(router),
        store=service.store,
        now=service.now(),
    )
    return _view(changed)


@router.delete(ONE, tags=["webhooks"], summary="Remove a webhook")
def remove(deployment_id: DeploymentId, webhook_id: WebhookId) -> Response[None]:
    service = get_service()
    remove_webhook(deployment_id, webhook_id, caller=caller_of(router), store=service.store, now=service.now())
    return Response(status_code=204, content_type=None, body=None)


@router.post(f"{ONE}/rotation", tags=["webhooks"], summary="Start a rotation of the secret; the new one is shown once")
def start(deployment_id: DeploymentId, webhook_id: WebhookId) -> Response[WebhookWithSecret]:
    service = get_service()
    new = start_rotation(
        deployment_id,
        webhook_id,
        random=service.random_bytes(SECRET_BYTES),
        caller=caller_of(router),
        store=service.store,
        vault=service.vault,
        now=service.now(),
    )
    return _with_secret(new)


@router.post(f"{ONE}/rotation/complete", tags=["webhooks"], summary="Complete a rotation; only the new secret signs")
def complete(deployment_id: DeploymentId, webhook_id: WebhookId) -> WebhookView:
    service = get_service()
    return _view(
        complete_rotation(deployment_id, webhook_id, caller=caller_of(router), store=service.store, now=service.now())
    )


@router.delete(f"{ONE}/rotation", tags=["webhooks"], summary="Cancel a rotation; the old secret stays")
def abort(deployment_id: DeploymentId, webhook_id: WebhookId) -> WebhookView:
    service = get_service()
    return _view(
        abort_rotation(deployment_id, webhook_id, caller=caller_of(router), store=service.store, now=service.now())
    )


@router.post(f"{ONE}/test", tags=["webhooks"], summary="Send a test event")
def test(deployment_id: DeploymentId, webhook_id: WebhookId) -> Response[DeliveryView]:
    service = get_service()
    queued = send_test(
        deployment_id,
        webhook_id,
        new_id=service.new_id(),
        public_url=service.environment.public_url,
        caller=caller_of(router),
        sending=sending(service),
        now=service.now(),
    )
    return _accepted(queued)


@router.get(f"{ONE}/deliveries", tags=["webhooks"], summary="List deliveries, newest first")
def deliveries(
    deployment_id: DeploymentId,
    webhook_id: WebhookId,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    cursor: Cursor = None,
) -> DeliveryList:
    service = get_service()
    page = list_deliveries(
        deployment_id,
        webhook_id,
        limit=limit,
        cursor=cursor,
        caller=caller_of(router),
        store=service.store,
        now=service.now(),
    )
    return DeliveryList(deliveries=[_delivery(d) for d in page.items], next_cursor=page.cursor)


@router.get(f"{ONE}/deliveries/<delivery_id>", tags=["webhooks"], summary="Read a delivery and the receiver's answer")
def delivery(deployment_id: DeploymentId, webhook_id: WebhookId, delivery_id: DeliveryId) -> DeliveryDetail:
    service = get_service()
    seen = read_delivery(
        deployment_id, webhook_id, delivery_id, caller=caller_of(router), store=service.store, vault=service.vault
    )
    return DeliveryDetail(delivery=_delivery(seen.delivery), answer=seen.answer)


@router.post(f"{ONE}/deliveries/<delivery_id>/redeliver", tags=["webhooks"], summary="Deliver again")
def again(deployment_id: DeploymentId, webhook_id: WebhookId, delivery_id: DeliveryId) -> Response[DeliveryView]:
    service = get_service()
    queued = redeliver(
        deployment_id,
        webhook_id,
        delivery_id,
        new_id=service.new_id(),
        caller=caller_of(router),
        sending=sending(service),
        now=service.now(),
    )
    return _accepted(queued)


def _view(webhook: Webhook) -> WebhookView:
    return WebhookView(
        id=webhook.webhook_id,
        deployment_id=webhook.deployment_id,
        name=webhook.name,
        url=webhook.url,
        active=webhook.active,
        resumes=webhook.resumes,
        events=[event.value for event in webhook.events],
        secret=MASKED,
        created_at=stamp(webhook.created_at),
        rotation_started_at=when(webhook.rotation_started_at),
    )


def _with_secret(new: NewSecret) -> Response[WebhookWithSecret]:
    view = WebhookWithSecret(webhook=_view(new.webhook), secret=new.secret.reveal())
    headers = {"Cache-Control": "no-store"}
    return Response(status_code=201, content_type="application/json", body=view, headers=headers)


def _accepted(queued: Delivery) -> Response[DeliveryView]:
    return Response(status_code=202, content_type="application/json", body=_delivery(queued))


def _delivery(row: Delivery) -> DeliveryView:
    now = get_service().now()
    result = row.result(now)
    return DeliveryView.model_validate(
        {
            "id": row.delivery_id,
            "webhook_id": row.webhook_id,
            "event": row.event.value,
            "event_id": row.event_id,
            "request_id": row.request_id,
            "cause": row.cause.value,
            "redelivery_of": row.redelivery_of,
            "status": row.status(now).value,
            "class": None if result is None else result.value,
            "http_status": row.http_status,
            "milliseconds": row.milliseconds,
            "created_at": stamp(row.created_at),
            "claimed_at": when(row.claimed_at),
        }
    )
