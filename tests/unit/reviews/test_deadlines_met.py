"""What happens while nobody answers, in memory: reminders, escalation, auto-response and a target that is missed."""

import json
from dataclasses import replace

import pytest
from support.world import INSTALL, REVIEWER, World

from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.deadlines import SlaBreach
from nodback_core.domain.reviews.requests import Request, ResumeStatus, Source, Status
from nodback_core.ports import Changed
from nodback_core.usecases.reviews.cancel_request import cancel_request

BOSS = "boss@example.com"
AUTO = {"enabled": True, "timeout_minutes": 60, "default_outcome": "rejected"}


def asked(world: World, **settings: object) -> str:
    """A request that was opened and mailed."""
    opened = world.pause(world.deployment(**settings))
    world.deliver()
    return opened.request.request_id


def later(world: World, request_id: str, minutes: float) -> None:
    """Time passes and the wait ends on the minute."""
    world.pass_time(minutes=minutes)
    world.wake(request_id)
    world.deliver()


def subjects(world: World, address: str) -> list[str]:
    return [str(mail["Subject"]) for mail in world.mails_to(address)]


def test_when_nobody_answers_the_default_outcome_is_recorded_and_the_flow_may_go_on() -> None:
    world = World()
    request_id = asked(world, auto_response=AUTO)
    assert world.request(request_id).wake_at is not None
    later(world, request_id, 60)
    request = world.request(request_id)
    assert request.decision is not None
    assert (request.decision.source, request.decision.outcome) == (Source.AUTO, "rejected")
    assert (request.resume.status, request.wake_at) == (ResumeStatus.READY, None)
    assert world.actions(request_id)[-2:] == ["request.auto_responded", "notification.sent"]
    assert "Rejected" in world.mails_to(REVIEWER)[-1].get_body(("plain",)).get_content()
    assert world.reply("approved", to=world.reply_address()) is Result.CLOSED
    world.check_chains()


def test_a_reply_a_second_earlier_wins_and_the_wait_wakes_once_more_and_ends() -> None:
    world = World()
    request_id = asked(world, auto_response=AUTO)
    world.pass_time(minutes=59, seconds=59)
    assert world.reply("approved", to=world.reply_address()) is Result.RECORDED
    world.pass_time(seconds=1)
    assert world.wake(request_id) is None
    decision = world.request(request_id).decision
    assert decision is not None
    assert (decision.outcome, decision.source) == ("approved", Source.EMAIL)


def test_a_reply_that_lands_while_the_auto_response_is_being_written_wins() -> None:
    world = World()
    request_id = asked(world, auto_response=AUTO)
    address = world.reply_address()
    world.pass_time(minutes=61)
    commit, raced = world.store.commit, []

    def slow(records, entries=(), *, removals=()):  # type: ignore[no-untyped-def]
        if not raced:
            raced.append(True)
            assert world.reply("approved", to=address) is Result.RECORDED
        commit(records, entries, removals=removals)

    world.store.commit = slow  # type: ignore[method-assign]
    assert world.wake(request_id) is None
    decision = world.request(request_id).decision
    assert decision is not None
    assert decision.source is Source.EMAIL
    assert "request.auto_responded" not in world.actions(request_id)


def test_a_human_answer_counts_even_when_the_auto_response_is_overdue() -> None:
    world = World()
    request_id = asked(world, auto_response=AUTO)
    world.pass_time(hours=5)
    assert world.reply("approved", to=world.reply_address()) is Result.RECORDED
    assert world.wake(request_id) is None
    assert world.actions(request_id).count("request.auto_responded") == 0


def test_a_reply_to_the_first_mail_counts_after_a_reminder() -> None:
    world = World()
    request_id = asked(world, reminder_minutes=[5, 10])
    first = world.reply_address()
    later(world, request_id, 5)
    later(world, request_id, 5)
    assert len(world.mails_to(REVIEWER)) == 3
    assert world.request(request_id).wake_at is None
    assert world.reply("approved", to=first) is Result.RECORDED


