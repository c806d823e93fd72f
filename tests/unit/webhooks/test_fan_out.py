"""From an entry to the webhooks: who is told, what exactly, how often, and what is left of it in the log."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from standardwebhooks.webhooks import Webhook as StandardWebhook
from support.hooks import FINE, Network, a_webhook, log, sending, take, take_all
from support.unreadable import restore, spoil
from support.world import INSTALL, OPTIONS, PUBLIC_URL, REVIEWER, World

from nodback.webhooks import verify
from nodback_core.domain.audit.trail import happening_of
from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import Source, Status
from nodback_core.domain.shared.entries import Action
from nodback_core.domain.webhooks.deliveries import DeliveryStatus
from nodback_core.domain.webhooks.events import OPT_IN_EVENTS, EventType
from nodback_core.domain.webhooks.happenings import WebhooksDispatched
from nodback_core.domain.webhooks.outcome import DeliveryClass, DeliveryOutcome
from nodback_core.domain.webhooks.webhook import WEBHOOKS, Reach
from nodback_core.ports import Message, RowUnreadable
from nodback_core.usecases.audit.erase import erase_content
from nodback_core.usecases.letters.notify import notify
from nodback_core.usecases.reviews.cancel_request import cancel_request
from nodback_core.usecases.reviews.reassign_request import reassign_request
from nodback_core.usecases.webhooks.configure import Wish, change_webhook, remove_webhook
from nodback_core.usecases.webhooks.deliver import MessageResult
from nodback_core.usecases.webhooks.log import send_test

EVERY = tuple(OPT_IN_EVENTS)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def network() -> Network:
    return Network()


def told(world: World, network: Network) -> list[str]:
    """The events that arrived so far, once everything under way has been delivered."""
    world.deliver()
    take_all(world, network)
    world.deliver()
    return [post.json["event"] for post in network.posts]


def test_a_pause_is_told_to_every_active_webhook_in_the_form_of_the_reference(world: World, network: Network) -> None:
    deployment = world.deployment()
    first, second = a_webhook(world, deployment), a_webhook(world, deployment, "https://other.example.com/")
    a_webhook(world, deployment, "https://paused.example.com/", active=False)
    opened = world.pause(deployment, state={"article_id": 12345})
    assert told(world, network) == ["new_request", "new_request"]
    assert [p.url for p in network.posts] == [first.webhook.url, second.webhook.url]
    message = network.posts[0].json
    assert message["request"] == {
        "id": opened.request.request_id,
        "flow_id": "flow-1",
        "method_name": "review_content",
        "message": "Please review this content:",
        "emit_options": list(OPTIONS),
        "state": {"article_id": 12345},
        "metadata": {},
        "created_at": "2026-03-02T09:00:00Z",
        "output": "Marketing copy for review...",
        "default_outcome": None,
    }
    assert message["deployment"] == {"id": 1, "name": "Content Review Flow", "organization_id": 1}
    assert message["assigned_to_email"] == REVIEWER
    assert message["callback_url"].startswith(f"{PUBLIC_URL}/v1/callbacks/")
    assert message["callback_url"] != network.posts[1].json["callback_url"]


def test_what_arrives_verifies_with_the_secret_that_was_shown(world: World, network: Network) -> None:
    deployment = world.deployment()
    new = a_webhook(world, deployment)
    world.pause(deployment)
    told(world, network)
    post, secret = network.posts[0], new.secret.reveal()
    verify(post.body, post.headers, secret=secret, now=world.now.timestamp())
    assert post.headers["webhook-id"] == log(world, new)[0].event_id
    assert post.headers["X-Delivery-Id"] == log(world, new)[0].delivery_id
    package = StandardWebhook(secret)
    signature = package.sign(post.headers["webhook-id"], world.now, post.body.decode())
    assert post.headers["webhook-signature"] == signature


def test_secret_url_and_text_stand_nowhere_in_the_clear(world: World, network: Network) -> None:
    deployment = world.deployment()
    new = a_webhook(world, deployment)
    world.pause(deployment, output="a very private sentence")
    network.answer = lambda _: replace(FINE, answer_first_4kb="thanks for: a very private sentence")
    told(world, network)
    stored = repr(list(world.store.rows.values())) + repr(world.store.chains) + repr(world.objects.objects)
    stored += repr(world.bus.events) + repr(world.queue.messages)
    row = world.store.fetch(new.webhook.key)[new.webhook.key]
    assert row is not None
    for hidden in (new.secret.reveal(), "a very private sentence", network.posts[0].json["callback_url"]):
        assert hidden not in stored
        assert hidden.encode() not in row.secret.sealed


def test_each_opt_in_event_reaches_the_webhook_that_asked_and_no_other(world: World, network: Network) -> None:
    deployment = world.deployment(sla_minutes=5, escalation={"after_minutes": 10, "to_email": "boss@example.com"})
    a_webhook(world, deployment, "https://all.example.com/", *EVERY)
    a_webhook(world, deployment, "https://few.example.com/")
    opened = world.pause(deployment)
    rid = opened.request.request_id
    world.pass_time(minutes=5)
    world.wake(rid)
    world.pass_time(minutes=5)
    world.wake(rid)
    common = {"caller": INSTALL, "storage": world.storage}
    reassign_request(rid, "third@example.com", reason=None, now=world.now, **common)
    told(world, network)
    cancel_request(rid, reason="not needed", now=world.now, **common)
    told(world, network)
    few = [p.json["event"] for p in network.posts if "few" in p.url]
    every = {p.json["event"]: p.json for p in network.posts if "all" in p.url}
    assert few == ["new_request"]
    assert list(every) == [
        "new_request",
        "sla_breached",
        "request_escalated",
        "request_reassigned",
        "request_cancelled",
    ]
    assert every["sla_breached"]["sla"] == {"minutes": 5.0, "due_at": "2026-03-02T09:05:00Z"}
    assert every["request_escalated"]["assignment"]["to_email"] == "boss@example.com"
    assert every["request_escalated"]["assigned_to_email"] == "boss@example.com"
    assert every["request_reassigned"]["assignment"] | {"assigned_at": ""} == {
        "round": 3,
        "from_email": "boss@example.com",
        "to_email": "third@example.com",
        "assigned_at": "",
    }
    assert every["request_reassigned"]["callback_url"] == every["new_request"]["callback_url"] or (
        every["request_reassigned"]["callback_url"].startswith(PUBLIC_URL)
    )
    assert every["request_cancelled"]["cancellation"]["reason"] == "not needed"
    assert every["request_cancelled"]["callback_url"] is None


def test_an_answer_by_mail_is_told_with_its_words(world: World, network: Network) -> None:
    deployment = world.deployment()
    a_webhook(world, deployment, "https://all.example.com/", *EVERY)
    world.pause(deployment)
    world.deliver()
    world.reply("Approved", to=world.reply_address())
    assert told(world, network) == ["new_request", "request_responded"]
    response = network.posts[1].json["response"]
    assert (response["outcome"], response["feedback"], response["source"]) == ("approved", "Approved", Source.EMAIL)


@pytest.mark.parametrize("how", ["answered", "cancelled", "superseded"])
def test_a_webhook_that_hears_of_a_request_too_late_is_given_no_callback_url(
    world: World, network: Network, how: str
) -> None:
    deployment = world.deployment()
    a_webhook(world, deployment, "https://all.example.com/", *EVERY)
    request = world.pause(deployment).request
    late, world.bus.events = world.bus.events, []
    if how == "answered":
        notify(request.request_id, 1, post=world.post, now=world.now)
        assert world.reply("approved", to=world.reply_address()) is Result.RECORDED
    elif how == "cancelled":
        cancel_request(
            request.request_id, reason=None, caller=INSTALL, storage=world.storage, now=world.now,
        )  # fmt: skip
    else:
        world.pause(deployment)
        world.bus.events = []
    assert world.request(request.request_id).status is not Status.PENDING
    world.bus.events = late + world.bus.events

    assert told(world, network)[0] == "new_request"

    urls = [p.json["callback_url"] for p in network.posts if p.json["request"]["id"] == request.request_id]
    assert urls
    assert set(urls) == {None}


def test_an_automatic_answer_is_an_event_of_its_own(world: World, network: Network) -> None:
    auto = {"enabled": True, "timeout_minutes": 30, "default_outcome": "rejected"}
    deployment = world.deployment(auto_response=auto)
    a_webhook(world, deployment, "https://all.example.com/", *EVERY)
    opened = world.pause(deployment)
    world.pass_time(minutes=30)
    world.wake(opened.request.request_id)
    assert told(world, network) == ["new_request", "request_auto_responded"]
    assert network.posts[1].json["response"]["outcome"] == "rejected"
    # Told so late that it had answered itself: there is nothing to call back any more.
    assert network.posts[0].json["callback_url"] is None


def test_a_request_that_waits_already_is_told_of_once_a_webhook_asks(world: World, network: Network) -> None:
    deployment = world.deployment()
    world.pause(deployment)
    world.deliver()
    a_webhook(world, deployment, "https://late.example.com/", EventType.REQUEST_RESPONDED)
    world.reply("approved", to=world.reply_address())
    assert told(world, network) == ["request_responded"]


def test_a_deployment_without_webhooks_costs_nothing(world: World) -> None:
    deployment = world.deployment()
    opened = world.pause(deployment)
    assert all("webhooks" not in event.detail for event in world.bus.events)
    assert [e.kind for e in opened.request.effects] == ["mail"]


def test_a_paused_and_a_removed_webhook_are_told_nothing_more(world: World, network: Network) -> None:
    deployment = world.deployment()
    paused, removed = a_webhook(world, deployment), a_webhook(world, deployment)
    common = {"caller": INSTALL, "store": world.store, "now": world.now}
    world.pause(deployment)
    change_webhook(1, paused.webhook.webhook_id, Wish(active=False), reach=Reach(), **common)
    remove_webhook(1, removed.webhook.webhook_id, **common)
    assert told(world, network) == []
    change_webhook(1, paused.webhook.webhook_id, Wish(active=True), reach=Reach(), **common)
    world.pause(deployment, flow_id="another")
    assert told(world, network) == ["new_request"]


def test_the_same_event_five_times_and_the_same_message_five_times_are_one_post(world: World, network: Network) -> None:
    deployment = world.deployment()
    new = a_webhook(world, deployment)
    opened = world.pause(deployment)
    event = next(e for e in world.bus.events if "webhooks" in e.detail)
    for _ in range(5):
        world.handle(event)
    messages = world.queue.messages * 5
    results = [take(world, message, network) for message in messages]
    assert results.count(MessageResult.SENT) == 1
    assert len(network.posts) == 1
    assert [d.class_ for d in log(world, new)] == [DeliveryClass.DELIVERED]
    assert world.actions(opened.request.request_id).count("webhooks.dispatched") == 1
    world.check_chains()


def test_an_event_that_the_bus_lost_is_asked_after_by_the_sweeper(world: World, network: Network) -> None:
    deployment = world.deployment(email_notifications=False)
    a_webhook(world, deployment)
    world.pause(deployment)
    world.bus.events.clear()
    world.pass_time(seconds=90)
    assert world.sweep().effects == 1
    assert told(world, network) == ["new_request"]
    world.pass_time(hours=2)
    assert world.sweep().effects == 0


def test_a_webhook_that_cannot_be_read_keeps_no_other_from_being_told_and_is_told_later(
    world: World, network: Network
) -> None:
    deployment = world.deployment()
    first, second = a_webhook(world, deployment), a_webhook(world, deployment, "https://other.example.com/")
    stored = world.store.fetch(first.webhook.key)[first.webhook.key]
    assert stored is not None
    spoil(world, stored)
    world.pause(deployment)
    with pytest.raises(RowUnreadable, match=f"webhook/{first.webhook.webhook_id}"):
        world.deliver()
    take_all(world, network)
    assert [p.url for p in network.posts] == [second.webhook.url]
    restore(world, stored)
    world.bus.events.clear()
    world.pass_time(minutes=2)
    world.sweep()
    assert told(world, network) == ["new_request", "new_request"]
    assert network.posts[1].url == first.webhook.url


def test_a_fan_out_that_dies_before_the_queue_is_made_good(world: World, network: Network) -> None:
    deployment = world.deployment()
    a_webhook(world, deployment)
    world.pause(deployment)
    event = next(e for e in world.bus.events if "webhooks" in e.detail)
    world.bus.events.clear()

    class Down:
        def send(self, messages: object) -> None:
            raise RuntimeError("the queue is away")

    queue, world.queue = world.queue, Down()  # type: ignore[assignment]
    with pytest.raises(RuntimeError):
        world.handle(event)
    world.queue = queue
    world.pass_time(seconds=90)
    world.sweep()
    assert told(world, network) == ["new_request"]


def crash(_: str) -> DeliveryOutcome:
    raise KeyboardInterrupt


def test_a_crash_before_the_claim_leaves_the_delivery_for_the_next_message(world: World, network: Network) -> None:
    new, message = one_queued(world)
    commit, world.store.commit = world.store.commit, broken  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        take(world, message, network)
    world.store.commit = commit  # type: ignore[method-assign]
    assert network.posts == []
    assert log(world, new)[0].status(world.now) is DeliveryStatus.QUEUED
    assert take(world, message, network) is MessageResult.SENT
    assert len(network.posts) == 1


def test_a_crash_during_the_post_is_never_sent_again_and_shows_as_interrupted(world: World, network: Network) -> None:
    new, message = one_queued(world)
    network.answer = crash
    with pytest.raises(KeyboardInterrupt):
        take(world, message, network)
    network.answer = lambda _: FINE
    assert take(world, message, network) is MessageResult.NOT_MINE
    assert log(world, new)[0].status(world.now) is DeliveryStatus.SENDING
    world.pass_time(seconds=120)
    # On read at once, and in the row as soon as the queue brings the message again.
    assert log(world, new)[0].result(world.now) is DeliveryClass.INTERRUPTED
    assert take(world, message, network) is MessageResult.INTERRUPTED
    assert take(world, message, network) is MessageResult.NOT_MINE
    assert log(world, new)[0].class_ is DeliveryClass.INTERRUPTED
    assert len(network.posts) == 1


def test_a_crash_after_the_post_is_never_sent_again_either(world: World, network: Network) -> None:
    new, message = one_queued(world)
    commit = world.store.commit

    def fails_after_the_post(*args: object, **more: object) -> None:
        if network.posts:
            raise RuntimeError("the function is out of time")
        commit(*args, **more)  # type: ignore[arg-type]

    world.store.commit = fails_after_the_post  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        take(world, message, network)
    world.store.commit = commit  # type: ignore[method-assign]
    world.pass_time(seconds=120)
    assert take(world, message, network) is MessageResult.INTERRUPTED
    assert len(network.posts) == 1
    assert log(world, new)[0].status(world.now) is DeliveryStatus.FAILED


def test_a_post_that_was_given_up_too_early_is_logged_as_it_went(world: World, network: Network) -> None:
    new, message = one_queued(world)

    def slow(_: str) -> DeliveryOutcome:
        world.pass_time(seconds=120)
        assert take(world, message, network) is MessageResult.INTERRUPTED
        return FINE

    network.answer = slow
    assert take(world, message, network) is MessageResult.SENT
    assert log(world, new)[0].class_ is DeliveryClass.DELIVERED
    assert len(network.posts) == 1


def test_two_functions_that_take_the_same_message_make_one_post(world: World, network: Network) -> None:
    new, message = one_queued(world)
    commit = world.store.commit
    results: list[MessageResult] = []

    def the_other_is_faster(*args: object, **more: object) -> None:
        world.store.commit = commit  # type: ignore[method-assign]
        results.append(take(world, message, network))
        commit(*args, **more)  # type: ignore[arg-type]

    world.store.commit = the_other_is_faster  # type: ignore[method-assign]
    results.append(take(world, message, network))
    assert results == [MessageResult.SENT, MessageResult.NOT_MINE]
    assert len(network.posts) == 1
    assert len(log(world, new)) == 1


def test_a_failure_is_logged_with_class_status_milliseconds_and_never_repeated(world: World, network: Network) -> None:
    new, message = one_queued(world)
    network.answer = lambda _: DeliveryOutcome(DeliveryClass.HTTP_5XX, 503, 77, "try later")
    assert take(world, message, network) is MessageResult.SENT
    assert take(world, message, network) is MessageResult.NOT_MINE
    row = log(world, new)[0]
    assert (row.class_, row.http_status, row.milliseconds) == (DeliveryClass.HTTP_5XX, 503, 77)


def test_a_state_of_more_than_256_kb_is_referred_to_and_the_body_stays_out_of_the_row(
    world: World, network: Network
) -> None:
    deployment = world.deployment()
    a_webhook(world, deployment)
    opened = world.pause(deployment, state={"text": "x" * 300_000}, output="y" * 100_000)
    told(world, network)
    request = network.posts[0].json["request"]
    assert request["state"] == {}
    assert request["state_reference"]["url"] == f"{PUBLIC_URL}/v1/requests/{opened.request.request_id}"
    assert len(request["output"]) == 100_000
    assert any(name.startswith("deliveries/") for name in world.objects.objects)


def erase(world: World, request_id: str) -> None:
    cancel_request(
        request_id,
        reason=None,
        caller=INSTALL,
        storage=world.storage,
        now=world.now,
    )
    erase_content(request_id, caller=INSTALL, store=world.store, objects=world.objects, now=world.now)


def test_a_delivery_whose_texts_were_erased_ends_as_erased_and_its_message_ends_quietly(
    world: World, network: Network
) -> None:
    deployment = world.deployment()
    new = a_webhook(world, deployment)
    sent = world.pause(deployment, flow_id="sent").request.request_id
    world.deliver()
    take_all(world, network)
    waiting = world.pause(deployment, flow_id="waiting").request.request_id
    world.deliver()
    (message,), world.queue.messages = world.queue.messages, []
    erase(world, sent)
    erase(world, waiting)
    assert [(d.status(world.now), d.result(world.now)) for d in log(world, new)] == [
        (DeliveryStatus.FAILED, DeliveryClass.ERASED),
        (DeliveryStatus.DELIVERED, DeliveryClass.DELIVERED),
    ]
    assert [take(world, message, network) for _ in range(2)] == [MessageResult.NOT_MINE, MessageResult.NOT_MINE]
    assert len(network.posts) == 1
    world.deliver()
    assert world.queue.messages == []


def test_a_request_whose_texts_are_erased_owes_its_webhooks_nothing_and_says_why(world: World) -> None:
    deployment = world.deployment()
    a_webhook(world, deployment)
    request_id = world.pause(deployment).request.request_id
    erase(world, request_id)
    world.deliver()

    (entry,) = [e for e in world.store.chain(f"request/{request_id}").items if e.action is Action.WEBHOOKS_DISPATCHED]
    assert entry.data == {
        "event": "new_request",
        "event_id": f"evt_{request_id.replace('-', '')}_1",
        "for_seq": 1,
        "webhooks": [],
        "skipped": "content erased",
    }
    assert happening_of(entry) == WebhooksDispatched(**entry.data)
    assert world.queue.messages == []
    assert not [e for e in world.request(request_id).effects if e.kind == WEBHOOKS]


def test_a_message_that_meets_an_erasing_half_done_ends_its_delivery(world: World, network: Network) -> None:
    deployment = world.deployment()
    new = a_webhook(world, deployment)
    world.pause(deployment)
    world.deliver()
    (message,) = world.queue.messages
    (delivery,) = log(world, new)
    del world.store.rows[f"delivery/{new.webhook.webhook_id}", f"job/{delivery.delivery_id}"]
    assert take(world, message, network) is MessageResult.ERASED
    assert log(world, new)[0].class_ is DeliveryClass.ERASED
    assert network.posts == []


def test_erasing_finds_a_delivery_that_the_request_has_not_yet_written_down(world: World, network: Network) -> None:
    deployment = world.deployment()
    new = a_webhook(world, deployment)
    request_id = world.pause(deployment).request.request_id
    put = world.queue.send

    def down(messages: object) -> None:
        raise ConnectionError

    world.queue.send = down
    with pytest.raises(ConnectionError):
        world.deliver()
    world.queue.send = put
    erase(world, request_id)
    assert [d.class_ for d in log(world, new)] == [DeliveryClass.ERASED]
    assert not [sort for _, sort in world.store.rows if sort.startswith("job/")]
    world.bus.events.clear()
    world.pass_time(minutes=2)
    world.sweep()
    assert told(world, network) == []


def test_erasing_tells_of_a_delivery_that_it_cannot_read_and_empties_the_others(world: World, network: Network) -> None:
    deployment = world.deployment()
    first, second = a_webhook(world, deployment), a_webhook(world, deployment, "https://other.example.com/")
    request_id = world.pause(deployment).request.request_id
    world.deliver()
    spoil(world, log(world, first)[0])
    with pytest.raises(RowUnreadable, match=f"delivery/{first.webhook.webhook_id}"):
        erase(world, request_id)
    assert [d.class_ for d in log(world, second)] == [DeliveryClass.ERASED]


def test_a_delivery_that_is_being_sent_while_its_texts_are_erased_ends_as_it_went(
    world: World, network: Network
) -> None:
    deployment = world.deployment()
    new = a_webhook(world, deployment)
    request_id = world.pause(deployment).request.request_id
    world.deliver()

    def meanwhile(_: str) -> DeliveryOutcome:
        erase(world, request_id)
        return FINE

    network.answer = meanwhile
    assert take_all(world, network) == [MessageResult.SENT]
    assert [d.class_ for d in log(world, new)] == [DeliveryClass.DELIVERED]


def test_a_test_that_could_not_be_queued_shows_as_failed_and_is_never_sent_later(
    world: World, network: Network
) -> None:
    deployment = world.deployment()
    new = a_webhook(world, deployment)
    taken: list[Message] = []

    def lost(messages: Sequence[Message]) -> None:
        taken.extend(messages)
        raise TimeoutError

    world.queue.send = lost
    with pytest.raises(TimeoutError):
        send_test(
            deployment.deployment_id,
            new.webhook.webhook_id,
            new_id=world.uuid(),
            public_url=PUBLIC_URL,
            caller=INSTALL,
            sending=sending(world),
            now=world.now,
        )
    (row,) = log(world, new)
    assert (row.status(world.now), row.class_) == (DeliveryStatus.FAILED, DeliveryClass.INTERNAL)
    assert [take(world, message, network) for message in taken] == [MessageResult.NOT_MINE]
    assert network.posts == []


def test_the_log_forgets_after_thirty_days(world: World, network: Network) -> None:
    deployment = world.deployment()
    new = a_webhook(world, deployment)
    world.pause(deployment)
    told(world, network)
    assert len(log(world, new)) == 1
    world.pass_time(days=31)
    assert log(world, new) == ()


def test_a_hundred_webhooks_are_told_by_one_fan_out(world: World, network: Network) -> None:
    deployment = world.deployment()
    for n in range(100):
        a_webhook(world, deployment, f"https://h{n}.example.com/")
    world.pause(deployment)
    assert told(world, network) == ["new_request"] * 100
    assert len({p.url for p in network.posts}) == 100


def broken(*_: object, **__: object) -> None:
    raise RuntimeError("the table is away")


def one_queued(world: World):  # type: ignore[no-untyped-def]
    """A webhook and the one message of its one delivery."""
    deployment = world.deployment()
    new = a_webhook(world, deployment)
    world.pause(deployment)
    world.deliver()
    (message,) = world.queue.messages
    return new, message
