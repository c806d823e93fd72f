"""Webhooks in the world: configuring them, receivers that a test plays, and the function that delivers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.webhooks.deliveries import Delivery
from nodback_core.domain.webhooks.events import EventType
from nodback_core.domain.webhooks.outcome import DeliveryClass, DeliveryOutcome
from nodback_core.domain.webhooks.webhook import Reach
from nodback_core.ports import Message
from nodback_core.usecases.webhooks.configure import NewSecret, Wish, create_webhook
from nodback_core.usecases.webhooks.deliver import MessageResult, deliver_webhook
from nodback_core.usecases.webhooks.log import Sending, list_deliveries
from support.world import INSTALL, World

FINE = DeliveryOutcome(DeliveryClass.DELIVERED, 204, 12, "")


@dataclass(frozen=True)
class Posted:
    """One POST as it went onto the wire."""

    url: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Network:
    """Every receiver there is: takes what is sent, and answers what the test says."""

    posts: list[Posted] = field(default_factory=list)
    answer: Callable[[str], DeliveryOutcome] = lambda _: FINE

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> DeliveryOutcome:
        self.posts.append(Posted(url, body, headers))
        return self.answer(url)


def a_webhook(
    world: World,
    deployment: Deployment,
    url: str = "https://hooks.example.com/in",
    *events: EventType,
    resumes: bool = False,
    **wish: object,
) -> NewSecret:
    number = next(world.counter)
    return create_webhook(
        deployment.deployment_id,
        Wish(**{"name": f"hook {number}", "url": url, "events": events, **wish}),  # type: ignore[arg-type]
        webhook_id=f"wh{number}",
        random=world.random.randbytes(33),
        reach=Reach(("nodback.test",)),
        resumes=resumes,
        caller=INSTALL,
        store=world.store,
        vault=world.vault,
        now=world.now,
    )


def take(world: World, message: Message, network: Network) -> MessageResult:
    """The delivery function takes one message."""
    made, _ = deliver_webhook(
        message.body["webhook_id"],
        message.body["delivery_id"],
        storage=world.storage,
        send=network.send,
        now=world.now,
    )
    return made


def take_all(world: World, network: Network) -> list[MessageResult]:
    """Every message on the queue is taken, once."""
    messages, world.queue.messages = world.queue.messages, []
    return [take(world, message, network) for message in messages]


def log(world: World, new: NewSecret, *, limit: int = 50, cursor: str | None = None) -> tuple[Delivery, ...]:
    """The delivery log of a webhook, the newest first."""
    webhook = new.webhook
    page = list_deliveries(
        webhook.deployment_id,
        webhook.webhook_id,
        limit=limit,
        cursor=cursor,
        caller=INSTALL,
        store=world.store,
        now=world.now,
    )
    return page.items


def sending(world: World) -> Sending:
    return Sending(world.storage, world.queue)
