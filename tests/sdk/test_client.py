import itertools
import json

import httpx
import pytest

import nodback
from nodback.client import Client, backoff_seconds
from nodback.reviews import OpenRequest
from nodback.settings import read_settings
from tests.sdk.service import FLOW_KEY, RESPOND_KEY


def request(**changes):
    values = {
        "request_id": "7e1c3f0e-7a0a-4b52-8f6a-0e6a5a1b2c3d",
        "flow_id": "flow/1",
        "flow_name": "ContentFlow",
        "flow_class": "app.ContentFlow",
        "method_name": "review",
        "message": "Please review",
        "output": "text",
        "emit": ("approved", "rejected"),
        "default_outcome": None,
        "metadata": {},
        "state": {"id": "flow/1"},
        "history": ("review",),
        "snapshot": {"format": 1},
    }
    return OpenRequest(**(values | changes))


class Waits:
    """A clock that moves only when somebody waits."""

    def __init__(self):
        self.now = 0.0
        self.waited = []

    def sleep(self, seconds):
        self.waited.append(seconds)
        self.now += seconds

    def clock(self):
        return self.now


def answering(*answers, give_up_after_seconds=60.0, waits=None):
    waits = waits or Waits()
    left = iter(answers)
    sent = []

    def handle(http_request):
        sent.append(http_request)
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = Client(
        read_settings("https://nodback.example.com/", FLOW_KEY, give_up_after_seconds=give_up_after_seconds),
        transport=httpx.MockTransport(handle),
        sleep=waits.sleep,
        clock=waits.clock,
        chance=lambda: 1.0,
    )
    return client, sent, waits


def problem(status, code, **more):
    return httpx.Response(status, json={"status": status, "code": code, "detail": f"because of {code}"} | more)


def test_the_whole_life_of_a_request_over_http(client, service, manager):
    opened = client.open_request(request())
    assert (opened.number, opened.assigned_to_email) == (1, "reviewer@example.com")
    assert client.open_request(request()) == opened
    assert client.load_pending("flow/1") == {"format": 1}
    assert client.claim("host:1", ["app.ContentFlow"]) is None
    service.answer(opened.request_id, outcome="approved", feedback="Fine")
    assert client.claim("host:1", ["other.ContentFlow", "ContentFlow"]) is None
    claim = client.claim("host:1", ["app.ContentFlow"])
    assert (claim.flow_id, claim.attempt, claim.answer.outcome) == ("flow/1", 1, "approved")
    client.renew(claim.request_id, claim.claim_id)
    client.consumed(claim.request_id, claim.claim_id, "app.ContentFlow")
    assert client.load_pending("flow/1") is None
    with pytest.raises(nodback.ClaimLost):
        client.renew(claim.request_id, "stale")
    client.result(claim.request_id, claim.claim_id, succeeded=False, error="boom")
    assert client.get_request(claim.request_id)["resume"]["error"] == "boom"
    with pytest.raises(nodback.NodbackError, match="to decide"):
        client.retry_resume(claim.request_id, "rejected")
    manager.retry_resume(claim.request_id, "rejected")
    assert client.claim("host:2", ["app.ContentFlow"]).answer.outcome == "rejected"


def test_states_are_kept_per_flow(client):
    assert client.load_state("a/b") is None
    client.save_state("a/b", "first", {"n": 1})
    assert client.load_state("a/b") == {"n": 1}
    assert client.load_state("a") is None


@pytest.mark.parametrize("flow_id", ["", ".", ".."])
def test_an_id_that_no_url_can_carry_is_refused_and_no_state_counts_as_absent(client, flow_id):
    with pytest.raises(nodback.InvalidRequest, match="no id"):
        client.load_state(flow_id)


def test_a_route_that_is_not_there_says_nothing_about_a_state():
    settings = read_settings("http://127.0.0.1:1", FLOW_KEY, give_up_after_seconds=1)
    nowhere = httpx.MockTransport(lambda _: httpx.Response(404, json={"code": "no_such_route"}))
    with pytest.raises(nodback.ServiceFailed, match="no_such_route"):
        Client(settings, transport=nowhere).load_state("f1")


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("hung up"),
        *(httpx.Response(status) for status in (429, 500, 502, 503, 504)),
    ],
)
def test_passing_trouble_is_retried_with_the_same_bytes(trouble):
    client, sent, waits = answering(trouble, trouble, httpx.Response(201, json={"number": 3}))
    assert client.open_request(request()).number == 3
    assert len(sent) == 3
    assert len({call.content for call in sent}) == 1
    assert waits.waited == [0.25, 0.5]


