"""Answers at a callback URL: one per request, whatever is sent, however often, in whatever order."""

import base64
import json
import subprocess
import sys
import threading
from typing import Any
from urllib.parse import urlencode

import pytest
from support.hooks import Network, a_webhook, take_all
from support.http import MemoryService
from support.world import INSTALL, OPTIONS, World

from functions.callbacks.handler import handler
from nodback_core.domain.reviews.requests import Source, Status
from nodback_core.domain.webhooks.callbacks import REFUSED_ATTEMPTS
from nodback_core.domain.webhooks.webhook import Webhook
from nodback_core.runtime.service import use_service
from nodback_core.usecases.reviews.cancel_request import cancel_request
from nodback_core.usecases.webhooks.configure import remove_webhook

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Callback:
    """A request, a webhook that was told of it, and the callback URL that it holds."""

    def __init__(self, **settings: object) -> None:
        self.world = World()
        self.deployment = self.world.deployment(**settings)
        self.webhook: Webhook = a_webhook(self.world, self.deployment).webhook
        self.token = self.pause("flow-1")
        self.request_id = self.opened.request.request_id

    def pause(self, flow_id: str) -> str:
        self.opened = self.world.pause(self.deployment, flow_id=flow_id)
        self.world.deliver()
        network = Network()
        take_all(self.world, network)
        url: str = network.posts[-1].json["callback_url"]
        return url.rpartition("/")[2]

    def post(
        self, body: object = None, *, token: str | None = None, kind: str | None = JSON, method: str = "POST"
    ) -> tuple[int, dict[str, Any]]:
        """One call as the HTTP API hands it on; a dict is sent as JSON or as a form, bytes and text as they are."""
        event: dict[str, object] = {
            "version": "2.0",
            "routeKey": "ANY /v1/callbacks/{token}",
            "rawPath": "/v1/callbacks/" + (token or self.token),
            "headers": {} if kind is None else {"content-type": kind},
            "requestContext": {"http": {"method": method}, "stage": "$default"},
            "pathParameters": {"token": self.token if token is None else token},
            "isBase64Encoded": isinstance(body, bytes),
        }
        if isinstance(body, bytes):
            event["body"] = base64.b64encode(body).decode()
        elif isinstance(body, str):
            event["body"] = body
        elif body is not None:
            event["body"] = urlencode(body) if kind == FORM else json.dumps(body)  # type: ignore[arg-type]
        use_service(MemoryService(world=self.world))
        try:
            answer = handler(event, None)
        finally:
            use_service(None)
        self.headers = {k.lower(): v for k, v in answer["headers"].items()}  # type: ignore[attr-defined]
        return int(str(answer["statusCode"])), json.loads(str(answer["body"]))

    @property
    def status(self) -> Status:
        return self.world.request(self.request_id).status


@pytest.fixture
def callback() -> Callback:
    return Callback()


def test_the_reference_body_is_recorded_as_the_answer(callback: Callback) -> None:
    status, body = callback.post({"feedback": "Approved. Great article!", "source": "my_custom_app"})
    assert (status, body["status"], body["replayed"]) == (200, "recorded", False)
    decision = callback.world.request(callback.request_id).decision
    assert decision is not None
    assert decision.outcome is None
    assert (decision.source, decision.source_claim) == (Source.WEBHOOK, "my_custom_app")
    assert decision.responder == f"webhook/{callback.webhook.webhook_id}"


def test_exactly_one_option_is_the_outcome(callback: Callback) -> None:
    _, body = callback.post({"feedback": " Needs revision! "})
    assert body["outcome"] == "needs_revision"


def test_an_explicit_outcome_leaves_the_feedback_as_a_comment(callback: Callback) -> None:
    _, body = callback.post({"feedback": "rejected? no.", "outcome": "Approved"})
    assert body["outcome"] == "approved"


def test_a_form_works_like_json(callback: Callback) -> None:
    status, body = callback.post({"feedback": "approved", "outcome": "", "source": "ünïcode"}, kind=FORM)
    assert (status, body["outcome"]) == (200, "approved")


def test_a_body_that_the_gateway_encoded_is_read(callback: Callback) -> None:
    status, _ = callback.post(b'{"feedback": "approved"}')
    assert status == 200


