"""The functions of webhooks as AWS calls them: a bus event, a message of the queue, a real receiver on the loopback."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from support.hooks import log
from support.http import ENVIRONMENT, MemoryService
from support.world import INSTALL, World
from unit.webhooks.receivers import answering, receiver, silent

from functions.webhook_delivery.handler import handler as deliver
from functions.webhook_fanout.handler import handler as fan_out
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.webhooks.outcome import DeliveryClass
from nodback_core.domain.webhooks.webhook import Reach
from nodback_core.runtime.service import use_service
from nodback_core.runtime.webhooks import reach
from nodback_core.usecases.deployments.register import find_deployment
from nodback_core.usecases.webhooks.configure import NewSecret, Wish, create_webhook

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


@contextmanager
def the_service(world: World, *, loopback: str = "true") -> Iterator[None]:
    use_service(MemoryService(environment=replace(ENVIRONMENT, loopback_webhooks=loopback), world=world))
    try:
        yield
    finally:
        use_service(None)


def a_local_webhook(world: World, url: str) -> NewSecret:
    return create_webhook(
        1,
        Wish("Local", url),
        webhook_id=f"wh_{next(world.counter):04d}",
        random=world.random.randbytes(33),
        reach=Reach(loopback=True),
        caller=INSTALL,
        store=world.store,
        vault=world.vault,
        now=world.now,
    )


def bus_event(world: World) -> dict[str, object]:
    """The event that the rule hands to the fan-out."""
    (event,) = [e for e in world.bus.events if "webhooks" in e.detail]
    return {"source": "nodback", "detail-type": event.name, "detail": dict(event.detail)}


def queue_events(world: World) -> list[dict[str, object]]:
    """One event for each message: the queue hands over one at a time."""
    return [{"Records": [{"messageId": "1", "body": json.dumps(dict(m.body))}]} for m in world.queue.messages]


def test_a_bus_event_becomes_one_post_to_a_real_receiver() -> None:
    world = World()
    world.deployment()
    with receiver(answering(NO_CONTENT)) as running, the_service(world):
        new = a_local_webhook(world, running.url())
        world.pause(_first(world))
        for _ in range(5):
            fan_out(bus_event(world), None)
        (event,) = queue_events(world)
        for _ in range(5):
            deliver(event, None)
        assert running.connections == 1
        assert b'"event":"new_request"' in running.received
        assert [row.class_ for row in log(world, new)] == [DeliveryClass.DELIVERED]


def test_one_slow_receiver_delays_no_other() -> None:
    world = World()
    world.deployment()
    with receiver(silent) as slow, receiver(answering(NO_CONTENT)) as fast, the_service(world):
        hanging = [a_local_webhook(world, slow.url()) for _ in range(3)]
        healthy = [a_local_webhook(world, fast.url()) for _ in range(6)]
        world.pause(_first(world))
        fan_out(bus_event(world), None)
        threads = [threading.Thread(target=deliver, args=(e, None), daemon=True) for e in queue_events(world)]
        for thread in threads:
            thread.start()
        # The hanging ones are let go at once: what counts is that nobody waited for them.
        for thread in threads[3:]:
            thread.join(20)
        assert fast.connections == len(healthy)
        assert all(log(world, new)[0].class_ is DeliveryClass.DELIVERED for new in healthy)
        assert all(log(world, new)[0].class_ is None for new in hanging)
        slow.stopping.set()
        for thread in threads[:3]:
            thread.join(20)
    assert {log(world, new)[0].class_ for new in hanging} <= {DeliveryClass.CONNECT, DeliveryClass.BAD_RESPONSE}


def test_on_aws_a_loopback_address_is_refused_even_if_it_came_to_be_configured() -> None:
    world = World()
    world.deployment()
    with receiver(answering(NO_CONTENT)) as running, the_service(world, loopback=""):
        new = a_local_webhook(world, running.url())
        world.pause(_first(world))
        fan_out(bus_event(world), None)
        (event,) = queue_events(world)
        deliver(event, None)
        assert running.connections == 0
        assert log(world, new)[0].class_ is DeliveryClass.BAD_URL


@pytest.mark.parametrize(
    ("public_url", "own"),
    [
        ("https://abc.execute-api.us-east-1.amazonaws.com", ("abc.execute-api.us-east-1.amazonaws.com",)),
        ("https://nodback.company.com", ("nodback.company.com",)),
        ("http://127.0.0.1:4566/_aws/x", ("127.0.0.1:4566", "localhost:4566")),
    ],
)
def test_the_installs_own_address_is_no_target(public_url: str, own: tuple[str, ...]) -> None:
    made = MemoryService(environment=replace(ENVIRONMENT, public_url=public_url))
    assert reach(made).own_domains == own


def _first(world: World) -> Deployment:
    return find_deployment(1, store=world.store)
