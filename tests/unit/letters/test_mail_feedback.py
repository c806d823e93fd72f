"""What SES tells of our mails, from its documented JSON to the request's timeline."""

import itertools
import json
from pathlib import Path
from typing import Any, cast

import pytest
from support.http import call, key_for
from support.world import REVIEWER, World

from nodback_core.adapters.ses_feedback import feedback_of
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.letters.feedback import TOLD
from nodback_core.domain.letters.notifications import (
    NOTIFICATION_STEPS,
    UNSENT,
    Feedback,
    NotificationStatus,
    id_of,
    tag_of,
)
from nodback_core.ports import MailRefused
from nodback_core.usecases.letters.record_feedback import Recording, record_feedback

EVENTS = Path(__file__).parents[2] / "events"
CREATOR = "creator@example.com"
RULES = [{"name": "reviewer", "match": {"method_name": "*"}, "assign_to_email": REVIEWER}]


def event(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads((EVENTS / f"ses-{name}.json").read_text(encoding="utf-8")))


def feedback(name: str, request_id: str = "", notification_id: str = "mail:1:review_request") -> Feedback:
    """The documented event as if it were about this notification."""
    detail = event(name)["detail"]
    tags = detail["mail"]["tags"]
    tags["request_id"] = [request_id or tags["request_id"][0]]
    tags["notification"] = [tag_of(notification_id)]
    found = feedback_of(detail, message_id_of=lambda ses_id: f"{ses_id}@email.amazonses.com")
    assert found is not None
    return found


def tell(world: World, name: str, request_id: str, notification_id: str = "mail:1:review_request") -> Recording:
    return record_feedback(feedback(name, request_id, notification_id), store=world.store, now=world.now)


def assigned(world: World, **settings: object) -> tuple[Deployment, str]:
    """A request that was mailed to somebody who is not its creator."""
    deployment = world.deployment(creator_email=CREATOR, rules=RULES, **settings)
    request_id = world.pause(deployment).request.request_id
    world.deliver()
    return deployment, request_id


def mails(world: World, deployment: Deployment, request_id: str) -> list[dict[str, Any]]:
    key = key_for(world, deployment, "manage")
    return cast("list[dict[str, Any]]", call(world, "GET", f"/v1/requests/{request_id}", key)["notifications"])


@pytest.mark.parametrize(
    ("name", "status", "reason", "facts"),
    [
        ("delivery", "delivered", "250 2.6.0 Message received", {}),
        ("bounce-permanent", "bounced", "smtp; 550 5.1.1 user unknown", {"bounce_subtype": "General"}),
        ("bounce-suppressed", "bounced", "Amazon SES did not send", {"bounce_subtype": "OnAccountSuppressionList"}),
        ("bounce-transient", "soft_bounced", "smtp; 452 4.2.2 mailbox full", {"bounce_type": "Transient"}),
        ("complaint", "complained", "abuse", {"complaint_type": "abuse"}),
        ("reject", "rejected", "Bad content", {}),
        ("rendering-failure", "rejected", "Attribute 'attributeName' is not present", {}),
        ("delivery-delay", "delayed", "smtp; 421 4.4.1 Unable", {"tries_until": "2026-03-02T21:00:00.000Z"}),
    ],
)
def test_each_documented_event_is_understood(name: str, status: str, reason: str | None, facts: dict[str, str]) -> None:
    found = feedback(name)
    assert (found.request_id, found.notification_id) == (
        "6b1f0f9e-3c1f-4c55-9a53-0d1f3a4b5c6d",
        "mail:1:review_request",
    )
    assert found.status == status
    assert (found.reason or "").startswith(reason or "")
    assert (found.reason is None) == (reason is None)
    assert facts.items() <= dict(found.facts).items()
    assert found.message_id == "0100019a9f5c2f6e-3f0c2f4e-8f0b-4d8e-9d57-3a2b1c0d9e8f-000000@email.amazonses.com"


def test_events_that_say_nothing_of_a_delivery_or_of_no_notification_are_passed_over() -> None:
    strangers = event("delivery")["detail"]
    del strangers["mail"]["tags"]["request_id"]
    sign_in = event("delivery")["detail"]
    sign_in["mail"]["tags"]["notification"] = ["sign_in"]
    for detail in (event("send")["detail"], event("complaint-not-spam")["detail"], strangers, sign_in):
        assert feedback_of(detail, message_id_of=str) is None