def test_the_same_answer_again_is_a_replay_and_another_one_a_conflict(callback: Callback) -> None:
    assert callback.post({"feedback": "approved"})[0] == 200
    status, body = callback.post({"feedback": "approved"})
    assert (status, body["replayed"], body["outcome"]) == (200, True, "approved")
    status, body = callback.post({"feedback": "rejected"})
    assert (status, body["code"], body["outcome"]) == (409, "already_decided", "approved")
    assert callback.world.actions(callback.request_id).count("request.responded") == 1
    callback.world.check_chains()


def test_an_answer_by_mail_before_makes_it_a_conflict(callback: Callback) -> None:
    callback.world.reply("rejected", to=callback.world.reply_address())
    status, body = callback.post({"feedback": "approved"})
    assert (status, body["code"], body["outcome"], body["source"]) == (409, "already_decided", "rejected", "email")


def test_a_cancelled_and_a_superseded_request_are_gone(callback: Callback) -> None:
    world = callback.world
    first = callback.token
    second = callback.pause("flow-1")
    assert callback.post({"feedback": "approved"}, token=first)[0] == 410
    rid = callback.opened.request.request_id
    cancel_request(rid, reason=None, caller=INSTALL, storage=world.storage, now=world.now)
    status, body = callback.post({"feedback": "approved"}, token=second)
    assert (status, body["code"]) == (410, "request_closed")


def test_the_url_expires_with_the_request_or_after_seven_days(callback: Callback) -> None:
    callback.world.pass_time(days=7, minutes=2)
    status, body = callback.post({"feedback": "approved"})
    assert (status, body["code"]) == (410, "callback_expired")
    assert callback.status is Status.PENDING


def test_the_url_expires_when_the_request_answers_itself() -> None:
    auto = {"enabled": True, "timeout_minutes": 60, "default_outcome": "rejected"}
    callback = Callback(auto_response=auto)
    callback.world.pass_time(minutes=62)
    assert callback.post({"feedback": "approved"})[1]["code"] == "callback_expired"


def test_the_url_dies_with_its_webhook(callback: Callback) -> None:
    world = callback.world
    remove_webhook(1, callback.webhook.webhook_id, caller=INSTALL, store=world.store, now=world.now)
    status, body = callback.post({"feedback": "approved"})
    assert (status, body["code"]) == (410, "webhook_removed")
    assert callback.status is Status.PENDING


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "get", ""])
def test_nothing_but_post_acts(callback: Callback, method: str) -> None:
    rows = dict(callback.world.store.rows)
    status, body = callback.post({"feedback": "approved"}, method=method)
    assert (status, body["code"], callback.headers["allow"]) == (405, "method_not_allowed", "POST")
    assert callback.world.store.rows == rows


def test_a_token_that_is_none_is_not_found_whatever_is_wrong_with_it(callback: Callback) -> None:
    genuine = callback.token
    head, payload, mac = genuine.split(".")
    tokens = [
        "x",
        "a.b.c",
        genuine + "x",
        genuine[:-1],
        f"{head}.{payload}.",
        f"{head}.{mac}.{payload}",
        "é",
        "x" * 5000,
    ]
    details = set()
    for token in tokens:
        status, body = callback.post({"feedback": "approved"}, token=token)
        assert (status, body["code"]) == (404, "not_found"), token
        details.add(body["detail"])
    assert len(details) == 1
    assert callback.status is Status.PENDING


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        ({}, JSON, 422, "invalid_request"),
        ({"feedback": "  \n"}, JSON, 422, "invalid_request"),
        ({"feedback": "fine", "outcome": "maybe"}, JSON, 422, "invalid_request"),
        ({"feedback": 7}, JSON, 422, "invalid_request"),
        ({"feedback": ["a"]}, JSON, 422, "invalid_request"),
        ('{"feedback": "\\ud800"}', JSON, 422, "invalid_request"),
        ("[1]", JSON, 422, "invalid_request"),
        ("[" * 100_000, JSON, 422, "invalid_request"),
        ("no json", JSON, 422, "invalid_request"),
        (b"\xff\xfe", JSON, 422, "invalid_request"),
        (None, JSON, 422, "invalid_request"),
        (b"feedback=%ff", FORM, 422, "invalid_request"),
        ("&".join(["a=b"] * 200), FORM, 422, "invalid_request"),
        ("<feedback/>", "text/xml", 415, "unsupported_media_type"),
        ("x", "multipart/form-data; boundary=x", 415, "unsupported_media_type"),
        ("x" * 600_000, JSON, 413, "body_too_large"),
        ({"feedback": "x" * 65_000}, JSON, 422, "invalid_request"),
    ],
)
def test_what_cannot_be_an_answer_is_refused_and_changes_nothing(
    callback: Callback, body: object, kind: str, status: int, code: str
) -> None:
    got, problem = callback.post(body, kind=kind)
    assert (got, problem["code"]) == (status, code)
    assert callback.status is Status.PENDING


