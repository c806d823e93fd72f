"""Several senders at once: each purpose is mailed once, and the trail says what became of it."""

from collections.abc import Callable

import pytest
from support import invariants
from support.interleaving import Choose, TakingTurns, Turns, every_order
from support.pauses import no_pauses
from support.scale import SCALE
from support.witness import Witness
from support.world import REVIEWER, World

from nodback_core.domain.letters.notifications import Notification, NotificationStatus
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind
from nodback_core.usecases.letters.notify import notify
from nodback_core.usecases.shared.contents import open_key, read_content

ORDERS = None if SCALE > 1 else 30


@pytest.fixture(autouse=True)
def _no_pauses():
    with no_pauses():
        yield


def reminded() -> tuple[World, Witness, str]:
    """A request whose first mail and whose reminder are both still to be sent."""
    world = World()
    witness = Witness(world.store)
    world.store = witness
    request_id = world.pause(world.deployment(reminder_minutes=[1])).request.request_id
    world.pass_time(minutes=1)
    world.wake(request_id)
    world.bus.events.clear()
    return world, witness, request_id


def in_every_order(
    given: Callable[[], tuple[World, Witness, str]], *acts: Callable[[World, str], object], settled: bool = True
) -> None:
    def race(choose: Choose) -> None:
        world, witness, request_id = given()
        turns = Turns(choose)
        world.store = TakingTurns(witness, turns)
        results = turns.run([lambda act=act: act(world, request_id) for act in acts])
        world.store = witness
        assert not [r for r in results if isinstance(r, BaseException)], results
        invariants.check(world, witness)
        if settled:
            assert world.request(request_id).effects == ()

    assert every_order(race, at_most=ORDERS) > 5


def sends(seq: int) -> Callable[[World, str], object]:
    return lambda world, request_id: notify(request_id, seq, post=world.post, now=world.now)


def test_two_mails_of_one_request_that_are_sent_at_once_are_both_recorded() -> None:
    in_every_order(reminded, sends(1), sends(3))


def test_two_mails_that_are_sent_at_once_are_both_known_when_a_reply_quotes_them() -> None:
    """Whoever records second keeps the lines that the first has kept."""
    lines: set[frozenset[str]] = set()

    def race(choose: Choose) -> None:
        world, witness, request_id = reminded()
        turns = Turns(choose)
        world.store = TakingTurns(witness, turns)
        turns.run([lambda: sends(1)(world, request_id), lambda: sends(3)(world, request_id)])
        world.store = witness
        lines.add(frozenset(kept_lines(world, request_id)))

    assert every_order(race, at_most=ORDERS) > 5
    assert len(lines) == 1, "in whatever order they were recorded"


def kept_lines(world: World, request_id: str) -> list[str]:
    sealed, key = Content.at(request_id, ContentKind.SENT), ContentKey.at(request_id)
    rows = world.store.fetch(sealed, key)
    opened = open_key(rows[key], vault=world.vault)
    return str(read_content(rows[sealed], key=opened, storage=world.storage)).splitlines()


def test_the_same_event_twice_at_once_mails_once() -> None:
    in_every_order(reminded, sends(1), sends(1), settled=False)


def test_a_request_that_closes_while_its_mail_is_sent_has_one_record_of_it() -> None:
    def closes(world: World, request_id: str) -> None:
        world.pause(_deployment(world), flow_id="flow-1", request_id="11111111-1111-4111-8111-111111111111")
        notify(request_id, 1, post=world.post, now=world.now)

    in_every_order(reminded, sends(1), closes, settled=False)


def _deployment(world: World):
    from nodback_core.domain.deployments.deployment import Deployment

    return world.store.fetch(Deployment.at(1))[Deployment.at(1)]


def test_feedback_that_overtakes_the_record_of_the_sending_does_not_leave_the_mail_owed() -> None:
    world, _, request_id = reminded()
    send = world.mailer.send

    def delivered_at_once(message: bytes, **named: object) -> str:
        message_id = send(message, **named)
        address = Notification.at(request_id, "mail:1:review_request")
        row = world.store.fetch(address)[address]
        delivered = Notification(
            request_id,
            row.notification_id,
            row.to,
            NotificationStatus.DELIVERED,
            row.claimed_at,
            message_id,
            version=row.version,
        )
        world.store.commit([delivered])
        return message_id

    world.mailer.send = delivered_at_once
    notify(request_id, 1, post=world.post, now=world.now)
    request = world.request(request_id)
    assert [e.id for e in request.effects] == ["mail:3:reminder"]
    assert world.actions(request_id).count("notification.sent") == 1
    address = Notification.at(request_id, "mail:1:review_request")
    assert world.store.fetch(address)[address].status is NotificationStatus.DELIVERED


def test_a_sender_that_is_slower_than_its_claim_is_recorded_once() -> None:
    world, witness, request_id = reminded()
    send = world.mailer.send

    def slow(message: bytes, **named: object) -> str:
        world.mailer.send = send
        world.pass_time(minutes=3)
        notify(request_id, 1, post=world.post, now=world.now)
        return send(message, **named)

    world.mailer.send = slow
    notify(request_id, 1, post=world.post, now=world.now)
    assert world.actions(request_id).count("notification.sent") == 1
    assert len(world.mails_to(REVIEWER)) == 2, "once each: the first sender was given up while it was at it"
    purpose = f"{request_id} mail_1_review_request"
    invariants.check(world, witness, may_repeat={purpose})
