"""Letters that nobody needs, that were not taken, and that cannot be written."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from support.world import INSTALL, REVIEWER, World

from signoff_core.domain.errors import Refused
from signoff_core.domain.notifications import Notification, NotificationStatus
from signoff_core.domain.reassigning import MAX_ROUNDS
from signoff_core.ports import MailNotTaken
from signoff_core.usecases.notify import notify
from signoff_core.usecases.reassign_request import reassign_request
from signoff_core.usecases.written import Unwritable

CREATOR, LEAD = "boss@example.com", "lead@example.com"


def entry(world: World, request_id: str, action: str) -> dict[str, object]:
    return [dict(e.data) for e in world.store.chain(f"request/{request_id}").items if e.action.value == action][-1]


def owing(letter: str, to: str = REVIEWER, creator: str = REVIEWER, asked: int = 0) -> tuple[World, str]:
    """A request that owes one letter."""
    world = World()
    request_id = world.pause(world.deployment(creator)).request.request_id
    world.bus.events.clear()
    request = world.request(request_id)
    effect = replace(request.effects[0], name=letter, to=to, asked=asked)
    world.store.commit([replace(request, effects=(effect,))])
    return world, request_id


def reassign(world: World, request_id: str, to: str) -> None:
    reassign_request(
        request_id,
        to,
        reason=None,
        caller=INSTALL,
        store=world.store,
        vault=world.vault,
        objects=world.objects,
        now=world.now,
    )


ASKING = [
    "review_request",
    "reminder",
    "escalated",
    "expired_token",
    "blank_reply",
    "unclear_reply",
    "unreadable_reply",
]


@pytest.mark.parametrize("letter", ASKING)
def test_a_letter_that_asks_somebody_who_is_no_longer_asked_is_skipped(letter: str) -> None:
    world, request_id = owing(letter, to=LEAD)
    assert notify(request_id, 1, post=world.post, now=world.now) == ()
    assert world.mails_to(LEAD) == []
    assert entry(world, request_id, "notification.skipped")["code"] == "assigned_to_another"
    assert world.request(request_id).effects == ()


def test_whoever_was_passed_over_before_the_mails_went_out_is_not_asked() -> None:
    world, request_id = owing("review_request")
    for number in range(3):
        reassign(world, request_id, f"p{number}@example.com")
    notify(request_id, 1, post=world.post, now=world.now)
    world.deliver()
    assert [m["Reply-To"] for m in world.mails_to(REVIEWER)] == [None], "only that it waits for somebody else"
    asked = {m.to for m in world.mailer.sent if m.tags["notification"].endswith("review_request")}
    assert asked == {"p2@example.com"}
    assert world.actions(request_id).count("notification.skipped") == 3
    assert world.request(request_id).effects == ()


def test_a_review_is_passed_on_only_so_often() -> None:
    world, request_id = owing("review_request")
    for number in range(MAX_ROUNDS - 1):
        reassign(world, request_id, f"p{number}@example.com")
    with pytest.raises(Refused, match="answer it by the API, or cancel it") as told:
        reassign(world, request_id, LEAD)
    assert told.value.code == "too_many_rounds"


def failing(world: World, error: Exception) -> Callable[[], None]:
    send = world.mailer.send

    def fail(*given: object, **named: object) -> str:
        raise error

    def mend() -> None:
        world.mailer.send = send

    world.mailer.send = fail
    return mend


def test_a_mail_that_was_surely_not_taken_is_sent_by_the_next_try_at_once() -> None:
    world, request_id = owing("review_request")
    mend = failing(world, MailNotTaken("Throttling: slow down"))
    with pytest.raises(MailNotTaken):
        notify(request_id, 1, post=world.post, now=world.now)
    mend()
    assert notify(request_id, 1, post=world.post, now=world.now) == ("mail:1:review_request",)


def test_a_mail_that_may_have_been_taken_is_not_sent_again_while_its_claim_is_young() -> None:
    world, request_id = owing("review_request")
    mend = failing(world, TimeoutError())
    with pytest.raises(TimeoutError):
        notify(request_id, 1, post=world.post, now=world.now)
    mend()
    assert notify(request_id, 1, post=world.post, now=world.now) == ()
    world.pass_time(seconds=121)
    assert notify(request_id, 1, post=world.post, now=world.now) == ("mail:1:review_request",)


def test_a_letter_that_nobody_can_write_fails_in_the_end_rather_than_for_ever() -> None:
    world, request_id = owing("greeting_card")
    with pytest.raises(Unwritable):
        notify(request_id, 1, post=world.post, now=world.now)
    assert world.request(request_id).effects != (), "a newer version may know it"
    world, request_id = owing("greeting_card", asked=5)
    notify(request_id, 1, post=world.post, now=world.now)
    assert entry(world, request_id, "notification.failed")["code"] == "unknown_letter"
    assert world.request(request_id).effects == ()


def test_a_letter_that_breaks_while_it_is_written_fails_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    world, request_id = owing("review_request", asked=5)
    monkeypatch.setattr("signoff_core.usecases.written.render", lambda letter: {}["no such field"])
    notify(request_id, 1, post=world.post, now=world.now)
    assert entry(world, request_id, "notification.failed")["code"] == "unwritable_letter"


def test_an_address_that_no_mail_can_be_sent_to_fails_at_once_and_the_creator_is_told() -> None:
    world, request_id = owing("review_request", creator=CREATOR)
    request = world.request(request_id)
    odd = "j\u00f6rg@example.com"
    world.store.commit(
        [
            replace(
                request,
                assignment=replace(request.assignment, address=odd),
                effects=(replace(request.effects[0], to=odd),),
            )
        ]
    )
    notify(request_id, 1, post=world.post, now=world.now)
    assert entry(world, request_id, "notification.failed")["code"] == "unsendable_address"
    assert [e.name for e in world.request(request_id).effects] == ["bounce_notice"]
    world.deliver()
    assert len(world.mails_to(CREATOR)) == 1


def test_one_letter_of_an_entry_that_fails_leaves_the_others_sent() -> None:
    world, request_id = owing("greeting_card")
    request = world.request(request_id)
    more = replace(request.effects[0], name="review_request", to=REVIEWER)
    world.store.commit([replace(request, effects=(*request.effects, replace(more, to=request.assignment.address)))])
    with pytest.raises(Unwritable):
        notify(request_id, 1, post=world.post, now=world.now)
    assert len(world.mailer.sent) == 1


def test_a_mail_that_feedback_knows_is_recorded_as_sent_though_it_is_of_no_use_any_more() -> None:
    world, request_id = owing("review_request", to=LEAD)
    row = Notification(request_id, "mail:1:review_request", LEAD, NotificationStatus.DELIVERED, world.now, "m@x")
    world.store.commit([row])
    notify(request_id, 1, post=world.post, now=world.now)
    assert entry(world, request_id, "notification.sent")["message_id"] == "m@x"
