"""The two services that the SDK's tests use, in memory and over HTTP, keep the same rules for the flow side."""

import pytest

import nodback
from nodback.reviews import Answer, OpenRequest
from nodback.testing import MemoryService


class InMemory:
    def __init__(self):
        self.flow_side = MemoryService()

    def answer(self, request_id):
        self.flow_side.answer(request_id, Answer("approved", "Fine"))


class OverHttp:
    def __init__(self, client, service):
        self.flow_side = client
        self._service = service

    def answer(self, request_id):
        self._service.answer(request_id, outcome="approved", feedback="Fine")


@pytest.fixture(params=["memory", "http"])
def reviews(request):
    if request.param == "memory":
        return InMemory()
    return OverHttp(request.getfixturevalue("client"), request.getfixturevalue("service"))


def opened(reviews, request_id, flow_id="f1"):
    request = OpenRequest(
        request_id,
        flow_id,
        "F",
        "m.F",
        "ask",
        "?",
        None,
        ("approved", "no"),
        None,
        {},
        {"id": flow_id},
        ("ask",),
        {"n": 1},
    )
    return reviews.flow_side.open_request(request)


def test_a_flows_requests_are_numbered_from_one(reviews):
    assert [opened(reviews, "r1").number, opened(reviews, "r2").number, opened(reviews, "r3", "f2").number] == [1, 2, 1]


def test_an_answer_is_claimed_once_by_a_worker_that_has_the_flow(reviews):
    opened(reviews, "r1")
    assert reviews.flow_side.claim("w", ["m.F"]) is None
    reviews.answer("r1")
    assert reviews.flow_side.claim("w", ["G", "F", "other.F"]) is None
    claim = reviews.flow_side.claim("w", ["m.F"])
    assert (claim.request_id, claim.number, claim.answer.outcome, claim.snapshot) == ("r1", 1, "approved", {"n": 1})
    assert reviews.flow_side.claim("w", ["m.F"]) is None


def test_a_claim_for_one_request_takes_no_other(reviews):
    for request_id in ("r1", "r2"):
        opened(reviews, request_id, request_id)
        reviews.answer(request_id)
    assert reviews.flow_side.claim("w", ["m.F"], "r3") is None
    assert reviews.flow_side.claim("w", ["other.F"], "r2") is None
    assert reviews.flow_side.claim("w", ["m.F"], "r2").request_id == "r2"
    assert reviews.flow_side.claim("w", ["m.F"], "r2") is None
    assert reviews.flow_side.claim("w", ["m.F"]).request_id == "r1"


def test_only_the_current_claim_counts_and_its_steps_may_be_repeated(reviews):
    opened(reviews, "r1")
    reviews.answer("r1")
    claim = reviews.flow_side.claim("w", ["m.F"])
    for step, more in (("renew", ()), ("consumed", ("m.F",))):
        with pytest.raises(nodback.ClaimLost):
            getattr(reviews.flow_side, step)("r1", "stale", *more)
        getattr(reviews.flow_side, step)("r1", claim.claim_id, *more)
        getattr(reviews.flow_side, step)("r1", claim.claim_id, *more)
    with pytest.raises(nodback.ClaimLost):
        reviews.flow_side.result("r1", "stale", succeeded=True)
    reviews.flow_side.result("r1", claim.claim_id, succeeded=True)
    reviews.flow_side.result("r1", claim.claim_id, succeeded=True)


def test_a_class_that_did_not_pause_is_refused_before_it_runs(reviews):
    opened(reviews, "r1")
    reviews.answer("r1")
    claim = reviews.flow_side.claim("w", ["m.F"])
    with pytest.raises(nodback.Conflict) as refused:
        reviews.flow_side.consumed("r1", claim.claim_id, "other.F")
    assert refused.value.service_code == "wrong_flow"


def test_what_is_pending_is_the_newest_request_until_it_is_consumed(reviews):
    assert reviews.flow_side.load_pending("f1") is None
    opened(reviews, "r1")
    assert reviews.flow_side.load_pending("f1") == {"n": 1}
    reviews.answer("r1")
    claim = reviews.flow_side.claim("w", ["m.F"])
    reviews.flow_side.consumed("r1", claim.claim_id, "m.F")
    assert reviews.flow_side.load_pending("f1") is None


def test_states_are_kept_per_flow(reviews):
    assert reviews.flow_side.load_state("f1") is None
    reviews.flow_side.save_state("f1", "first", {"a": 1})
    reviews.flow_side.save_state("f1", "second", {"a": 2})
    assert reviews.flow_side.load_state("f1") == {"a": 2}
    assert reviews.flow_side.load_state("f2") is None
