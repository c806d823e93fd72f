"""Answering, reassigning and cancelling over HTTP, and what everybody is told about it."""

import json

import pytest
from support.http import INSTALL_KEY, Answered, call, key_for
from support.world import REVIEWER, World

from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import ResumeStatus, Status


class Case:
    """One pending request of one deployment, mailed, and a key for each scope."""

    def __init__(self, **settings: object) -> None:
        self.world = World()
        self.deployment = self.world.deployment(**settings)
        self.keys = {scope: key_for(self.world, self.deployment, scope) for scope in ("flow", "respond", "manage")}
        self.request_id = self.world.pause(self.deployment).request.request_id
        self.world.deliver()

    def post(self, action: str, body: object, scope: str = "manage", **headers: str) -> Answered:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"/v1/requests/{self.request_id}/{action}"
        answer = call(self.world, "POST", path, self.keys[scope], body, headers=sent)
        self.world.deliver()
        return answer

    def get(self, what: str = "") -> Answered:
        return call(self.world, "GET", f"/v1/requests/{self.request_id}{what}", self.keys["manage"])

    def trail(self) -> str:
        """Everything that the audit trail and the bus hold, as text."""
        entries = self.world.store.chain(f"request/{self.request_id}").items
        return json.dumps([e.document() for e in entries])


@pytest.mark.parametrize("scope", ["respond", "manage"])
def test_an_answer_is_recorded_and_the_flow_may_go_on(scope: str) -> None:
    case = Case()
    case.world.pass_time(minutes=2)
    answer = case.post("response", {"outcome": "Approved", "feedback": "ship it", "responder": "kim"}, scope)
    assert answer.status == 200
    assert (answer["outcome"], answer["source"], answer["replayed"]) == ("approved", "api", False)
    request = case.world.request(case.request_id)
    assert request.resume.status is ResumeStatus.READY
    assert request.decision is not None
    key_id = case.keys[scope].split("_")[3]
    assert (request.decision.responder, request.decision.source_claim) == (f"key/{key_id}", "kim")
    assert key_id in request.decision.identity
    seen = case.get()
    assert (seen["feedback"], seen["outcome"], seen["response_seconds"]) == ("ship it", "approved", 120)
    case.world.check_chains()


def test_words_that_are_an_option_are_that_option_and_others_are_free_text() -> None:
    case = Case()
    assert case.post("response", {"feedback": " Needs revision! "}, "respond")["outcome"] == "needs_revision"
    other = Case()
    assert other.post("response", {"feedback": "not approved"}, "respond")["outcome"] is None


def test_the_same_answer_again_is_a_replay_and_another_one_is_told_what_was_recorded() -> None:
    case = Case()
    body = {"feedback": "approved"}
    assert case.post("response", body, "respond", Idempotency_Key="one")["replayed"] is False
    again = case.post("response", body, "respond", Idempotency_Key="one")
    assert (again.status, again["replayed"], again["outcome"]) == (200, True, "approved")
    for late in (
        case.post("response", {"feedback": "rejected"}, "respond", Idempotency_Key="one"),
        case.post("response", body, "respond", Idempotency_Key="two"),
        case.post("response", body, "manage", Idempotency_Key="one"),
    ):
        assert (late.status, late["code"], late["outcome"]) == (409, "already_decided", "approved")
        assert late["responder"].startswith("key/")
        assert "approved" in late["detail"]
    assert case.world.actions(case.request_id).count("request.responded") == 1


def test_without_an_idempotency_key_the_body_tells_a_replay() -> None:
    case = Case()
    assert case.post("response", {"outcome": "approved"}, "respond").status == 200
    assert case.post("response", {"outcome": "approved"}, "respond")["replayed"] is True
    assert case.post("response", {"outcome": "rejected"}, "respond").status == 409


def test_a_flow_can_never_answer_reassign_or_cancel_and_a_stranger_sees_nothing() -> None:
    case = Case()
    stranger = key_for(case.world, case.world.deployment(), "manage")
    for action, body in (("response", {"feedback": "x"}), ("reassign", {"to_email": "b@example.com"}), ("cancel", {})):
        refused = case.post(action, body, "flow")
        assert (refused.status, refused["code"]) == (403, "wrong_scope")
        path = f"/v1/requests/{case.request_id}/{action}"
        assert call(case.world, "POST", path, stranger, body).status == 404
    for action, body in (("reassign", {"to_email": "b@example.com"}), ("cancel", {})):
        assert case.post(action, body, "respond").status == 403
    assert case.world.request(case.request_id).status is Status.PENDING


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "feedback"),
        ({"feedback": "  "}, "feedback"),
        ({"outcome": "maybe"}, "outcome"),
        ({"feedback": "x" * 64_001}, "feedback"),
        ({"feedback": "x", "responder": "r" * 101}, "responder"),
        ({"feedback": "x", "responder": "a\nb"}, "responder"),
        ({"feedback": 7}, "feedback"),
        ({"answer": "x"}, "answer"),
    ],
)
def test_an_answer_that_cannot_be_read_is_refused_by_field(body: dict[str, object], field: str) -> None:
    case = Case()
    refused = case.post("response", body, "respond")
    assert (refused.status, refused.fields) == (422, [field])
    assert case.world.request(case.request_id).status is Status.PENDING


