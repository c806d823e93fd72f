"""Resumes over HTTP: who may claim what, and in which order a worker reports."""

from typing import Any

import pytest
from support.http import call, key_for
from support.world import FLOW_CLASS, World

from nodback_core.domain.reviews.requests import ResumeStatus

STEPS: dict[str, dict[str, str]] = {
    "renew": {},
    "consumed": {"flow_class": FLOW_CLASS},
    "result": {"status": "failed", "error": "not mine"},
}


class Answered:
    """A flow whose review was answered, its worker's key, and the key of a stranger's deployment."""

    def __init__(self) -> None:
        self.world = World()
        self.here, self.there = self.world.deployment(), self.world.deployment()
        self.key, self.foreign = (key_for(self.world, d, "flow") for d in (self.here, self.there))
        self.request_id = self.world.pause(self.here).request.request_id
        body = {"outcome": "approved"}
        respond = key_for(self.world, self.here, "respond")
        assert self.call("POST", f"/v1/requests/{self.request_id}/response", respond, body).status == 200

    def call(self, method: str, path: str, key: str, body: object = None) -> Any:
        return call(self.world, method, path, key, body)

    def claim(self, key: str, **body: object) -> Any:
        return self.call("POST", "/v1/resumes/claim", key, {"worker": "w1", "flow_classes": [FLOW_CLASS], **body})

    def step(self, name: str, key: str, claim_id: str, **more: object) -> Any:
        body = {**STEPS.get(name, {}), "claim_id": claim_id, **more}
        return self.call("POST", f"/v1/resumes/{self.request_id}/{name}", key, body)

    @property
    def resume(self) -> ResumeStatus:
        return self.world.request(self.request_id).resume.status


@pytest.fixture
def answered() -> Answered:
    return Answered()


def test_another_deployments_key_claims_nothing_of_ours(answered: Answered) -> None:
    assert answered.claim(answered.foreign).status == 204
    assert answered.resume is ResumeStatus.READY
    assert answered.claim(answered.key)["request_id"] == answered.request_id


@pytest.mark.parametrize("name", STEPS)
def test_another_deployments_key_takes_no_step_even_with_the_claims_id(answered: Answered, name: str) -> None:
    claim_id = answered.claim(answered.key)["claim_id"]
    before = answered.world.request(answered.request_id)

    refused = answered.step(name, answered.foreign, claim_id)

    assert (refused.status, refused["code"]) == (404, "not_found")
    assert answered.world.request(answered.request_id) == before
    assert answered.step(name, answered.key, claim_id).status in (200, 204)


def test_another_deployments_key_retries_nothing_of_ours(answered: Answered) -> None:
    claim_id = answered.claim(answered.key)["claim_id"]
    answered.step("result", answered.key, claim_id)
    path = f"/v1/resumes/{answered.request_id}/retry"
    for key in (answered.foreign, key_for(answered.world, answered.there, "manage")):
        assert answered.call("POST", path, key, {}).status == 404
        assert answered.resume is ResumeStatus.FAILED
    assert answered.call("POST", path, answered.key, {}).status == 202


def test_a_worker_gets_only_the_flows_that_it_names(answered: Answered) -> None:
    others = ["SomeOtherFlow", "examples.other.SomeOtherFlow", "ContentApprovalFlow", FLOW_CLASS.lower()]
    assert answered.claim(answered.key, flow_classes=others).status == 204
    assert answered.claim(answered.key, flow_classes=[]).status == 422
    assert answered.resume is ResumeStatus.READY
    assert answered.claim(answered.key, flow_classes=[*others, FLOW_CLASS])["request_id"] == answered.request_id


def test_a_flow_of_others_in_front_keeps_no_worker_from_its_own(answered: Answered) -> None:
    """The oldest resume belongs to another flow; this worker's is behind it."""
    world = answered.world
    key = key_for(world, answered.here, "flow")
    world.pass_time(seconds=1)
    request_id = world.uuid()
    body = {
        "request_id": request_id,
        "flow_id": "mine",
        "flow_name": "MyFlow",
        "flow_class": "my.module.MyFlow",
        "method_name": "ask",
        "message": "?",
        "snapshot": {},
    }
    assert answered.call("POST", "/v1/requests", key, body).status == 201
    respond = key_for(world, answered.here, "respond")
    answered.call("POST", f"/v1/requests/{request_id}/response", respond, {"feedback": "Fine"})

    claimed = answered.claim(key, flow_classes=["my.module.MyFlow"])

    assert (claimed["request_id"], claimed["flow_name"]) == (request_id, "MyFlow")
    assert answered.resume is ResumeStatus.READY


def test_a_flow_that_took_no_answer_cannot_have_succeeded(answered: Answered) -> None:
    claim_id = answered.claim(answered.key)["claim_id"]

    refused = answered.step("result", answered.key, claim_id, status="succeeded", error=None)

    assert (refused.status, refused["code"]) == (409, "claim_lost")
    assert answered.resume is ResumeStatus.CLAIMED
    assert answered.step("consumed", answered.key, claim_id).status == 204
    assert answered.step("result", answered.key, claim_id, status="succeeded", error=None).status == 204
    assert answered.resume is ResumeStatus.SUCCEEDED
    ends = [action for action in answered.world.actions(answered.request_id) if action.startswith("resume.")]
    assert ends == ["resume.claimed", "resume.consumed", "resume.succeeded"]


def test_a_flow_may_fail_before_it_took_the_answer(answered: Answered) -> None:
    claim_id = answered.claim(answered.key)["claim_id"]
    assert answered.step("result", answered.key, claim_id).status == 204
    assert answered.resume is ResumeStatus.FAILED


def test_a_claim_for_one_request_takes_that_one_or_none(answered: Answered) -> None:
    assert answered.claim(answered.key, request_id=answered.world.uuid()).status == 204
    assert answered.claim(answered.foreign, request_id=answered.request_id).status == 204
    assert answered.claim(answered.key, request_id=answered.request_id, flow_classes=["m.Other"]).status == 204
    assert answered.claim(answered.key, request_id="r1").status == 422
    assert answered.resume is ResumeStatus.READY
    assert answered.claim(answered.key, request_id=answered.request_id)["request_id"] == answered.request_id
    assert answered.claim(answered.key, request_id=answered.request_id).status == 204
