"""A webhook is changed while a person sends to it: what goes out goes to the webhook as it is then, or not at all."""

from collections.abc import Iterator

import pytest
from support.hooks import Network, a_webhook, log, sending, take_all
from support.meanwhile import Overtaken
from support.pauses import no_pauses
from support.world import INSTALL, World

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.errors import NotFound
from nodback_core.domain.webhooks.deliveries import Delivery
from nodback_core.domain.webhooks.events import EventType
from nodback_core.domain.webhooks.webhook import Reach
from nodback_core.usecases.webhooks.configure import NewSecret, Wish, change_webhook, remove_webhook
from nodback_core.usecases.webhooks.log import redeliver, send_test

ELSEWHERE = "https://elsewhere.example.com/"


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with no_pauses():
        yield


class Case:
    """A webhook that has been told of one request."""

    def __init__(self) -> None:
        self.world, self.network = World(), Network()
        self.deployment = self.world.deployment()
        self.new: NewSecret = a_webhook(self.world, self.deployment)
        self.request_id = self.world.pause(self.deployment).request.request_id
        self.world.deliver()
        take_all(self.world, self.network)
        self.network.posts.clear()

    @property
    def place(self) -> tuple[int, str]:
        return self.deployment.deployment_id, self.new.webhook.webhook_id

    def test(self) -> Delivery:
        return send_test(
            *self.place,
            new_id=self.world.uuid(),
            public_url="https://nodback.test",
            caller=INSTALL,
            sending=sending(self.world),
            now=self.world.now,
        )

    def redeliver(self) -> Delivery:
        (first,) = log(self.world, self.new)
        return redeliver(
            *self.place,
            first.delivery_id,
            new_id=self.world.uuid(),
            caller=INSTALL,
            sending=sending(self.world),
            now=self.world.now,
        )

    def move(self) -> None:
        wish, reach = Wish(url=ELSEWHERE), Reach(("nodback.test",))
        change_webhook(*self.place, wish, reach=reach, caller=INSTALL, store=self.world.store, now=self.world.now)

    def remove(self) -> None:
        remove_webhook(*self.place, caller=INSTALL, store=self.world.store, now=self.world.now)


@pytest.mark.parametrize("send", [Case.test, Case.redeliver], ids=["test", "again"])
def test_a_webhook_that_is_removed_meanwhile_is_sent_nothing(send) -> None:
    case = Case()
    case.world.store = Overtaken(case.world.store, case.remove)

    with pytest.raises(NotFound):
        send(case)

    assert not case.world.queue.messages


@pytest.mark.parametrize("send", [Case.test, Case.redeliver], ids=["test", "again"])
def test_a_webhook_that_moves_meanwhile_is_sent_to_where_it_is_now(send) -> None:
    case = Case()
    case.world.store = Overtaken(case.world.store, case.move)

    send(case)

    take_all(case.world, case.network)
    assert [post.url for post in case.network.posts] == [ELSEWHERE]


def test_two_webhooks_that_are_added_at_the_same_moment_are_both_told_what_they_ask_for() -> None:
    case = Case()
    world, deployment = case.world, case.deployment
    store = world.store

    def somebody_adds() -> None:
        world.store = store
        a_webhook(world, deployment, ELSEWHERE, EventType.REQUEST_RESPONDED)

    world.store = Overtaken(store, somebody_adds)
    a_webhook(world, deployment, ELSEWHERE, EventType.REQUEST_CANCELLED)

    wanted = {"new_request", "request_responded", "request_cancelled"}
    stored = store.fetch(Deployment.at(deployment.deployment_id))[Deployment.at(deployment.deployment_id)]
    assert set(stored.webhook_events) == wanted
    assert set(world.request(case.request_id).webhook_events) == wanted
    world.check_chains()


def test_a_request_that_is_answered_while_it_learns_what_webhooks_want_keeps_its_answer() -> None:
    case = Case()
    world = case.world
    reply_to = world.reply_address()
    store = world.store

    def somebody_answers() -> None:
        world.store = store
        world.reply("approved", to=reply_to)

    world.store = Overtaken(store, somebody_answers, writes=Request)
    a_webhook(world, case.deployment, ELSEWHERE, EventType.RESUME_FAILED)

    stored = world.request(case.request_id)
    assert stored.decision is not None
    assert "resume_failed" in stored.webhook_events
    world.check_chains()