def test_retry_after_is_obeyed():
    client, _, waits = answering(httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(204))
    assert client.claim("host:1", ["app.ContentFlow"]) is None
    assert waits.waited == [7.0]


def test_a_call_gives_up_when_its_time_is_over():
    trouble = itertools.repeat(httpx.ConnectError("refused"))
    client, _, waits = answering(*itertools.islice(trouble, 100), give_up_after_seconds=10)
    with pytest.raises(nodback.ServiceUnreachable, match=r"gave up after \d+ attempts, 10 s allowed"):
        client.open_request(request())
    assert waits.now < 10


def test_a_retry_after_beyond_the_allowed_time_gives_up_at_once():
    client, sent, waits = answering(httpx.Response(503, headers={"Retry-After": "3600"}), give_up_after_seconds=10)
    with pytest.raises(nodback.ServiceFailed, match="503"):
        client.open_request(request())
    assert (len(sent), waits.waited) == (1, [])


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        # Calls of every scope are answered so: which key is wrong depends on the call.
        (problem(401, "unauthenticated"), nodback.Unauthenticated, "NODBACK_API_KEY, or NODBACK_MANAGE_KEY"),
        (problem(403, "wrong_scope"), nodback.WrongScope, "another scope"),
        (problem(409, "request_id_reused"), nodback.RequestIdReused, "because of"),
        (problem(409, "resume_not_failed"), nodback.Conflict, "because of"),
        (problem(409, "claim_lost"), nodback.ClaimLost, "claim_lost"),
        (problem(413, "snapshot_too_large"), nodback.SnapshotTooLarge, "because of"),
        (httpx.Response(413, text="too big"), nodback.SnapshotTooLarge, "413"),
        (
            problem(422, "invalid_request", errors=[{"field": "emit", "message": "blank"}]),
            nodback.InvalidRequest,
            "emit: blank",
        ),
        (httpx.Response(404, text="<html>"), nodback.ServiceFailed, "NODBACK_URL"),
        (httpx.Response(302, headers={"Location": "https://login.example.com"}), nodback.ServiceFailed, "NODBACK_URL"),
        (httpx.Response(200, text="<html>"), nodback.ServiceFailed, "NODBACK_URL"),
        (httpx.Response(400, json=["?"]), nodback.InvalidRequest, "400"),
    ],
)
def test_refusals_are_not_retried_and_say_what_to_do(answer, kind, text):
    client, sent, waits = answering(answer)
    with pytest.raises(kind, match=text):
        client.open_request(request())
    assert (len(sent), waits.waited) == (1, [])


def test_the_key_travels_in_the_header_and_is_masked_everywhere_else():
    client, sent, _ = answering(problem(401, "unauthenticated"))
    with pytest.raises(nodback.Unauthenticated) as raised:
        client.health()
    assert sent[0].headers["Authorization"] == f"Bearer {FLOW_KEY}"
    for shown in (repr(client), str(raised.value), repr(client.settings)):
        assert FLOW_KEY not in shown
        assert FLOW_KEY[10:-5] not in shown


def test_what_is_not_json_fails_before_anything_is_sent():
    client, sent, _ = answering()
    with pytest.raises(ValueError, match="JSON"):
        client.open_request(request(output=float("nan")))
    assert sent == []


def test_a_flow_key_may_not_list_requests(client, url):
    with pytest.raises(nodback.WrongScope):
        client.list_requests(status="pending")
    respond = Client(read_settings(url, RESPOND_KEY))
    assert respond.list_requests()["requests"] == []
    respond.close()


def test_waits_grow_are_capped_and_never_zero():
    assert [backoff_seconds(n, 1.0) for n in range(1, 8)] == [0.25, 0.5, 1, 2, 4, 8, 8]
    assert all(0 < backoff_seconds(n, 0.0) <= backoff_seconds(n, 0.999) for n in range(1, 100))


def test_the_body_has_exactly_the_agreed_fields(client, service):
    client.open_request(request())
    [row] = service.rows.values()
    agreed = (
        "request_id flow_id flow_name flow_class method_name message output emit default_outcome metadata state "
        "history snapshot"
    )
    assert set(row.body) == set(agreed.split())
    json.dumps(row.body)
