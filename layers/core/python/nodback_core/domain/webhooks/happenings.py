"""What happens to webhooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action
from nodback_core.domain.shared.happenings import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksDispatched(Happening):
    """Messages for webhooks are on their way."""

    event: str
    event_id: str
    for_seq: int
    webhooks: Sequence[Json]
    skipped: str | None = None
    """Why nobody was told."""

    action = Action.WEBHOOKS_DISPATCHED
    words = "Webhooks told"
    is_event = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCreated(Happening):
    webhook_id: str
    name: str
    url_host: str
    events: Sequence[Json]
    active: bool
    resumes: bool | None = None

    action = Action.WEBHOOK_CREATED
    words = "Webhook added"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChanged(Happening):
    webhook_id: str
    changes: Mapping[str, Json]

    action = Action.WEBHOOK_CHANGED
    words = "Webhook changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRemoved(Happening):
    webhook_id: str
    name: str
    url_host: str
    events: Sequence[Json]

    action = Action.WEBHOOK_REMOVED
    words = "Webhook removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecretRotated(Happening):
    webhook_id: str
    phase: str

    action = Action.WEBHOOK_SECRET_ROTATED
    words = "Webhook secret rotated"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTested(Happening):
    webhook_id: str
    delivery_id: str

    action = Action.WEBHOOK_TESTED
    words = "Webhook tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRedelivered(Happening):
    webhook_id: str
    delivery_id: str
    redelivery_of: str

    action = Action.WEBHOOK_REDELIVERED
    words = "Webhook told again"
