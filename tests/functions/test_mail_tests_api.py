"""Trying the way of the mail over the API: a test goes out, a reply comes back, and nothing else notices."""

import pytest
from support.http import INSTALL_KEY, Answered, call, key_for
from support.world import PASS, REVIEWER, World

from nodback.mail_test import watch
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.letters.mail_tests import TESTS_PER_HOUR
from nodback_core.domain.reviews.requests import Request, ResumeStatus
from nodback_core.domain.shared.records import Index
from nodback_core.mail.replies.sender import Verdicts
from nodback_core.ports import MailNotTaken


def ask(world: World, deployment: Deployment, key: str, **body: object) -> Answered:
    answered = call(world, "POST", f"/v1/deployments/{deployment.deployment_id}/test-request", key, body)
    world.deliver()
    return answered


def look(world: World, deployment: Deployment, key: str, request_id: str) -> Answered:
    return call(world, "GET", f"/v1/deployments/{deployment.deployment_id}/test-requests/{request_id}", key)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def deployment(world: World) -> Deployment:
    return world.deployment(email_notifications=False, subject_prefix="[Books]", footer="Rua 12")


@pytest.fixture
def key(world: World, deployment: Deployment) -> str:
    return key_for(world, deployment, "manage")


def test_a_test_goes_to_the_creator_and_its_reply_is_seen_with_the_verdicts(
    world: World, deployment: Deployment, key: str
) -> None:
    asked = ask(world, deployment, key)
    assert (asked.status, asked["stage"], asked["to_email"]) == (201, "asked", REVIEWER)
    (mail,) = world.mails_to(REVIEWER)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert mail["Subject"].startswith("[Books] Test review")
    assert "no flow waits for it" in " ".join(text.split())
    assert "Rua 12" in text
    assert look(world, deployment, key, asked["request_id"])["stage"] == "sent"
    world.reply("It works!", to=world.reply_address())
    world.deliver()
    seen = look(world, deployment, key, asked["request_id"])
    assert (seen["stage"], seen["first_line"]) == ("answered", "It works!")
    (reply,) = seen["replies"]
    assert reply["result"] == "recorded"
    assert reply["verdicts"]["dmarc"] == "PASS"
    confirmation = world.mails_to(REVIEWER)[-1]
    text = " ".join(confirmation.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]
    assert confirmation["Subject"] == "Re: [Books] Test review · Content Review Flow"
    assert "This was a test, and it went well" in text
    assert "It works!" in text
    assert "the flow goes on" not in text
    world.check_chains()


def test_what_was_refused_shows_the_check_and_the_verdicts(world: World, deployment: Deployment, key: str) -> None:
    asked = ask(world, deployment, key, to_email="Ana@Example.com")
    assert asked["to_email"] == "ana@example.com"
    address = world.reply_address("ana@example.com")
    world.reply("hi", to=address, sender="ana@example.com", verdicts=Verdicts(dmarc="FAIL", spf="PASS", dkim="FAIL"))
    world.reply("hi", to=address, sender="bo@example.com", verdicts=PASS)
    seen = look(world, deployment, key, asked["request_id"])
    assert seen["stage"] == "reply_refused"
    assert [(r["result"], r["verdicts"]["dmarc"], r["sender"]) for r in seen["replies"]] == [
        ("not_authenticated", "FAIL", None),
        ("other_sender", "PASS", "bo@example.com"),
    ]


def test_no_flow_no_list_and_no_worker_ever_sees_a_test(world: World, deployment: Deployment, key: str) -> None:
    request_id = ask(world, deployment, key)["request_id"]
    assert world.request(request_id).indexes.keys() <= {Index.ATTENTION}
    world.reply("fine", to=world.reply_address())
    world.deliver()
    closed = world.request(request_id)
    assert closed.resume.status is ResumeStatus.NONE
    assert closed.indexes == {}
    flow_key = key_for(world, deployment, "flow")
    assert (
        call(world, "POST", "/v1/resumes/claim", flow_key, {"worker": "w", "flow_classes": ["nodback"]}).status == 204
    )
    assert call(world, "GET", f"/v1/flows/test-{request_id}/pending", flow_key).status == 404
    assert world.store.list(Request, Index.BY_MONTH, f"{deployment.deployment_id}#2026-03").items == ()