def test_words_never_reach_the_audit_trail_or_the_bus() -> None:
    case = Case()
    case.post("reassign", {"to_email": "b@example.com", "reason": "Kim is on holiday"})
    case.post("response", {"feedback": "the moon is cheese", "responder": "kim"}, "respond")
    assert "holiday" not in case.trail()
    assert "cheese" not in case.trail()


def test_a_reassigned_request_is_mailed_to_the_new_assignee_and_the_old_one_is_told() -> None:
    case = Case()
    old = case.world.reply_address()
    answer = case.post("reassign", {"to_email": "Bob@Example.com", "reason": "  Kim is on holiday "})
    assert answer.status == 200
    assert (answer["assigned_to_email"], answer["round"], answer["reason"]) == (
        "bob@example.com",
        2,
        "Kim is on holiday",
    )
    assert "somebody else" in str(case.world.mails_to(REVIEWER)[-1]["Subject"]).lower() + str(
        case.world.mails_to(REVIEWER)[-1].get_body(("plain",))
    )
    assert case.world.reply("approved", to=old) is Result.REASSIGNED
    new = case.world.reply_address("bob@example.com")
    assert case.world.reply("approved", to=new, sender="bob@example.com") is Result.RECORDED
    timeline = case.get("/timeline")
    reassigned = next(e for e in timeline["entries"] if e["action"] == "request.reassigned")
    assert timeline["reasons"] == {str(reassigned["seq"]): "Kim is on holiday"}
    assert reassigned["data"]["from_email"] == REVIEWER
    assert len(reassigned["data"]["reason_digest"]) == 64
    case.world.check_chains()