def test_an_escalation_makes_another_assignee_and_a_reply_to_the_old_mail_is_told_so() -> None:
    world = World()
    request_id = asked(world, escalation={"after_minutes": 30, "to_email": BOSS})
    old = world.reply_address()
    later(world, request_id, 30)
    request = world.request(request_id)
    assert (request.assignment.address, request.assignment.round, request.earlier[0].address) == (BOSS, 2, REVIEWER)
    assert world.reply("approved", to=old) is Result.REASSIGNED
    world.deliver()
    assert request.status is Status.PENDING
    assert "somebody else" in world.mails_to(REVIEWER)[-1].get_body(("plain",)).get_content()
    assert world.reply("approved", to=world.reply_address(BOSS), sender=BOSS) is Result.RECORDED
    world.check_chains()


@pytest.mark.parametrize("by", ["reply", "cancel"])
def test_an_end_after_the_target_and_before_its_wake_leaves_the_breach_first(by: str) -> None:
    world = World()
    request_id = asked(world, sla_minutes=10)
    world.pass_time(minutes=10)
    if by == "reply":
        assert world.reply("approved", to=world.reply_address()) is Result.RECORDED
    else:
        cancel_request(
            request_id,
            reason=None,
            caller=INSTALL,
            storage=world.storage,
            now=world.now,
        )
    request = world.request(request_id)
    assert (request.sla, SlaBreach().name in request.done_steps) == ("breached", True)
    ending = "request.responded" if by == "reply" else "request.cancelled"
    assert world.actions(request_id)[3:5] == ["sla.breached", ending]
    assert [e.name for e in world.bus.events[-2:]] == ["sla.breached", ending]
    assert world.wake(request_id) is None
    assert world.actions(request_id).count("sla.breached") == 1
    world.check_chains()


def test_an_answer_in_time_meets_the_target() -> None:
    world = World()
    request_id = asked(world, sla_minutes=10)
    world.pass_time(minutes=9, seconds=59)
    world.reply("approved", to=world.reply_address())
    assert world.request(request_id).sla == "met"
    assert world.wake(request_id) is None
    assert "sla.breached" not in world.actions(request_id)


def test_a_breach_is_an_entry_and_an_event_and_the_request_goes_on_waiting() -> None:
    world = World()
    request_id = asked(world, sla_minutes=10)
    later(world, request_id, 10)
    assert world.actions(request_id)[-1] == "sla.breached"
    assert (world.request(request_id).sla, world.request(request_id).status) == ("breached", Status.PENDING)


def test_a_newer_pause_that_supersedes_a_late_request_writes_both_down() -> None:
    world = World()
    deployment = world.deployment(sla_minutes=10)
    first = world.pause(deployment).request.request_id
    world.pass_time(minutes=11)
    world.pause(deployment)
    assert world.actions(first)[-2:] == ["sla.breached", "request.superseded"]
    world.check_chains()


def test_a_wait_that_fires_a_day_late_does_only_what_still_serves_somebody() -> None:
    world = World()
    everything = {
        "sla_minutes": 10,
        "reminder_minutes": [5, 15],
        "escalation": {"after_minutes": 30, "to_email": BOSS},
    }
    request_id = asked(world, **everything)
    world.pass_time(days=1)
    assert world.wake(request_id) is None
    world.deliver()
    assert world.actions(request_id)[3:5] == ["sla.breached", "request.escalated"]
    assert len(world.mails_to(REVIEWER)) == 2, "the request, and that somebody else has it"
    assert len(world.mails_to(BOSS)) == 1
    automatic = World()
    request_id = asked(automatic, auto_response=AUTO, **everything)
    automatic.pass_time(days=1)
    automatic.wake(request_id)
    assert automatic.actions(request_id)[3:] == ["sla.breached", "request.auto_responded"]


def test_a_wait_that_runs_twice_does_everything_once() -> None:
    world = World()
    request_id = asked(world, reminder_minutes=[5], escalation={"after_minutes": 30, "to_email": BOSS})
    for _ in range(3):
        world.wake(request_id)
    for minutes in (5, 25):
        world.pass_time(minutes=minutes)
        for _ in range(3):
            world.wake(request_id)
            world.deliver()
    assert world.actions(request_id).count("request.reminded") == 1
    assert world.actions(request_id).count("request.escalated") == 1
    assert len(world.mails_to(BOSS)) == 1