def test_only_who_manages_a_deployment_may_test_it(world: World, deployment: Deployment, key: str) -> None:
    other = world.deployment()
    for wrong in ("flow", "respond"):
        assert ask(world, deployment, key_for(world, deployment, wrong)).status == 403
    assert ask(world, deployment, key_for(world, other, "manage")).status == 404
    asked = ask(world, deployment, INSTALL_KEY)
    assert asked.status == 201
    assert look(world, other, key_for(world, other, "manage"), asked["request_id"]).status == 404
    review = world.pause(deployment).request.request_id
    assert look(world, deployment, key, review).status == 404, "a review is no test"


def test_an_address_that_is_none_is_named(world: World, deployment: Deployment, key: str) -> None:
    refused = ask(world, deployment, key, to_email="a@b@c")
    assert (refused.status, refused.fields) == (422, ["to_email"])
    assert ask(world, deployment, key, to="x@example.com").status == 422


def test_nobody_is_flooded_with_tests(world: World, deployment: Deployment, key: str) -> None:
    for _ in range(TESTS_PER_HOUR):
        assert ask(world, deployment, key).status == 201
    refused = ask(world, deployment, key)
    assert (refused.status, refused["code"]) == (409, "too_many_tests")
    world.pass_time(hours=1)
    assert ask(world, deployment, key).status == 201


class Served:
    """The service as the command's client sees it; each look moves the story on."""

    def __init__(self, world: World, deployment: Deployment, key: str, *steps: object) -> None:
        self.world, self.deployment, self.key, self.steps = world, deployment, key, list(steps)

    def get_mail_test(self, deployment_id: int, request_id: str) -> dict[str, object]:
        seen = look(self.world, self.deployment, self.key, request_id).json
        if self.steps:
            self.steps.pop(0)()  # type: ignore[operator]
        return seen  # type: ignore[no-any-return]


def test_the_command_tells_each_step_once(world: World, deployment: Deployment, key: str) -> None:
    asked = ask(world, deployment, key).json
    address = world.reply_address()
    served = Served(
        world,
        deployment,
        key,
        lambda: world.reply("", to=address),
        lambda: world.reply("it works", to=address),
    )
    told: list[str] = []
    assert watch(served, deployment.deployment_id, asked, wait_seconds=9, tell=told.append, sleep=lambda _: None)  # type: ignore[arg-type]
    assert [line.split(" ")[0] for line in told] == ["test", "sent", "reply", "reply"]
    assert "not recorded, blank (dmarc PASS, spf PASS" in told[2]
    assert "recorded 'it works' (dmarc PASS" in told[3]


def test_the_command_says_what_to_look_at_when_nothing_comes(world: World, deployment: Deployment, key: str) -> None:
    asked = ask(world, deployment, key).json
    clock = iter(range(100))
    told: list[str] = []
    served = Served(world, deployment, key)
    ended = watch(
        served,  # type: ignore[arg-type]
        deployment.deployment_id,
        asked,
        wait_seconds=6,
        tell=told.append,
        sleep=lambda _: None,
        clock=lambda: float(next(clock)),
    )
    assert not ended
    assert "Nothing came back" in told[-1]
    assert "MX record" in told[-1]


def test_a_test_mail_that_is_not_taken_says_why_and_goes_out_once_it_is(
    world: World, deployment: Deployment, key: str
) -> None:
    send, said = world.mailer.send, "MessageRejected: Email address is not verified."

    def refuse(*given: object, **named: object) -> str:
        raise MailNotTaken(said, code="MessageRejected")

    world.mailer.send = refuse  # type: ignore[method-assign]
    with pytest.raises(MailNotTaken):
        ask(world, deployment, key)
    (request_id,) = {r.request_id for r in world.store.rows.values() if isinstance(r, Request)}
    seen = look(world, deployment, key, request_id)
    assert (seen["stage"], seen["mail"]["status"], seen["mail"]["reason"]) == ("not_delivered", "not_taken", said)
    timeline = call(world, "GET", f"/v1/requests/{request_id}/timeline", key)
    assert list(timeline["reasons"].values()) == [said]

    world.mailer.send = send  # type: ignore[method-assign]
    world.pass_time(minutes=2)
    world.sweep()
    world.deliver()
    seen = look(world, deployment, key, request_id)
    assert (seen["stage"], seen["mail"]["reason"]) == ("sent", None)
