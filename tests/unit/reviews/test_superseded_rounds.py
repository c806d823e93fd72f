"""A flow that loops: each pause is a request of its own, and an old reply never reaches the newer one."""

import pytest
from support.world import REVIEWER, World

from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import Status

NEWER = "newer review of this flow, number 2"


def paused_twice(world: World, *, first_answer: str | None = None) -> tuple[str, str, str]:
    """Two requests of one flow, both mailed; and the reply address of the first."""
    deployment = world.deployment()
    first = world.pause(deployment).request.request_id
    world.deliver()
    old_address = world.reply_address()
    if first_answer:
        world.reply(first_answer, to=old_address)
    second = world.pause(deployment).request.request_id
    world.deliver()
    return first, second, old_address


def newest_text(world: World, to: str = REVIEWER) -> str:
    text = world.mails_to(to)[-1].get_body(("plain",)).get_content()
    return " ".join(text.split())


def test_a_late_reply_to_a_superseded_request_is_told_of_the_newer_one_and_changes_nothing() -> None:
    world = World()
    first, second, old_address = paused_twice(world)
    before = world.request(second)
    assert world.reply("approved", to=old_address) is Result.CLOSED
    world.deliver()
    assert world.request(first).status is Status.SUPERSEDED
    assert world.request(first).decision is None
    assert world.request(second) == before
    assert world.mailer.sent[-1].tags["notification"].endswith("closed_request")
    assert NEWER in newest_text(world)


def test_a_late_reply_to_an_answered_request_is_told_what_was_recorded_and_of_the_newer_one() -> None:
    world = World()
    first, second, old_address = paused_twice(world, first_answer="needs_revision")
    assert world.reply("approved", to=old_address) is Result.CLOSED
    world.deliver()
    decision = world.request(first).decision
    assert decision is not None
    assert decision.outcome == "needs_revision"
    assert world.request(second).status is Status.PENDING
    assert "Needs revision" in newest_text(world)
    assert NEWER in newest_text(world)


def test_the_newer_request_is_not_named_once_it_is_closed_too() -> None:
    world = World()
    _, second, old_address = paused_twice(world)
    world.reply("approved", to=world.reply_address())
    assert world.request(second).status is Status.RESPONDED
    world.reply("rejected", to=old_address)
    world.deliver()
    assert NEWER not in newest_text(world)


@pytest.mark.parametrize("answer", [None, "needs_revision"])
def test_a_superseded_or_answered_round_leaves_the_newer_ones_address_as_the_only_one_that_decides(
    answer: str | None,
) -> None:
    world = World()
    first, second, old_address = paused_twice(world, first_answer=answer)
    world.reply("rejected", to=old_address)
    assert world.reply("approved", to=world.reply_address()) is Result.RECORDED
    decision = world.request(second).decision
    assert decision is not None
    assert decision.outcome == "approved"
    closed = world.request(first)
    assert (closed.decision.outcome if closed.decision else None) == answer
    world.check_chains()


def test_the_mail_of_a_pause_that_was_superseded_before_it_was_sent_is_never_sent() -> None:
    world = World()
    deployment = world.deployment()
    first = world.pause(deployment).request.request_id
    world.pause(deployment)
    world.deliver()
    assert len(world.mailer.sent) == 1, "of two pauses in parallel only the saved one is mailed"
    assert "notification.skipped" in world.actions(first)


def test_ten_rounds_are_numbered_and_only_the_last_waits() -> None:
    world = World()
    deployment = world.deployment()
    opened = [world.pause(deployment).request for _ in range(10)]
    assert [r.number for r in opened] == list(range(1, 11))
    statuses = [world.request(r.request_id).status for r in opened]
    assert statuses == [Status.SUPERSEDED] * 9 + [Status.PENDING]
    assert [world.request(r.request_id).superseded_by for r in opened[:-1]] == [r.request_id for r in opened[1:]]
