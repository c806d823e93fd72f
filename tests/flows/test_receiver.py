"""A receiver behind a real ASGI server on the embedded stack: nobody polls, and the answer reaches its flow."""

import contextlib
import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from flows.reviews import actions, last_number, next_review, request_of, until_resumed
from flows.test_webhooks import api, ended, until
from infra.local.house import House
from infra.settings import ROOT
from nodback.receiving import SECRET_VARIABLE

PATIENCE_SECONDS = 180.0


def answers(port: int) -> bool:
    """Whether the receiver listens: it says that it is called by POST."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", "/nodback/")
            return connection.getresponse().status == http.client.METHOD_NOT_ALLOWED
        except OSError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def receiving(house: House, port: int, secret: str) -> Iterator["subprocess.Popen[str]"]:
    """The application, served by uvicorn."""
    with subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "tests.flows.receiving_app:app", "--port", str(port)],
        cwd=ROOT,
        env={**house.flow_environment(), SECRET_VARIABLE: secret},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            end = time.monotonic() + PATIENCE_SECONDS
            while not answers(port):
                assert server.poll() is None, server.communicate()[0][-3000:]
                assert time.monotonic() < end
                time.sleep(0.3)
            yield server
        finally:
            server.kill()


def pause(house: House) -> str:
    """The offer of the sales department waits for its approval; the id of the request, which is approved then."""
    before = last_number(house)
    ran = subprocess.run(
        [sys.executable, "-m", "tests.flows.sales"],
        cwd=ROOT,
        env=house.flow_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    mail = next_review(house, after=before)
    house.mailroom.reply(mail, "approved")
    return request_of(house, mail)


@pytest.mark.timeout(900)
def test_an_answer_by_mail_is_pushed_into_its_flow(house: House) -> None:
    port = free_port()
    body = {"name": "Sales", "url": f"http://127.0.0.1:{port}/nodback/", "resumes": True}
    made = api(house, "POST", "", body, status=201)
    webhook = made["webhook"]["id"]
    try:
        with receiving(house, port, made["secret"]) as server:
            tried = api(house, "POST", f"/{webhook}/test", status=202)
            assert ended(house, webhook, tried["id"])["delivery"]["http_status"] == 200
            request_id = pause(house)
            assert until_resumed(house, request_id)["resume"]["status"] == "succeeded"  # type: ignore[index]
            assert [a for a in actions(house, request_id) if a.startswith("resume.")] == [
                "resume.claimed",
                "resume.consumed",
                "resume.succeeded",
            ]
            log = until(
                lambda: [
                    row
                    for row in api(house, "GET", f"/{webhook}/deliveries")["deliveries"]
                    if row["request_id"] == request_id and row["class"]
                ]
            )
            assert [(row["event"], row["class"], row["http_status"]) for row in log] == [
                ("resume_ready", "delivered", 202)
            ]
            server.send_signal(signal.SIGTERM)
            said = server.communicate(timeout=30)[0]
            assert "the offer goes out: approved" in said
            assert server.returncode in (0, -signal.SIGTERM)
    finally:
        api(house, "DELETE", f"/{webhook}", status=204)
