"""A request changes hands after somebody's answer was checked and before it is written: the answer does not count."""

from collections.abc import Callable, Iterator

import pytest
from support.browse import Browser
from support.hooks import Network, a_webhook, take_all
from support.http import MemoryService, call, key_for
from support.meanwhile import Overtaken
from support.pauses import no_pauses
from support.world import INSTALL, REVIEWER, World

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import Status
from nodback_core.usecases.people.members import add_member
from nodback_core.usecases.reviews.reassign_request import reassign_request

NEXT = "next@example.com"


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with no_pauses():
        yield


class Case:
    """One pending request that its assignee was mailed about."""

    def __init__(self, **settings: object) -> None:
        self.world = World()
        self.deployment: Deployment = self.world.deployment(**settings)
        self.request_id = self.world.pause(self.deployment).request.request_id
        self.world.deliver()

    def reassign(self, to: str = NEXT) -> None:
        reassign_request(
            self.request_id,
            to,
            reason=None,
            caller=INSTALL,
            storage=self.world.storage,
            now=self.world.now,
        )

    def told(self, letter: str) -> list[str]:
        """Whom a letter went to."""
        return [m.to for m in self.world.mailer.sent if m.tags["notification"].endswith(f"_{letter}")]

    def is_undecided(self) -> bool:
        request = self.world.request(self.request_id)
        return (request.status, request.assignment.address) == (Status.PENDING, NEXT)


def test_the_old_assignees_reply_is_answered_reassigned_and_the_new_one_decides() -> None:
    case = Case()
    case.world.store = Overtaken(case.world.store, case.reassign)

    result = case.world.reply("approved", to=case.world.reply_address())

    assert result is Result.REASSIGNED
    assert case.is_undecided()
    case.world.deliver()
    assert case.told("reassigned_to_another") == [REVIEWER]
    told = case.world.reply("rejected", to=case.world.reply_address(NEXT), sender=NEXT)
    decision = case.world.request(case.request_id).decision
    assert told is Result.RECORDED
    assert decision is not None
    assert (decision.outcome, decision.responder) == ("rejected", NEXT)
    case.world.check_chains()


def test_an_escalation_between_check_and_write_is_a_reassignment_too() -> None:
    case = Case(escalation={"after_minutes": 30, "to_email": NEXT})
    case.world.pass_time(minutes=31)
    case.world.store = Overtaken(case.world.store, lambda: case.world.wake(case.request_id))

    assert case.world.reply("approved", to=case.world.reply_address()) is Result.REASSIGNED
    assert case.is_undecided()


def test_a_reply_of_the_same_assignee_in_a_later_round_counts_by_its_own_address_only() -> None:
    case = Case()

    def there_and_back() -> None:
        case.reassign()
        case.reassign(REVIEWER)

    case.world.store = Overtaken(case.world.store, there_and_back)

    assert case.world.reply("approved", to=case.world.reply_address()) is Result.REASSIGNED
    assert case.world.request(case.request_id).status is Status.PENDING


@pytest.mark.parametrize("role", ["assignee", "manager"])
def test_the_old_assignees_click_is_refused_with_the_reason(role: str) -> None:
    case = Case()
    if role == "manager":
        given = ["manage_human_feedback"]
        number = case.deployment.deployment_id
        add_member(number, REVIEWER, given, caller=INSTALL, store=case.world.store, now=case.world.now)
    browser = Browser(case.world).sign_in(REVIEWER)
    case.world.store = Overtaken(case.world.store, case.reassign)

    shown = browser.post(f"/review/{case.request_id}/answer", {"outcome": "approved", "form_id": "f"})

    assert shown.status == 403
    assert "You may not do that" in shown.text
    assert "assigned to" in shown.text
    assert case.is_undecided()


def test_whoever_was_asked_once_is_told_so_and_not_that_there_is_no_such_request() -> None:
    case = Case()
    browser = Browser(case.world).sign_in(REVIEWER)
    case.reassign()

    shown = browser.post(f"/review/{case.request_id}/answer", {"outcome": "approved", "form_id": "f"})

    assert shown.status == 403
    assert "assigned to somebody else" in shown.text
    assert NEXT not in shown.text, "who it is now is not for them to know"
    assert browser.get(f"/review/{case.request_id}").status == 404


def by_key(case: Case) -> Callable[[], bool]:
    key = key_for(case.world, case.deployment, "respond")
    path = f"/v1/requests/{case.request_id}/response"
    return lambda: call(case.world, "POST", path, key, {"outcome": "approved"}).status == 200


def by_callback(case: Case) -> Callable[[], bool]:
    from functions.callbacks.handler import handler
    from nodback_core.runtime.service import use_service

    a_webhook(case.world, case.deployment)
    case.request_id = case.world.pause(case.deployment, flow_id="told").request.request_id
    case.world.deliver()
    network = Network()
    take_all(case.world, network)
    token = network.posts[-1].json["callback_url"].rpartition("/")[2]
    event: dict[str, object] = {
        "version": "2.0",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST"}, "stage": "$default"},
        "pathParameters": {"token": token},
        "body": '{"feedback": "approved"}',
        "isBase64Encoded": False,
    }

    def post() -> bool:
        use_service(MemoryService(world=case.world))
        try:
            return handler(event, None)["statusCode"] == 200
        finally:
            use_service(None)

    return post


@pytest.mark.parametrize("channel", [by_key, by_callback])
def test_what_was_given_to_an_application_answers_whoever_is_assigned(channel: Callable) -> None:
    case = Case()
    answer = channel(case)
    case.world.store = Overtaken(case.world.store, case.reassign)

    assert answer()
    decision = case.world.request(case.request_id).decision
    assert decision is not None
    assert decision.outcome == "approved"
    case.world.check_chains()


def test_an_automatic_answer_is_told_to_the_new_assignee() -> None:
    auto = {"enabled": True, "timeout_minutes": 30, "default_outcome": "rejected"}
    case = Case(auto_response=auto)
    case.world.pass_time(minutes=31)
    case.world.store = Overtaken(case.world.store, case.reassign)

    case.world.wake(case.request_id)
    case.world.deliver()

    assert case.told("auto_responded") == [NEXT]
