"""Deadlines: what is due when, whatever the hour of the wake."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from nodback_core.domain.deployments.settings import AutoResponse, Escalation, Settings
from nodback_core.domain.reviews.deadlines import (
    AutoRespond,
    DeadlinePolicy,
    Escalate,
    Off,
    ReminderDue,
    SlaBreach,
    Step,
    as_document,
    auto_response_at,
    done_after,
    due,
    from_document,
    next_wake,
    policy_for,
    schedule,
)

OPENED = datetime(2026, 11, 22, 10, tzinfo=UTC)
EMIT = ["approved", "needs_revision"]
BOSS = "boss@example.com"
FULL = Settings(
    sla_minutes=30,
    reminder_minutes=(20, 40, 50),
    escalation=Escalation(45, BOSS),
    auto_response=AutoResponse(True, 60, "needs_revision"),
)


def after(minutes: float) -> datetime:
    return OPENED + timedelta(minutes=minutes)


def steps_at(policy: DeadlinePolicy, minutes: float, done: tuple[str, ...] = ()) -> tuple[Step, ...]:
    return due(policy, OPENED, done, after(minutes))


def wake(policy: DeadlinePolicy, minutes: float, done: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What is recorded as done after everything due at that minute was taken."""
    for step in steps_at(policy, minutes, done):
        done = done_after(policy, OPENED, done, step, after(minutes))
    return done


def test_each_step_is_due_at_its_time_and_not_before():
    policy = policy_for(FULL, EMIT)
    story: list[tuple[float, tuple[Step, ...]]] = []
    done: tuple[str, ...] = ()
    while (moment := next_wake(policy, OPENED, done)) is not None:
        minutes = (moment - OPENED).total_seconds() / 60
        assert steps_at(policy, minutes - 0.001, done) == ()
        story.append((minutes, steps_at(policy, minutes, done)))
        done = wake(policy, minutes, done)
    assert story == [
        (20, (ReminderDue(1),)),
        (30, (SlaBreach(),)),
        (40, (ReminderDue(2),)),
        (45, (Escalate(BOSS),)),
        (50, (ReminderDue(3),)),
        (60, (AutoRespond("needs_revision"),)),
    ]


def test_without_settings_nothing_is_ever_due():
    policy = policy_for(Settings(), EMIT)
    assert next_wake(policy, OPENED, ()) is None
    assert steps_at(policy, 1e6) == ()
    assert policy.auto_response_off is Off.DISABLED


def test_a_wake_a_day_late_records_the_breach_and_answers_without_reminding_anybody():
    policy = policy_for(FULL, EMIT)
    assert steps_at(policy, 24 * 60) == (SlaBreach(), AutoRespond("needs_revision"))
    assert next_wake(policy, OPENED, wake(policy, 24 * 60)) is None


def test_a_breach_that_falls_after_the_auto_response_counts_only_when_everything_is_late():
    policy = policy_for(Settings(sla_minutes=90, auto_response=AutoResponse(True, 60, "approved")), EMIT)
    assert steps_at(policy, 60) == (AutoRespond("approved"),)
    assert steps_at(policy, 91) == (SlaBreach(), AutoRespond("approved"))


def test_without_an_auto_response_a_late_wake_escalates_once_and_sends_no_overdue_reminder():
    policy = policy_for(Settings(reminder_minutes=(20, 40, 50, 2000), escalation=Escalation(45, BOSS)), EMIT)
    assert steps_at(policy, 1440) == (Escalate(BOSS),)
    done = wake(policy, 1440)
    assert done == ("reminder-1", "reminder-2", "escalation", "reminder-3")
    assert next_wake(policy, OPENED, done) == after(2000)


def test_of_several_overdue_reminders_only_the_last_is_sent():
    policy = policy_for(Settings(reminder_minutes=(10, 20, 30)), EMIT)
    assert steps_at(policy, 25) == (ReminderDue(2),)
    done = wake(policy, 25)
    assert done == ("reminder-1", "reminder-2")
    assert steps_at(policy, 31, done) == (ReminderDue(3),)