def test_what_a_strangers_server_says_stays_one_short_line() -> None:
    detail = event("bounce-permanent")["detail"]
    detail["bounce"]["bouncedRecipients"][0]["diagnosticCode"] = "550 no\r\nBcc: x@example.com\x00" + "y" * 5000
    found = feedback_of(detail, message_id_of=str)
    assert found is not None
    assert found.reason is not None
    assert found.reason.startswith("550 no Bcc: x@example.com yyy")
    assert len(found.reason) == 300


def test_what_a_server_says_stands_on_the_notification_alone_and_goes_with_the_texts() -> None:
    world = World()
    deployment, request_id = assigned(world)
    key = key_for(world, deployment, "manage")
    tell(world, "bounce-transient", request_id)
    timeline = call(world, "GET", f"/v1/requests/{request_id}/timeline", key)
    entries = json.dumps(timeline["entries"])
    assert "mailbox full" not in entries
    assert "mailbox full" in json.dumps(timeline["reasons"]), "it is shown beside its entry"
    assert "Transient" in entries
    assert "mailbox full" in str(mails(world, deployment, request_id))
    assert call(world, "POST", f"/v1/requests/{request_id}/cancel", key, {}).status == 200
    assert call(world, "DELETE", f"/v1/requests/{request_id}/content", key).status == 200
    assert "mailbox full" not in str(world.store.rows)
    assert call(world, "GET", f"/v1/requests/{request_id}/timeline", key)["reasons"] == {}
    tell(world, "bounce-permanent", request_id)
    assert "user unknown" not in str(world.store.rows), "what comes after the erasure is not kept"
    world.check_chains()


@pytest.mark.parametrize("field", ["bounceType", "bounceSubType", "feedbackId"])
def test_no_sentence_gets_into_the_facts_of_an_entry(field: str) -> None:
    detail = event("bounce-permanent")["detail"]
    detail["bounce"][field] = "dear Ana, your account"
    found = feedback_of(detail, message_id_of=str)
    assert found is not None
    assert "dear" not in str(found.facts)


def test_an_id_survives_its_tag() -> None:
    assert id_of(tag_of("mail:12:review_request")) == "mail:12:review_request"
    for other in ("", "mail", "mail_x_reminder", "mail_3_", "hook_3_reminder"):
        assert id_of(other) is None


def test_a_delivery_shows_on_the_request_and_in_its_timeline_once() -> None:
    world = World()
    deployment, request_id = assigned(world)
    assert tell(world, "delivery", request_id) is Recording.RECORDED
    assert tell(world, "delivery", request_id) is Recording.NOTHING_NEW
    world.deliver()
    (mail,) = mails(world, deployment, request_id)
    assert (mail["letter"], mail["to"], mail["status"]) == ("review_request", REVIEWER, "delivered")
    assert mail["message_id"] == "0001@mail.invalid"
    assert mail["told_at"] == "2026-03-02T09:00:02.669Z"
    assert world.actions(request_id).count("notification.delivered") == 1
    assert world.mails_to(CREATOR) == []
    world.check_chains()


def test_a_hard_bounce_shows_on_the_request_and_its_creator_is_told_once() -> None:
    world = World()
    deployment, request_id = assigned(world, reminder_minutes=[60])
    tell(world, "bounce-permanent", request_id)
    tell(world, "bounce-permanent", request_id)
    world.deliver()
    (notice,) = world.mails_to(CREATOR)
    text = notice.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Not delivered" in notice["Subject"]
    assert REVIEWER in text
    assert "smtp; 550 5.1.1 user unknown" in text
    assert [m["status"] for m in mails(world, deployment, request_id)] == ["bounced", "sent"]
    world.pass_time(minutes=61)
    world.wake(request_id)
    world.deliver()
    reminder = mails(world, deployment, request_id)[-1]
    assert reminder["letter"] == "reminder"
    tell(world, "bounce-suppressed", request_id, reminder["id"])
    world.deliver()
    assert len(world.mails_to(CREATOR)) == 1, "the same address is told of once"
    world.check_chains()


@pytest.mark.parametrize("name", ["complaint", "reject", "rendering-failure"])
def test_other_ways_never_to_arrive_are_told_to_the_creator_too(name: str) -> None:
    world = World()
    _, request_id = assigned(world)
    tell(world, name, request_id)
    world.deliver()
    assert len(world.mails_to(CREATOR)) == 1


