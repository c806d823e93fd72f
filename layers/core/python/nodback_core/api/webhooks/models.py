"""What goes over the wire about webhooks and their deliveries."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from nodback_core.api.shared.models import Incoming, Outgoing
from nodback_core.domain.webhooks.address_guard import MAX_URL_CHARACTERS
from nodback_core.domain.webhooks.webhook import MAX_WEBHOOK_NAME_CHARACTERS

HookName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_WEBHOOK_NAME_CHARACTERS)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL_CHARACTERS)]
OptIn = Literal[
    "request_responded",
    "request_auto_responded",
    "request_escalated",
    "request_reassigned",
    "request_cancelled",
    "resume_succeeded",
    "resume_failed",
    "sla_breached",
]
Events = Annotated[list[OptIn], Field(max_length=20)]


class WebhookBody(Incoming):
    name: HookName
    url: Url
    events: Events = Field(default_factory=list)
    active: bool = True
    resumes: bool = False


class WebhookPatch(Incoming):
    name: HookName | None = None
    url: Url | None = None
    events: Events | None = None
    active: bool | None = None


class WebhookView(Outgoing):
    id: str
    deployment_id: int
    name: str
    url: str
    active: bool
    resumes: bool
    events: list[str]
    secret: str
    created_at: str
    rotation_started_at: str | None


class WebhookList(Outgoing):
    webhooks: list[WebhookView]


class WebhookWithSecret(Outgoing):
    """The only answer that holds a secret in the clear."""

    webhook: WebhookView
    secret: str


class DeliveryView(Outgoing):
    id: str
    webhook_id: str
    event: str
    event_id: str
    request_id: str | None
    cause: Literal["event", "test", "redelivery"]
    redelivery_of: str | None
    status: Literal["queued", "sending", "delivered", "failed"]
    result: Annotated[str | None, Field(alias="class")]
    http_status: int | None
    milliseconds: int | None
    created_at: str
    claimed_at: str | None


class DeliveryList(Outgoing):
    deliveries: list[DeliveryView]
    next_cursor: str | None


class DeliveryDetail(Outgoing):
    """One delivery with the first 4 KB of what the receiver answered; null once that was erased."""

    delivery: DeliveryView
    answer: str | None