def test_an_earlier_reminder_is_not_sent_after_a_later_one_even_if_only_that_was_recorded():
    policy = policy_for(Settings(reminder_minutes=(10, 20, 30)), EMIT)
    assert steps_at(policy, 25, ("reminder-2",)) == ()
    assert next_wake(policy, OPENED, ("reminder-2",)) == after(30)


def test_at_the_same_moment_only_the_strongest_step_is_taken():
    same = Settings(
        sla_minutes=60,
        reminder_minutes=(60,),
        escalation=Escalation(60, BOSS),
        auto_response=AutoResponse(True, 60, "approved"),
    )
    assert steps_at(policy_for(same, EMIT), 60) == (SlaBreach(), AutoRespond("approved"))
    no_answer = policy_for(same, ["other"])
    assert steps_at(no_answer, 60) == (SlaBreach(), Escalate(BOSS))
    assert next_wake(no_answer, OPENED, wake(no_answer, 60)) is None


def test_a_second_wake_at_the_same_time_has_nothing_to_do():
    policy = policy_for(FULL, EMIT)
    for minutes in (20, 30, 45, 59, 60, 5000):
        assert steps_at(policy, minutes, wake(policy, minutes)) == ()


def test_an_early_wake_has_nothing_to_do_and_sleeps_on():
    policy = policy_for(FULL, EMIT)
    assert steps_at(policy, -5) == ()
    assert next_wake(policy, OPENED, ()) == after(20)


def test_a_crash_between_two_steps_leaves_the_second_due():
    policy = policy_for(FULL, EMIT)
    breach, answer = steps_at(policy, 70)
    done = done_after(policy, OPENED, (), breach, after(70))
    assert done == ("sla-breach",)
    assert steps_at(policy, 70, done) == (answer,)


def test_the_outcome_is_written_as_the_option_is():
    settings = Settings(auto_response=AutoResponse(True, 60, "Needs revision"))
    policy = policy_for(settings, EMIT)
    assert steps_at(policy, 60) == (AutoRespond("needs_revision"),)
    assert auto_response_at(policy, OPENED) == after(60)


@pytest.mark.parametrize(
    ("emit", "why"), [(["ship", "hold"], Off.NOT_AN_OPTION), ([], Off.NO_OPTIONS), (None, Off.NO_OPTIONS)]
)
def test_a_default_outcome_that_is_no_option_turns_the_auto_response_off_visibly(emit: list[str] | None, why: Off):
    policy = policy_for(FULL, emit)
    assert policy.auto_response is None
    assert policy.auto_response_off is why
    assert as_document(policy)["auto_response_off"] == why.value
    assert auto_response_at(policy, OPENED) is None


def test_an_escalation_to_the_assignee_is_off_visibly():
    policy = policy_for(FULL, EMIT, assignee=BOSS)
    assert policy.escalation is None
    assert policy.escalation_off is Off.TO_ASSIGNEE


def test_where_nothing_is_mailed_nobody_is_reminded():
    policy = policy_for(Settings(email_notifications=False, reminder_minutes=(5,)), EMIT)
    assert next_wake(policy, OPENED, ()) is None
    assert policy.reminders_off is Off.NOT_MAILED


def test_what_would_fall_after_the_auto_response_is_not_in_the_schedule():
    settings = Settings(
        reminder_minutes=(5, 60, 70), escalation=Escalation(90, BOSS), auto_response=AutoResponse(True, 60, "approved")
    )
    names = [s.step.name for s in schedule(policy_for(settings, EMIT), OPENED)]
    assert names == ["reminder-1", "auto-response"]


@pytest.mark.parametrize("settings", [Settings(), FULL, Settings(email_notifications=False, reminder_minutes=(0.01,))])
@pytest.mark.parametrize("emit", [EMIT, None])
def test_a_policy_is_kept_in_a_row_and_read_again(settings: Settings, emit: list[str] | None):
    policy = policy_for(settings, emit)
    assert from_document(json.loads(json.dumps(as_document(policy)))) == policy


def test_an_empty_row_has_no_deadlines():
    assert from_document({}) == DeadlinePolicy()


def test_changed_settings_do_not_change_an_open_request():
    frozen = json.dumps(as_document(policy_for(FULL, EMIT)))
    assert next_wake(from_document(json.loads(frozen)), OPENED, ()) == after(20)