def test_a_mail_that_the_service_refuses_at_once_is_told_to_the_creator_by_the_same_event() -> None:
    world = World()
    deployment = world.deployment(creator_email=CREATOR, rules=RULES)
    request_id = world.pause(deployment).request.request_id
    send, refused = world.mailer.send, []

    def refuse_once(*given: Any, **named: Any) -> str:
        if not refused:
            refused.append(given)
            raise MailRefused("Address is not verified")
        return send(*given, **named)

    world.mailer.send = refuse_once  # type: ignore[method-assign]
    world.deliver()
    (notice,) = world.mails_to(CREATOR)
    assert "was not accepted" in notice.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert [m["status"] for m in mails(world, deployment, request_id)] == ["failed", "sent"]


def test_nobody_is_told_when_the_creator_bounced_or_the_review_waits_for_another_or_is_over() -> None:
    own = World()
    own_request = own.pause(own.deployment()).request.request_id
    own.deliver()
    tell(own, "bounce-permanent", own_request)
    own.deliver()
    assert len(own.mailer.sent) == 1

    moved = World()
    escalation = {"after_minutes": 5, "to_email": "lead@example.com"}
    _, moved_request = assigned(moved, escalation=escalation)
    moved.pass_time(minutes=6)
    moved.wake(moved_request)
    moved.deliver()
    tell(moved, "bounce-permanent", moved_request)
    moved.deliver()
    assert moved.mails_to(CREATOR) == []

    over = World()
    _, over_request = assigned(over)
    over.reply("approved", to=over.reply_address())
    tell(over, "bounce-permanent", over_request)
    over.deliver()
    assert over.mails_to(CREATOR) == []
    assert "notification.bounced" in over.actions(over_request)


def test_a_notice_that_was_overtaken_by_the_answer_is_not_sent() -> None:
    world = World()
    _, request_id = assigned(world)
    tell(world, "bounce-permanent", request_id)
    world.reply("approved", to=world.reply_address())
    world.deliver()
    assert world.mails_to(CREATOR) == []
    assert world.request(request_id).effects == ()


def test_soft_bounces_and_delays_are_written_down_and_bother_nobody() -> None:
    world = World()
    deployment, request_id = assigned(world)
    for name in ("delivery-delay", "bounce-transient", "delivery"):
        assert tell(world, name, request_id) is Recording.RECORDED
    world.deliver()
    assert world.mails_to(CREATOR) == []
    assert mails(world, deployment, request_id)[0]["status"] == "delivered"


def test_in_every_order_and_however_often_the_end_is_allowed_by_the_table() -> None:
    names = ("delivery-delay", "delivery", "bounce-transient", "bounce-permanent")
    for order in itertools.permutations((*names, "bounce-permanent")):
        world = World()
        deployment, request_id = assigned(world)
        for name in order:
            tell(world, name, request_id)
        world.deliver()
        assert mails(world, deployment, request_id)[0]["status"] == "bounced", order
        assert len(world.mails_to(CREATOR)) == 1, order
        world.check_chains()


def test_feedback_about_what_is_not_there_changes_nothing() -> None:
    world = World()
    _, request_id = assigned(world)
    before = world.actions(request_id)
    assert tell(world, "delivery", request_id, "mail:9:reminder") is Recording.UNKNOWN
    assert tell(world, "delivery", "00000000-0000-4000-8000-000000000000") is Recording.UNKNOWN
    assert world.actions(request_id) == before


@pytest.mark.parametrize(
    "name", ["bounce-permanent", "bounce-suppressed", "bounce-transient", "complaint", "delivery-delay", "reject"]
)
def test_every_fact_that_ses_tells_stands_in_the_entry(name: str) -> None:
    world = World()
    _, request_id = assigned(world)
    assert tell(world, name, request_id) is Recording.RECORDED
    told = feedback(name, request_id)
    entries = world.store.chain(f"request/{request_id}").items
    (entry,) = [e for e in entries if e.action is TOLD[told.status].action]
    assert dict(told.facts).items() <= dict(entry.data).items()


def test_the_table_knows_every_status_and_each_that_feedback_brings_has_its_entry() -> None:
    assert set(NOTIFICATION_STEPS) == set(NotificationStatus)
    by_feedback = {s for status, then in NOTIFICATION_STEPS.items() if status not in UNSENT for s in then}
    assert set(TOLD) == by_feedback
    assert all(status not in then for status, then in NOTIFICATION_STEPS.items()), "the same feedback twice is nothing"


def test_a_reply_to_the_first_mail_is_read_rightly_after_a_second_one_was_sent() -> None:
    world = World()
    _, request_id = assigned(world, free_text="ask")
    first = world.mails_to(REVIEWER)[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    world.reply("hm", to=world.reply_address())
    world.deliver()
    quoted = f"\n{first}"
    world.reply(quoted, to=world.reply_address())
    assert world.request(request_id).status == "pending", "its own option list, quoted without marks, is no answer"