def test_a_wait_that_was_lost_is_begun_again_by_the_sweeper_until_it_is_met() -> None:
    world = World()
    request_id = asked(world, auto_response=AUTO)
    world.pass_time(minutes=60, seconds=59)
    assert world.sweep().waits == 0, "a wait may be late by a minute"
    world.pass_time(seconds=1)
    assert world.sweep().waits == 1
    (event,) = world.bus.events
    assert event.name == "deadline.overdue"
    assert event.detail["wake_at"] == "2026-03-02T10:00:00.000Z"
    world.bus.events = []
    assert world.sweep().waits == 0, "it asks once a minute, not with each sweep"
    world.pass_time(minutes=1)
    assert world.sweep().waits == 1, "this event was lost too"
    world.wake(str(event.detail["request_id"]))
    world.deliver()
    assert world.request(request_id).decision is not None
    request = world.request(request_id)
    assert request.attention_at == request.unclaimed_at, "only its worker is waited for"


def test_the_sweeper_leaves_a_request_alone_whose_deadlines_are_all_met() -> None:
    world = World()
    request_id = asked(world, reminder_minutes=[5])
    later(world, request_id, 5)
    world.pass_time(days=2)
    assert world.sweep().waits == 0
    assert world.request(request_id).attention_at is None


def test_deadlines_without_any_mail_still_answer_and_say_what_is_off() -> None:
    world = World()
    request_id = asked(world, email_notifications=False, reminder_minutes=[5], auto_response=AUTO)
    assert json.loads(world.request(request_id).policy)["reminders_off"] == "email_notifications_are_off"
    later(world, request_id, 60)
    assert world.request(request_id).decision is not None
    assert "request.reminded" not in world.actions(request_id)
    assert world.mailer.sent == []


def test_a_step_that_others_overtake_again_and_again_is_done_once_they_stop() -> None:
    world = World()
    request_id = asked(world, reminder_minutes=[5])
    world.pass_time(minutes=5)
    commit, left = world.store.commit, [4]

    def contended(records, entries=(), *, removals=()):  # type: ignore[no-untyped-def]
        if left[0]:
            left[0] -= 1
            stored = world.request(request_id)
            commit([replace(stored, error_mails=stored.error_mails + 1)])
            raise Changed
        commit(records, entries, removals=removals)

    world.store.commit = contended  # type: ignore[method-assign]
    assert world.wake(request_id) is None
    assert world.actions(request_id).count("request.reminded") == 1


def test_dynamic_assignment_reaches_the_address_in_the_state_and_else_the_creator() -> None:
    world = World()
    rule = {"name": "Route to Sales Rep", "match": {"method_name": "review_*"}, "assign_from_input": "sales_rep_email"}
    deployment = world.deployment(rules=[rule])
    dynamic = world.pause(deployment, flow_id="a", state={"sales_rep_email": "alice@company.com"}).request
    fallback = world.pause(deployment, flow_id="b", method_name="approve_content").request
    world.deliver()
    assert (dynamic.assignment.address, dynamic.assignment.rule) == ("alice@company.com", "Route to Sales Rep")
    assert (fallback.assignment.address, fallback.assignment.rule) == (REVIEWER, None)
    assert len(world.mails_to("alice@company.com")) == 1
    assigned = world.store.chain(f"request/{fallback.request_id}").items[1]
    assert assigned.data["considered"] == [{"rule": "Route to Sales Rep", "outcome": "method_differs"}]


def test_a_request_keeps_the_deadlines_that_it_was_opened_with() -> None:
    world = World()
    request_id = asked(world, auto_response=AUTO)
    stored = world.store.rows[Request.at(request_id).partition, "request"]
    assert isinstance(stored, Request)
    assert json.loads(stored.policy) == {"auto_response": {"after_ms": 3_600_000, "outcome": "rejected"}}
