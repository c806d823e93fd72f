"""How much refused replies may cause."""

import pytest
from support.world import REVIEWER, World

from nodback_core.domain.replies.limits import (
    MAX_ERROR_MAILS,
    MAX_ERROR_MAILS_PER_ADDRESS,
    MAX_REJECTIONS_RECORDED,
    MAX_STRANGER_NOTICES,
)
from nodback_core.domain.replies.results import STRANGERS, Result
from nodback_core.domain.reviews.requests import Status
from nodback_core.mail.replies.sender import Verdicts

MALLORY = "mallory@example.net"


def asked(world: World, flow_id: str = "flow-1") -> str:
    request_id = world.pause(world.deployment(), flow_id=flow_id).request.request_id
    world.deliver()
    return request_id


def forged(address: str) -> str:
    """The address with another last letter of its token."""
    local, domain = address.split("@")
    return f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"


def back(world: World) -> int:
    """Mails but those that asked."""
    world.deliver()
    return sum("review_request" not in m.tags["notification"] for m in world.mailer.sent)


def test_a_loop_with_a_machine_that_hides_it_ends() -> None:
    world = World()
    request_id = asked(world)
    address = world.reply_address()
    for _ in range(70):
        world.reply("", to=address)
        world.deliver()
    assert back(world) == MAX_ERROR_MAILS
    assert world.actions(request_id).count("reply.rejected") == MAX_REJECTIONS_RECORDED
    assert world.reply("approved", to=address) is Result.RECORDED, "an answer is never limited"


def test_strangers_use_up_nothing_of_what_an_assignee_is_owed() -> None:
    world = World()
    request_id = asked(world)
    address = world.reply_address()
    for _ in range(70):
        world.reply("approved", to=address, sender=MALLORY)
    assert back(world) == MAX_STRANGER_NOTICES
    assert world.actions(request_id).count("reply.rejected") == MAX_REJECTIONS_RECORDED
    assert world.reply("", to=address) is Result.BLANK
    assert back(world) == MAX_STRANGER_NOTICES + 1
    assert world.reply("approved", to=address) is Result.RECORDED


def test_an_expired_address_is_answered_with_a_fresh_one_however_many_strangers_wrote() -> None:
    world = World()
    asked(world)
    address = world.reply_address()
    for _ in range(60):
        world.reply("approved", to=forged(address))
    world.pass_time(days=8)
    assert world.reply("approved", to=address) is Result.EXPIRED_TOKEN
    assert back(world) == 1
    assert world.reply("approved", to=world.reply_address()) is Result.RECORDED


def test_one_address_gets_so_many_in_an_hour_whatever_the_requests() -> None:
    world = World()
    for number in range(MAX_ERROR_MAILS_PER_ADDRESS // MAX_ERROR_MAILS + 2):
        asked(world, f"flow-{number}")
        address = world.reply_address()
        for _ in range(MAX_ERROR_MAILS):
            world.reply("", to=address)
            world.deliver()
    assert back(world) == MAX_ERROR_MAILS_PER_ADDRESS
    world.pass_time(hours=1)
    asked(world, "later")
    world.reply("", to=world.reply_address())
    assert back(world) == MAX_ERROR_MAILS_PER_ADDRESS + 1


@pytest.mark.parametrize("check", sorted(STRANGERS))
def test_whoever_is_no_proven_person_of_the_request_counts_as_a_stranger(check: Result) -> None:
    world = World()
    request_id = asked(world)
    address = world.reply_address()
    if check is Result.AUTOMATIC:
        told = world.reply("", to=address, headers="Auto-Submitted: auto-replied\r\n")
    elif check is Result.FORGED_TOKEN:
        told = world.reply("", to=forged(address))
    elif check is Result.OTHER_SENDER:
        told = world.reply("", to=address, sender=MALLORY)
    elif check is Result.VIRUS:
        told = world.reply("", to=address, verdicts=Verdicts(dmarc="PASS", virus="FAIL"))
    elif check is Result.SPAM:
        told = world.reply("", to=address, verdicts=Verdicts(dmarc="PASS", spam="FAIL"))
    else:
        told = world.reply("", to=address, verdicts=Verdicts(dmarc="FAIL"))

    request = world.request(request_id)
    assert told is check
    assert (request.rejections, request.doubtful_rejections, request.stranger_rejections) == (0, 0, 1)


class TestWhoAnswersAnEarlierRound:
    def escalated(self) -> tuple[World, str, str]:
        world = World()
        escalation = {"after_minutes": 5, "to_email": "lead@example.com"}
        deployment = world.deployment(
            escalation=escalation,
            rules=[{"name": "r", "match": {"method_name": "*"}, "assign_to_email": "ana@example.com"}],
        )
        request_id = world.pause(deployment).request.request_id
        world.deliver()
        first = world.reply_address("ana@example.com")
        world.pass_time(minutes=6)
        world.wake(request_id)
        world.deliver()
        return world, request_id, first

    def test_is_told_that_somebody_else_has_it_now(self) -> None:
        world, request_id, first = self.escalated()
        assert world.reply("approved", to=first, sender="ana@example.com") is Result.REASSIGNED
        world.deliver()
        last = world.mails_to("ana@example.com")[-1]
        assert last["Auto-Submitted"] == "auto-replied"
        assert last["Reply-To"] is None
        assert world.request(request_id).status is Status.PENDING

    def test_cannot_use_the_new_address_nor_can_the_new_one_use_theirs(self) -> None:
        world, request_id, first = self.escalated()
        assert world.reply("approved", to=first, sender="lead@example.com") is Result.OTHER_SENDER
        lead = world.reply_address("lead@example.com")
        assert world.reply("approved", to=lead, sender="ana@example.com") is Result.OTHER_SENDER
        assert world.request(request_id).status is Status.PENDING
        assert world.reply("approved", to=lead, sender="lead@example.com") is Result.RECORDED

    def test_is_not_answered_when_nobody_knows_who_wrote(self) -> None:
        world, _, first = self.escalated()
        before = len(world.mailer.sent)
        verdicts = Verdicts(dmarc="FAIL")
        assert world.reply("x", to=first, sender="ana@example.com", verdicts=verdicts) is Result.NOT_AUTHENTICATED
        world.deliver()
        assert len(world.mailer.sent) == before


def test_a_reminder_leaves_the_first_mails_address_valid() -> None:
    world = World()
    request_id = world.pause(world.deployment(reminder_minutes=[60])).request.request_id
    world.deliver()
    first = world.reply_address()
    world.pass_time(minutes=61)
    world.wake(request_id)
    world.deliver()
    reminder = world.mails_to(REVIEWER)[-1]
    assert "Reminder" in reminder["Subject"] or "reminder" in str(reminder.get_body(("plain",)))
    assert world.reply("approved", to=first) is Result.RECORDED
    for hours, lives in ((1, 0), (1440, 59 * 24)):
        other = World()
        asked_id = other.pause(other.deployment(reply_token_hours=hours)).request.request_id
        other.deliver()
        address = other.reply_address()
        other.pass_time(hours=lives, minutes=30)
        assert other.reply("approved", to=address) is Result.RECORDED
        assert other.request(asked_id).decision
