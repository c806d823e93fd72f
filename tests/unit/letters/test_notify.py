"""Letters that nobody needs, that were not taken, and that cannot be written."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from support.world import INSTALL, REVIEWER, World

from nodback_core.adapters.memory import MemoryMasterKey
from nodback_core.domain.letters.notifications import Feedback, Notification, NotificationStatus
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.reassigning import MAX_ROUNDS
from nodback_core.domain.shared.errors import Refused
from nodback_core.ports import MailNotTaken, MailRefused
from nodback_core.usecases.letters.messages import Unwritable
from nodback_core.usecases.letters.notifications import notifications_of
from nodback_core.usecases.letters.notify import notify
from nodback_core.usecases.letters.record_feedback import Recording, record_feedback
from nodback_core.usecases.reviews.cancel_request import cancel_request
from nodback_core.usecases.reviews.read_requests import read_timeline
from nodback_core.usecases.reviews.reassign_request import reassign_request

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
        storage=world.storage,
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
    "confirm_reply",
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
    monkeypatch.setattr("nodback_core.usecases.letters.messages.render", lambda letter: {}["no such field"])
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


UNVERIFIED = MailNotTaken("MessageRejected: Email address is not verified.", code="MessageRejected")
DENIED = MailNotTaken("AccessDenied: not authorized to perform ses:SendRawEmail", code="AccessDenied")


def refused(world: World, request_id: str, error: Exception) -> None:
    """One try that the mail service does not take."""
    mend = failing(world, error)
    with pytest.raises(type(error)):
        notify(request_id, 1, post=world.post, now=world.now)
    mend()


def the_mail(world: World, request_id: str) -> Notification:
    (mail,) = notifications_of(request_id, store=world.store)
    return mail


def reasons(world: World, request_id: str) -> dict[str, str]:
    """What the timeline tells beside its entries, by their action."""
    page = read_timeline(request_id, caller=INSTALL, storage=world.storage)
    return {e.action.value: page.reasons[e.seq] for e in page.entries.items if e.seq in page.reasons}


def test_why_a_mail_was_not_taken_stands_on_the_request_while_it_is_still_tried() -> None:
    world, request_id = owing("review_request")
    refused(world, request_id, UNVERIFIED)
    mail = the_mail(world, request_id)
    assert (mail.status, mail.reason) == ("not_taken", "MessageRejected: Email address is not verified.")
    assert reasons(world, request_id) == {"notification.not_taken": mail.reason}
    assert [e.id for e in world.request(request_id).effects] == ["mail:1:review_request"], "it is still owed"


def test_the_trail_holds_the_class_of_the_refusal_and_not_its_words() -> None:
    world, request_id = owing("review_request")
    refused(world, request_id, UNVERIFIED)
    assert entry(world, request_id, "notification.not_taken") == {
        "letter": "review_request",
        "to": REVIEWER,
        "for_seq": 1,
        "code": "MessageRejected",
    }
    world.check_chains()


def test_the_same_refusal_again_is_no_further_entry_and_another_one_is() -> None:
    world, request_id = owing("review_request")
    for error in (UNVERIFIED, UNVERIFIED, DENIED, DENIED):
        refused(world, request_id, error)
    assert world.actions(request_id).count("notification.not_taken") == 2
    assert the_mail(world, request_id).reason == str(DENIED)
    assert reasons(world, request_id) == {"notification.not_taken": str(DENIED)}


def test_the_reason_stays_while_the_next_try_is_under_way_and_goes_once_the_mail_is_sent() -> None:
    world, request_id = owing("review_request")
    refused(world, request_id, UNVERIFIED)
    refused(world, request_id, TimeoutError())
    mail = the_mail(world, request_id)
    assert (mail.status, mail.reason) == ("claimed", str(UNVERIFIED))
    assert reasons(world, request_id) == {"notification.not_taken": str(UNVERIFIED)}
    world.pass_time(seconds=121)
    assert notify(request_id, 1, post=world.post, now=world.now) == ("mail:1:review_request",)
    mail = the_mail(world, request_id)
    assert (mail.status, mail.reason) == ("sent", None)
    assert reasons(world, request_id) == {}


def test_a_mail_that_was_not_taken_is_skipped_once_the_review_is_over() -> None:
    world, request_id = owing("review_request")
    refused(world, request_id, UNVERIFIED)
    cancel_request(
        request_id,
        reason=None,
        caller=INSTALL,
        storage=world.storage,
        now=world.now,
    )
    assert notify(request_id, 1, post=world.post, now=world.now) == ()
    mails = notifications_of(request_id, store=world.store)
    assert [m.status for m in mails if m.letter == "review_request"] == ["skipped"]
    assert "notification.sent" not in world.actions(request_id)


def test_feedback_of_an_earlier_try_is_believed_over_a_later_refusal() -> None:
    world, request_id = owing("review_request")
    refused(world, request_id, TimeoutError())
    world.pass_time(seconds=121)
    refused(world, request_id, UNVERIFIED)
    arrived = Feedback(request_id, "mail:1:review_request", NotificationStatus.DELIVERED, world.now, message_id="m@x")
    assert record_feedback(arrived, store=world.store, now=world.now) is Recording.RECORDED
    assert notify(request_id, 1, post=world.post, now=world.now) == ()
    assert world.mailer.sent == []
    assert (the_mail(world, request_id).status, the_mail(world, request_id).reason) == ("delivered", None)
    assert entry(world, request_id, "notification.sent")["message_id"] == "m@x"


def test_a_refusal_says_nothing_about_texts_that_were_erased() -> None:
    world, request_id = owing("review_request")
    key = ContentKey.at(request_id)
    stored = world.store.fetch(key)[key]
    assert stored is not None
    world.store.commit([replace(stored, wrapped=b"", erased_at=world.now)])
    mend = failing(world, UNVERIFIED)
    with pytest.raises(MailNotTaken):
        notify(request_id, 1, post=world.post, now=world.now)
    mend()
    assert (the_mail(world, request_id).status, the_mail(world, request_id).reason) == ("not_taken", None)


def test_a_mail_that_is_refused_for_good_keeps_the_words_on_its_row_alone() -> None:
    world, request_id = owing("review_request")
    mend = failing(world, MailRefused("MessageRejected: Email address is not valid"))
    notify(request_id, 1, post=world.post, now=world.now)
    mend()
    told = entry(world, request_id, "notification.failed")
    assert told["code"] == "refused"
    assert "reason" not in told
    assert reasons(world, request_id) == {"notification.failed": "MessageRejected: Email address is not valid"}


def test_a_mail_that_could_not_be_written_while_a_service_was_away_is_sent_by_whoever_tries_next() -> None:
    world, request_id = owing("review_request")
    master = world.vault.master
    assert isinstance(master, MemoryMasterKey)
    opened = master.open

    def away(owner: str, wrapped: bytes) -> object:
        raise ConnectionError

    master.open = away  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        notify(request_id, 1, post=world.post, now=world.now)
    assert not [row for row in world.store.rows.values() if isinstance(row, Notification)]
    master.open = opened  # type: ignore[method-assign]
    assert notify(request_id, 1, post=world.post, now=world.now) == ("mail:1:review_request",)
    assert len(world.mails_to(REVIEWER)) == 1
