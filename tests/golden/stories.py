"""What the golden file holds, made anew: the bytes that are stored, sent or handed out, under a fixed clock and seed.

Nothing in here depends on the product's name: addresses, issuer and senders are the tests' own.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from support.all_crash_cases import CASES
from support.exports import begin_export, export_all, finish_export, manager
from support.hooks import Network, a_webhook, sending, take_all
from support.world import FLOW_CLASS, START, World

from nodback_core.adapters.jwt_tokens import Token, issue, issue_callback
from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.letters.notifications import Feedback, NotificationStatus
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.replies.token import issue as issue_reply
from nodback_core.domain.shared import labels
from nodback_core.domain.shared.canonical import canonical
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.key_ring import KeyRing, Purpose
from nodback_core.ports import MailNotTaken
from nodback_core.usecases.audit.receipts import receipt
from nodback_core.usecases.flows.resumes import claim_resume, mark_consumed, record_result
from nodback_core.usecases.letters.record_feedback import record_feedback
from nodback_core.usecases.webhooks.log import list_deliveries, redeliver, send_test

URL = "https://reviews.example.com"
RING = KeyRing(1, {1: b"k" * 32, 2: b"o" * 32})
REQUEST_ID = "550e8400-e29b-41d4-a716-446655440000"
FLOW = Caller(Scope.FLOW, 1, "k1")


def a_world() -> World:
    return World(public_url=URL, reply_domain="reply.example.com")


def entries() -> dict[str, str]:
    """One entry of each kind that any use case writes, canonical as it is hashed, by action, actor and fields."""
    found: dict[str, str] = {}
    for entry in _all_entries():
        fields = ",".join(sorted(entry.data))
        found.setdefault(f"{entry.action} by {entry.actor.kind}: {fields}", _whole(entry))
    return dict(sorted(found.items()))


def _whole(entry: Entry) -> str:
    return canonical({**entry.document(), "hash": entry.hash}).decode()


def _all_entries() -> Iterator[Entry]:
    for named in CASES:
        world = a_world()
        case = named.given(world)
        case.act()
        world.deliver()
        for subject in sorted(world.store.chains):
            yield from world.store.chains[subject]
    for story in (_told_of_mails, _not_taken, _tried_by_hand, _exported, _settled):
        world = story()
        for subject in sorted(world.store.chains):
            yield from world.store.chains[subject]


def _told_of_mails() -> World:
    """The mail service tells of a mail whatever it can tell, of one review each."""
    world = a_world()
    for status in ("delayed", "delivered", "soft_bounced", "bounced", "complained", "rejected"):
        request_id = world.pause(world.deployment()).request.request_id
        world.deliver()
        told = Feedback(
            request_id,
            "mail:1:review_request",
            NotificationStatus(status),
            world.now,
            reason="the reader's server said so",
            facts={"feedback_id": "f1"},
        )
        record_feedback(told, store=world.store, now=world.now)
    return world


def _not_taken() -> World:
    """The mail service does not take a mail at first."""
    world = a_world()

    class Throttled:
        def send(self, message: bytes, **named: object) -> str:
            raise MailNotTaken("Throttling: slow down", code="Throttling")

    world.mailer = Throttled()  # type: ignore[assignment]
    world.pause(world.deployment())
    with suppress(MailNotTaken):
        world.deliver()
    return world


def _tried_by_hand() -> World:
    """A webhook is tested, and what it was told once it is told again."""
    world, network = _review(a_world())
    common = {"caller": manager(1), "sending": sending(world), "now": world.now}
    send_test(1, "wh2", new_id="d1", public_url=URL, **common)
    take_all(world, network)
    page = list_deliveries(1, "wh2", limit=1, cursor=None, caller=manager(1), store=world.store, now=world.now)
    redeliver(1, "wh2", page.items[0].delivery_id, new_id="d2", **common)
    return world


def _settled() -> World:
    """No worker takes an answer in free text for a while; then a flow takes it for one of its options."""
    world = a_world()
    world.pause(world.deployment(), request_id=REQUEST_ID)
    world.deliver()
    world.reply("Looks fine to me.", to=world.reply_address(), message_id="<free@example.com>")
    world.pass_time(minutes=15)
    world.sweep()
    held = {"caller": FLOW, "now": world.now}
    claim_resume(worker="w1", claim_id="c1", flow_classes=[FLOW_CLASS], storage=world.storage, **held)
    mark_consumed(REQUEST_ID, "c1", flow_class=FLOW_CLASS, outcome="approved", store=world.store, **held)
    return world


def _exported() -> World:
    world, _ = _review(a_world())
    finish_export(world, begin_export(world, 1, START.replace(month=1)))
    return world


def _review(world: World) -> tuple[World, Network]:
    """A review with a webhook for every event, answered by mail, carried out, told and sealed."""
    deployment = world.deployment(sla_minutes=60)
    network = Network()
    a_webhook(world, deployment, "https://hooks.example.com/in")
    world.pause(deployment, request_id=REQUEST_ID, state={"amount": 12.5, "who": "Änne"}, output={"text": "Größe 7"})
    world.deliver()
    take_all(world, network)
    world.pass_time(minutes=5)
    world.reply("approved", to=world.reply_address(), message_id="<golden@example.com>")
    world.deliver()
    claim_resume(
        worker="w1",
        claim_id="c1",
        flow_classes=[FLOW_CLASS],
        caller=FLOW,
        storage=world.storage,
        now=world.now,
    )
    mark_consumed(REQUEST_ID, "c1", flow_class=FLOW_CLASS, caller=FLOW, store=world.store, now=world.now)
    record_result(REQUEST_ID, "c1", succeeded=True, error=None, caller=FLOW, store=world.store, now=world.now)
    world.deliver()
    take_all(world, network)
    world.pass_time(minutes=10)
    world.seal()
    return world, network


def tokens() -> dict[str, str]:
    """A reply address and a JWT of each purpose, and the keys behind them."""
    reply = issue_reply(
        request_id=UUID(REQUEST_ID), round_number=2, address="Dana@Example.com", expires_at=START, ring=RING
    )
    made = {"reply": reply}
    made["callback"] = issue_callback(
        request_id=REQUEST_ID,
        webhook_id="wh1",
        token_id="t1",
        now=START,
        deadline=None,
        issuer=labels.issuer("test"),
        ring=RING,
    )
    for purpose in (Purpose.LINK, Purpose.SESSION):
        token = Token(purpose, "dana@example.com", "t1", START, START + timedelta(hours=1))
        made[purpose.value] = issue(token, issuer=labels.issuer("test"), ring=RING)
    for purpose in Purpose:
        key = RING.key_for(purpose, 2)
        assert key is not None
        made[f"key of {purpose}"] = key.hex()
    return made


def webhooks() -> list[dict[str, object]]:
    """The messages of a review as they go onto the wire, with their signatures."""
    _, network = _review(a_world())
    return [
        {"url": post.url, "body": post.body.decode(), "headers": dict(sorted(post.headers.items()))}
        for post in network.posts
    ]


def receipts() -> object:
    """The receipt of a sealed review."""
    world, _ = _review(a_world())
    made = receipt(
        REQUEST_ID,
        caller=manager(1),
        storage=world.storage,
        archive=world.archive,
    )
    return json.loads(canonical(made))


def exports(folder: Path) -> dict[str, str]:
    """Every file of an export, by name."""
    world, _ = _review(a_world())
    export_all(world, 1, folder)
    return {file.name: file.read_text() for file in sorted(folder.iterdir())}
