"""The order of the checks of a reply, and what its sender, or the person asked, is told of the first that fails."""

import pytest
from support.world import INSTALL, REVIEWER, World

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.replies.results import Result
from nodback_core.usecases.reviews.cancel_request import cancel_request

MALLORY = "mallory@example.net"


def asked() -> tuple[World, str]:
    world = World()
    request_id = world.pause(world.deployment()).request.request_id
    world.deliver()
    return world, request_id


def close(world: World, request_id: str, how: str) -> None:
    if how == "answered":
        assert world.reply("approved", to=world.reply_address()) is Result.RECORDED
    elif how == "cancelled":
        cancel_request(
            request_id, reason=None, caller=INSTALL, storage=world.storage,
            now=world.now,
        )  # fmt: skip
    else:
        (deployment,) = world.store.children(Deployment, "deployments", "").items
        assert world.pause(deployment).superseded == request_id
    world.deliver()


def letters(world: World) -> list[str]:
    return [m.tags["notification"].split("_", 2)[2] for m in world.mailer.sent]


@pytest.mark.parametrize("how", ["answered", "cancelled", "superseded"])
def test_a_late_reply_by_an_expired_address_is_told_how_it_was_closed_not_sent_a_fresh_mail(how: str) -> None:
    world, request_id = asked()
    address = world.reply_address()
    close(world, request_id, how)
    world.pass_time(days=8)
    before = len(world.mailer.sent)

    assert world.reply("rejected", to=address) is Result.CLOSED
    world.deliver()

    (told,) = world.mailer.sent[before:]
    assert letters(world)[-1] == "closed_request"
    assert told.to == REVIEWER
    checks = [e.data["check"] for e in world.store.chain(f"request/{request_id}").items if "check" in e.data]
    assert checks == ["request_closed"]


def test_an_expired_address_of_a_request_that_still_waits_is_sent_a_fresh_one() -> None:
    world, _ = asked()
    address = world.reply_address()
    world.pass_time(days=8)
    assert world.reply("approved", to=address) is Result.EXPIRED_TOKEN
    world.deliver()
    assert letters(world)[-1] == "expired_token"
    assert world.reply("approved", to=world.reply_address()) is Result.RECORDED


def test_the_notice_of_a_wrong_sender_carries_nothing_of_the_strangers_mail() -> None:
    world, _ = asked()
    planted = "<buy-at-evil.example@mallory.example>"

    assert world.reply("approved", to=world.reply_address(), sender=MALLORY, message_id=planted) is Result.OTHER_SENDER
    world.deliver()

    notice = world.mails_to(REVIEWER)[-1]
    assert letters(world)[-1] == "wrong_sender_notice"
    assert notice["In-Reply-To"] != planted
    sent = world.mailer.sent[-1].message.decode()
    assert "evil.example" not in sent
    assert "buy-at" not in sent


def test_the_mail_back_to_its_own_sender_answers_that_very_mail() -> None:
    """So that the test above cannot be green for want of a header."""
    world, _ = asked()
    own = "<mine@example.com>"
    assert world.reply("", to=world.reply_address(), message_id=own) is Result.BLANK
    world.deliver()
    assert world.mails_to(REVIEWER)[-1]["In-Reply-To"] == own
