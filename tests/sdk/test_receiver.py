"""The receiver: what it acknowledges, what it refuses, and that each answer is carried out once, whoever claims it."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from support.asgi import OTHER_SECRET, SECRET, post, signed

import nodback
from nodback.receiving import MAX_BODY_BYTES, SECRET_VARIABLE
from tests.sdk.service import FLOW_KEY

pytestmark = pytest.mark.filterwarnings("default")
ROOT = Path(__file__).parents[2]
CONTENT = "tests.sdk.flows.ContentFlow"


@pytest.fixture
def receive(flows, enabled):
    return nodback.receiver([flows.ContentFlow], secret=SECRET)


def paused(flows, service, outcome="approved"):
    """A flow that waits, and its answer."""
    flows.ContentFlow().kickoff()
    row = list(service.rows.values())[-1]
    service.answer(row.body["request_id"], outcome=outcome, feedback="Fine")
    return row


def message(row, **changes):
    request = {"id": row.body["request_id"], "flow_id": "f", "flow_class": row.body["flow_class"], "method_name": "m"}
    return json.dumps({"event": "resume_ready", "request": request, "attempt": 1, **changes}).encode()


def told(app, row, **signing):
    body = message(row)
    return post(app, body, signed(body, **signing))


def until(what):
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_answer_is_acknowledged_once_it_is_claimed_and_before_its_flow_has_run(flows, service, receive):
    row = paused(flows, service)
    may_go_on = threading.Event()
    service.before["consumed"] = lambda: may_go_on.wait(30)
    reply = told(receive, row)
    assert (reply.status, row.resume) == (202, "claimed")
    assert flows.ran == []
    may_go_on.set()
    until(lambda: row.resume == "succeeded")
    [(name, result)] = flows.ran
    assert (name, result.feedback) == ("published", "Fine")


def test_the_same_message_twice_carries_the_answer_out_once(flows, service, receive):
    row = paused(flows, service)
    assert told(receive, row).status == 202
    assert told(receive, row).status == 200
    until(lambda: row.resume == "succeeded")
    assert told(receive, row).status == 200
    assert len(flows.ran) == 1
    assert row.history == ["ready", "claimed", "consumed", "succeeded"]


def test_only_the_request_that_it_is_told_of_is_claimed_first(flows, service, receive):
    older, newer = paused(flows, service), paused(flows, service)
    service.before["consumed"] = lambda: time.sleep(0.05)
    assert told(receive, newer).status == 202
    assert (older.resume, newer.resume != "ready") == ("ready", True)
    until(lambda: newer.resume == older.resume == "succeeded")


@pytest.mark.parametrize(
    "signing", [{"secret": OTHER_SECRET}, {"at": time.time() - 3600}, {"at": time.time() + 3600}], ids=str
)
def test_what_is_not_signed_freshly_with_its_secret_is_refused(flows, service, receive, signing):
    row = paused(flows, service)
    assert told(receive, row, **signing).status == 401
    assert post(receive, message(row), {}).status == 401
    body = message(row)
    assert post(receive, body + b" ", signed(body)).status == 401
    assert row.resume == "ready"
    assert service.calls["claim"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"event": "new_request", "request": {"id": "r", "flow_class": "m.F"}}',
        b'{"event": "resume_ready"}',
        b'{"event": "resume_ready", "request": {"id": 7, "flow_class": "m.F"}}',
    ],
)
def test_what_is_signed_and_no_message_for_it_is_refused(service, receive, body):
    assert post(receive, body, signed(body)).status == 400
    assert service.calls["claim"] == 0


def test_other_methods_other_flows_and_large_bodies_are_refused(flows, service, receive):
    row = paused(flows, service)
    got = post(receive, b"", {}, method="GET")
    assert (got.status, got.headers["allow"]) == (405, "POST")
    body = b"x" * (MAX_BODY_BYTES + 1)
    assert post(receive, body, signed(body), parts=3).status == 413
    body = message(row, request={"id": row.body["request_id"], "flow_class": "gdpr.ApprovalFlow"})
    other = post(receive, body, signed(body))
    assert other.status == 404
    assert "gdpr.ApprovalFlow is not served here" in other.detail
    assert CONTENT in other.detail
    assert service.calls["claim"] == 0


def test_a_body_in_parts_and_the_test_of_a_webhook_are_understood(flows, service, receive):
    row = paused(flows, service)
    body = b'{"event": "test", "request": {"id": "0"}}'
    assert post(receive, body, signed(body)).status == 200
    assert service.calls["claim"] == 0
    body = message(row)
    assert post(receive, body, signed(body), parts=5).status == 202
    until(lambda: row.resume == "succeeded")


def test_a_service_that_fails_is_told_to_call_again(flows, service, receive):
    row = paused(flows, service)
    service.failures.append((500, {}))
    assert told(receive, row).status == 503
    assert told(receive, row).status == 202
    until(lambda: row.resume == "succeeded")


def test_a_key_that_may_not_claim_is_told_as_the_receivers_own_fault(flows, service, url):
    nodback.enable(url, FLOW_KEY)
    row = paused(flows, service)
    try:
        app = nodback.receiver([flows.ContentFlow], secret=SECRET, url=url, api_key="nodback_flow_1_gone_0000")
        reply = told(app, row)
        assert reply.status == 500
        assert "NODBACK_API_KEY" in reply.detail
        assert row.resume == "ready"
    finally:
        nodback.disable()


def test_while_all_hands_are_full_it_is_called_again_or_takes_it_itself_when_one_is_free(flows, service, enabled):
    app = nodback.receiver([flows.ContentFlow], secret=SECRET, concurrency=1)
    first, second = paused(flows, service), paused(flows, service)
    may_go_on = threading.Event()
    service.before["consumed"] = lambda: may_go_on.wait(30)
    assert told(app, first).status == 202
    assert told(app, second).status == 503
    may_go_on.set()
    until(lambda: first.resume == second.resume == "succeeded")
    third = paused(flows, service)
    until(lambda: told(app, third).status != 503)
    until(lambda: third.resume == "succeeded")
    assert len(flows.ran) == 3


def test_a_flow_that_runs_longer_than_its_lease_keeps_it(flows, service, receive, monkeypatch):
    row = paused(flows, service)
    service.lease_seconds = 1.2
    monkeypatch.setattr(flows, "_wait_if_asked", lambda: time.sleep(3))
    assert told(receive, row).status == 202
    until(lambda: row.resume == "succeeded")
    assert service.calls["renew"] >= 2
    assert row.attempt == 1


def test_a_flow_that_fails_is_reported_and_others_go_on(flows, service, receive, monkeypatch):
    row = paused(flows, service)
    monkeypatch.setattr(flows, "_wait_if_asked", lambda: exec("raise SystemExit(3)"))
    assert told(receive, row).status == 202
    until(lambda: row.resume == "failed")
    assert "SystemExit" in row.error
    monkeypatch.undo()
    again = paused(flows, service)
    assert told(receive, again).status == 202
    until(lambda: again.resume == "succeeded")


def test_two_workers_and_a_receiver_carry_out_each_answer_once(flows, service, enabled):
    from nodback.worker import Worker

    rows = [paused(flows, service) for _ in range(12)]
    app = nodback.receiver([flows.ContentFlow], secret=SECRET)
    workers = [Worker(enabled, [flows.ContentFlow], name=f"w:{n}") for n in range(2)]
    running = [threading.Thread(target=worker.run) for worker in workers]
    calls = [threading.Thread(target=told, args=(app, row)) for row in rows for _ in range(2)]
    for thread in (*running, *calls):
        thread.start()
    until(lambda: all(row.resume == "succeeded" for row in rows))
    for worker in workers:
        worker.stop()
    for thread in (*running, *calls):
        thread.join(30)
    assert len(flows.ran) == len(rows)
    assert {tuple(row.history) for row in rows} == {("ready", "claimed", "consumed", "succeeded")}


def test_after_the_lifespan_has_ended_nothing_is_taken(flows, service, receive):
    row = paused(flows, service)
    coming, sent = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}], []

    async def next_message():
        return coming.pop(0)

    async def send(message):
        sent.append(message["type"])

    asyncio.run(receive({"type": "lifespan"}, next_message, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert told(receive, row).status == 503
    assert row.resume == "ready"


def test_a_secret_is_needed_and_several_are_taken_while_one_is_rotated(flows, service, enabled, monkeypatch):
    monkeypatch.delenv(SECRET_VARIABLE, raising=False)
    for secret in (None, "", [], [SECRET, ""]):
        with pytest.raises(nodback.MissingSetting, match=SECRET_VARIABLE):
            nodback.receiver([flows.ContentFlow], secret=secret)
    monkeypatch.setenv(SECRET_VARIABLE, f"{OTHER_SECRET} {SECRET}")
    app = nodback.receiver([flows.ContentFlow])
    for secret in (SECRET, OTHER_SECRET):
        row = paused(flows, service)
        assert told(app, row, secret=secret).status == 202
        until(lambda row=row: row.resume == "succeeded")


def test_a_process_without_settings_is_told_what_is_missing(crewai, monkeypatch):
    for name in ("NODBACK_URL", "NODBACK_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(nodback.MissingSetting, match="NODBACK_URL"):
        nodback.receiver(["tests.sdk.flows"], secret=SECRET)


def test_a_module_that_would_lose_something_is_warned_of_at_the_start(enabled, caplog):
    with caplog.at_level("WARNING", logger="nodback.receiver"):
        nodback.receiver(["tests.sdk.linted:TwoBranches"], secret=SECRET)
    assert caplog.text.count("[parallel-review]") == 2


def test_the_app_on_the_page_runs_and_takes_an_answer(crewai, url, service, monkeypatch, tmp_path):
    import httpx

    page = (ROOT / "docs/flow-authors.md").read_text()
    code = page.split("<!-- example: receiver -->\n```python\n")[1].split("```")[0]
    monkeypatch.setenv("NODBACK_URL", url)
    monkeypatch.setenv("NODBACK_API_KEY", FLOW_KEY)
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    names = {}
    with contextlib.ExitStack() as stack:
        stack.callback(nodback.disable)
        exec(code, names)
        from examples.content_approval import ContentApprovalFlow

        ContentApprovalFlow().kickoff()
        row = list(service.rows.values())[-1]
        service.answer(row.body["request_id"], outcome="rejected", feedback="No")
        body = message(row)

        async def call():
            transport = httpx.ASGITransport(names["app"])
            async with httpx.AsyncClient(transport=transport, base_url="https://flows.example.com") as client:
                return await client.post("/nodback/", content=body, headers=signed(body))

        assert asyncio.run(call()).status_code == 202
        until(lambda: row.resume == "succeeded")


def test_a_process_that_ends_waits_for_the_flow_in_hand(flows, service, enabled, url):
    row = paused(flows, service)
    service.before["consumed"] = lambda: time.sleep(1)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.sdk.receiving_process"],
        cwd=ROOT,
        env={**os.environ, "NODBACK_URL": url, "NODBACK_API_KEY": FLOW_KEY, "PYTHONPATH": os.pathsep.join(sys.path)},
        input=message(row),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    assert b"told 202" in ended.stdout
    assert row.history == ["ready", "claimed", "consumed", "succeeded"]
    assert flows.ran == [], "it ran over there"