def test_the_reason_of_a_reassignment_stands_in_both_of_its_mails_as_text() -> None:
    case = Case()
    case.post("reassign", {"to_email": "b@example.com", "reason": "Kim is <b>away</b>\nuntil Monday"})
    for address, says in ((REVIEWER, "given to somebody else"), ("b@example.com", "given to you")):
        mail = case.world.mails_to(address)[-1]
        text, html = (mail.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
        assert says in text
        assert "    Kim is <b>away</b>\n    until Monday" in text
        assert "Kim is &lt;b&gt;away&lt;/b&gt;" in html
    new = case.world.reply_address("b@example.com")
    assert case.world.reply("approved", to=new, sender="b@example.com") is Result.RECORDED


def test_the_reason_stands_in_the_reminders_that_follow_too() -> None:
    case = Case(reminder_minutes=[60])
    case.post("reassign", {"to_email": "b@example.com", "reason": "Kim is away"})
    case.world.pass_time(minutes=61)
    case.world.wake(case.request_id)
    case.world.deliver()
    text = case.world.mails_to("b@example.com")[-1].get_body(("plain",)).get_content()
    assert "A reminder" in text
    assert "This review was given to you with this note:" in text
    assert "    Kim is away" in text


def test_without_a_reason_the_mails_of_a_reassignment_say_none() -> None:
    case = Case()
    case.post("reassign", {"to_email": "b@example.com", "reason": "Kim is away"})
    case.post("reassign", {"to_email": "c@example.com"})
    for address in ("b@example.com", "c@example.com"):
        assert "Kim is away" not in case.world.mails_to(address)[-1].get_body(("plain",)).get_content()
    assert case.get()["reason"] is None


def test_an_escalation_shows_no_reason_of_a_reassignment_before_it() -> None:
    case = Case(escalation={"after_minutes": 30, "to_email": "boss@example.com"})
    case.post("reassign", {"to_email": "b@example.com", "reason": "Kim is away"})
    case.world.pass_time(minutes=30)
    case.world.wake(case.request_id)
    case.world.deliver()
    assert "Kim is away" not in case.world.mails_to("b@example.com")[-1].get_body(("plain",)).get_content()
    assert (case.get()["assigned_to_email"], case.get()["reason"]) == ("boss@example.com", None)


def test_what_was_cancelled_or_superseded_never_shows_why_it_was_reassigned() -> None:
    case = Case()
    case.post("reassign", {"to_email": "b@example.com", "reason": "Kim is away"})
    assert case.post("cancel", {})["reason"] is None
    assert case.get()["reason"] is None
    assert "Kim is away" not in case.world.mails_to("b@example.com")[-1].get_body(("plain",)).get_content()
    other = Case()
    other.post("reassign", {"to_email": "b@example.com", "reason": "Kim is away"})
    other.world.pause(other.deployment)
    assert (other.get()["status"], other.get()["reason"]) == ("superseded", None)
    answered = Case()
    answered.post("reassign", {"to_email": "b@example.com", "reason": "Kim is away"})
    answered.post("response", {"outcome": "approved"})
    assert answered.get()["reason"] == "Kim is away", "it is why this person answered"


def test_a_request_that_is_with_somebody_is_not_given_to_them_again() -> None:
    case = Case()
    again = case.post("reassign", {"to_email": REVIEWER.upper()})
    assert (again.status, again["code"]) == (409, "already_assigned")
    assert case.post("reassign", {"to_email": "nobody"}).fields == ["to_email"]
    assert case.post("reassign", {"to_email": "b@example.com", "reason": "x" * 2001}).fields == ["reason"]
    assert case.world.request(case.request_id).assignment.round == 1


def test_reassigning_keeps_the_deadlines_and_an_escalation_to_the_new_assignee_is_skipped() -> None:
    case = Case(escalation={"after_minutes": 30, "to_email": "boss@example.com"})
    wake_at = case.get()["wake_at"]
    assert case.post("reassign", {"to_email": "boss@example.com"})["wake_at"] == wake_at
    case.world.pass_time(minutes=30)
    assert case.world.wake(case.request_id) is None
    case.world.deliver()
    assert case.world.request(case.request_id).assignment.round == 2
    assert len(case.world.mails_to("boss@example.com")) == 1


def test_a_cancelled_request_is_told_with_the_reason_and_its_flow_does_not_go_on() -> None:
    case = Case(auto_response={"enabled": True, "timeout_minutes": 60, "default_outcome": "rejected"})
    address = case.world.reply_address()
    answer = case.post("cancel", {"reason": "The campaign was called off"})
    assert (answer.status, answer["status"], answer["wake_at"]) == (200, "cancelled", None)
    assert answer["reason"] == "The campaign was called off"
    mail = case.world.mails_to(REVIEWER)[-1]
    assert "cancelled" in str(mail["Subject"]).lower() + mail.get_body(("plain",)).get_content()
    assert "The campaign was called off" in mail.get_body(("plain",)).get_content()
    request = case.world.request(case.request_id)
    assert (request.status, request.resume.status) == (Status.CANCELLED, ResumeStatus.NONE)
    case.world.pass_time(hours=2)
    assert case.world.wake(case.request_id) is None
    assert case.world.reply("approved", to=address) is Result.CLOSED
    case.world.check_chains()


def test_what_is_closed_stays_closed_and_says_how() -> None:
    case = Case()
    assert case.post("cancel", {}).status == 200
    for action, body in (
        ("cancel", {}),
        ("reassign", {"to_email": "b@example.com"}),
        ("response", {"outcome": "approved"}),
    ):
        refused = case.post(action, body)
        assert (refused.status, refused["code"], refused["request_status"]) == (409, "request_closed", "cancelled")
    answered = Case()
    answered.post("response", {"outcome": "rejected"})
    refused = answered.post("cancel", {"reason": "too late"})
    assert (refused.status, refused["code"], refused["outcome"]) == (409, "already_decided", "rejected")
    newer = answered.world.pause(answered.deployment, flow_id="other").request.request_id
    older = Case()
    newer = older.world.pause(older.deployment).request.request_id
    refused = older.post("response", {"outcome": "approved"})
    assert (refused["code"], refused["superseded_by"]) == ("request_closed", newer)


def test_with_mail_off_nobody_is_mailed_and_the_api_says_so() -> None:
    case = Case(email_notifications=False, reminder_minutes=[5])
    assert case.post("reassign", {"to_email": "b@example.com"})["email_notifications"] is False
    assert case.get()["not_scheduled"] == [{"kind": "reminders", "reason": "email_notifications_are_off"}]
    assert case.post("cancel", {"reason": "x"}).status == 200
    assert case.world.mailer.sent == []


def test_a_request_says_what_will_happen_by_itself_and_what_cannot() -> None:
    case = Case(
        sla_minutes=10,
        reminder_minutes=[5],
        escalation={"after_minutes": 20, "to_email": REVIEWER},
        auto_response={"enabled": True, "timeout_minutes": 60, "default_outcome": "no such option"},
        rules=[{"name": "all", "match": {"method_name": "none"}, "assign_to_email": "a@example.com"}],
    )
    seen = case.get()
    assert [(d["kind"], d["at"][11:16]) for d in seen["deadlines"]] == [("reminder", "09:05"), ("sla_breach", "09:10")]
    assert seen["not_scheduled"] == [
        {"kind": "escalation", "reason": "escalates_to_the_assignee"},
        {"kind": "auto_response", "reason": "default_outcome_is_no_option"},
    ]
    opened = case.get("/timeline")["entries"][0]
    assert opened["data"]["not_scheduled"]["auto_response"] == "default_outcome_is_no_option"


def test_the_install_key_may_reassign_and_cancel_but_never_answer() -> None:
    case = Case()
    path = f"/v1/requests/{case.request_id}"
    assert call(case.world, "POST", f"{path}/reassign", INSTALL_KEY, {"to_email": "b@example.com"}).status == 200
    assert call(case.world, "POST", f"{path}/response", INSTALL_KEY, {"outcome": "approved"}).status == 403
    assert call(case.world, "POST", f"{path}/cancel", INSTALL_KEY, {}).status == 200