def test_what_a_receiver_says_of_itself_is_kept_as_text_and_cut(callback: Callback) -> None:
    callback.post({"feedback": "approved", "source": "evil\r\nX: y\x00" + "z" * 500})
    decision = callback.world.request(callback.request_id).decision
    assert decision is not None
    assert decision.source_claim == ("evilX: y" + "z" * 500)[:100]
    assert decision.responder.startswith("webhook/")


def test_unknown_fields_and_a_missing_content_type_do_no_harm(callback: Callback) -> None:
    assert callback.post({"feedback": "approved", "more": {"a": 1}}, kind=None)[0] == 200


def test_refused_answers_have_to_wait_and_a_good_one_counts_nothing(callback: Callback) -> None:
    for _ in range(REFUSED_ATTEMPTS):
        assert callback.post({"feedback": "x", "outcome": "no"})[0] == 422
    status, body = callback.post({"feedback": "approved"})
    assert (status, body["code"]) == (429, "too_many_attempts")
    assert 1 <= int(callback.headers["retry-after"]) <= 60
    assert callback.status is Status.PENDING
    callback.world.pass_time(seconds=60)
    assert callback.post({"feedback": "approved"})[0] == 200


def test_reordered_and_repeated_answers_leave_the_first_one_standing(callback: Callback) -> None:
    words = ["approved", "rejected", "needs_revision", "approved", "rejected"]
    answers = [callback.post({"feedback": word}) for word in words]
    assert [status for status, _ in answers] == [200, 409, 409, 200, 409]
    assert answers[3][1]["replayed"] is True


def test_forty_answers_at_once_make_one_decision(callback: Callback) -> None:
    said = [OPTIONS[n % 3] for n in range(40)]
    answers: list[tuple[str, int]] = []
    service = MemoryService(world=callback.world)
    barrier = threading.Barrier(len(said))
    event = {
        "headers": {"content-type": JSON},
        "requestContext": {"http": {"method": "POST"}},
        "pathParameters": {"token": callback.token},
    }

    def answer(word: str) -> None:
        barrier.wait()
        got = handler({**event, "body": json.dumps({"feedback": word})}, None)
        answers.append((word, int(str(got["statusCode"]))))

    use_service(service)
    try:
        threads = [threading.Thread(target=answer, args=(word,)) for word in said]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        use_service(None)
    decision = callback.world.request(callback.request_id).decision
    assert decision is not None
    assert {word for word, status in answers if status == 200} == {decision.outcome}
    assert {status for _, status in answers} <= {200, 409, 429}
    assert callback.world.actions(callback.request_id).count("request.responded") == 1
    callback.world.check_chains()


def test_neither_token_nor_words_are_logged(callback: Callback, caplog: pytest.LogCaptureFixture) -> None:
    callback.post({"feedback": "a very private sentence"})
    callback.post({"feedback": "another private sentence"})
    logged = repr([vars(record) for record in caplog.records])
    assert callback.request_id in logged
    assert callback.token not in logged
    assert "private" not in logged


def test_it_imports_neither_pydantic_nor_the_resolver() -> None:
    code = (
        "import sys; import functions.callbacks.handler, functions.webhook_delivery.handler, "
        "functions.webhook_fanout.handler; "
        "print([m for m in ('pydantic', 'aws_lambda_powertools', 'boto3', 'jinja2', 'nh3') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert ran.stdout.strip() == "[]", ran.stderr
