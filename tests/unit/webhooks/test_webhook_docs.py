"""docs/webhooks.md: every example runs as it is printed, and every table is complete."""

import base64
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from nodback_core.adapters.web_delivery import DeliveryLimits, deliver
from nodback_core.domain.webhooks.events import OPT_IN_EVENTS
from nodback_core.domain.webhooks.outcome import DeliveryClass
from nodback_core.domain.webhooks.payload import resume_body
from nodback_core.domain.webhooks.signature import SECRET_BYTES, WebhookSecrets, make_secret, signed_headers

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET = make_secret(bytes(range(SECRET_BYTES)))
BODY = json.dumps({"event": "new_request", "request": {"message": "Grüße\n"}}).encode()


def example(name: str) -> str:
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)\n```\n", PAGE, re.DOTALL)
    assert found, f"docs/webhooks.md has no example {name}"
    return found[1] + "\n"


def signed(body: bytes = BODY, *, age_seconds: int = 0) -> dict[str, str]:
    timestamp = int(time.time()) - age_seconds
    return signed_headers(
        body, event_id="evt_1", delivery_id="d-1", timestamp=timestamp, secrets=WebhookSecrets(SECRET)
    )


def cases() -> list[tuple[str, bytes, str, bool]]:
    """Timestamp, body, signature and whether a verifier must accept it."""
    fresh, old = signed(), signed(age_seconds=310)
    time_, signature = fresh["X-Timestamp"], fresh["X-Signature"]
    return [
        (time_, BODY, signature, True),
        (time_, BODY + b"\n", signature, False),
        (time_, BODY, signature[:-1] + ("0" if signature[-1] != "0" else "1"), False),
        (time_, BODY, "", False),
        (str(int(time_) + 1), BODY, signature, False),
        (old["X-Timestamp"], BODY, old["X-Signature"], False),
    ]


@contextlib.contextmanager
def callback_receiver(answers: list[dict]) -> Iterator[str]:
    """The URL of something that records one answer, as a callback URL would."""

    class Callback(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Callback) as server:
        waiting = threading.Thread(target=server.handle_request, daemon=True)
        waiting.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/callbacks/token"


def test_the_python_example_tells_genuine_from_forged() -> None:
    namespace: dict = {}
    exec(compile(example("verify.py"), "verify.py", "exec"), namespace)
    for timestamp, body, signature, valid in cases():
        assert namespace["is_genuine"](SECRET.reveal(), timestamp, signature, body) is valid


def test_the_node_example_tells_genuine_from_forged() -> None:
    node = Path(sys.executable).parent / "node"
    assert node.exists(), "the locked environment brings node"
    driver = """
    const cases = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    console.log(JSON.stringify(cases.map(([s, t, b, g]) => isGenuine(s, t, g, Buffer.from(b, "base64")))));
    """
    given = [(SECRET.reveal(), time_, _base64(body), signature) for time_, body, signature, _ in cases()]
    ran = subprocess.run(
        [str(node), "-e", example("verify.js") + driver], input=json.dumps(given), capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [valid for *_, valid in cases()]


def test_the_shell_example_tells_genuine_from_forged(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("this machine has no openssl command")
    script = tmp_path / "verify.sh"
    script.write_text(example("verify.sh"))
    for timestamp, body, signature, valid in cases():
        (tmp_path / "body").write_bytes(body)
        ran = subprocess.run(
            ["sh", str(script), SECRET.reveal(), timestamp, signature, str(tmp_path / "body")], capture_output=True
        )
        assert (ran.returncode == 0) is valid, ran.stderr


def test_the_receiver_example_verifies_a_real_delivery_and_answers_at_the_callback_url(tmp_path: Path) -> None:
    answers: list[dict] = []
    with callback_receiver(answers) as callback_url:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        script = tmp_path / "receiver.py"
        script.write_text(example("receiver.py"))
        environment = os.environ | {"NODBACK_WEBHOOK_SECRET": SECRET.reveal(), "PORT": str(port)}
        receiver = subprocess.Popen([sys.executable, str(script)], env=environment, stderr=subprocess.DEVNULL)
        try:
            body = json.dumps({"event": "new_request", "callback_url": callback_url}).encode()
            assert _delivered_to(port, body, signed(b"{}")) == DeliveryClass.HTTP_4XX
            assert _delivered_to(port, body, signed(body)) == DeliveryClass.DELIVERED
            _wait_until(lambda: bool(answers))
        finally:
            receiver.terminate()
            receiver.wait()
    assert answers == [{"feedback": "approved", "source": "my_custom_app"}]


def test_the_curl_example_answers_at_the_callback_url() -> None:
    if shutil.which("curl") is None:
        pytest.skip("this machine has no curl command")
    answers: list[dict] = []
    with callback_receiver(answers) as callback_url:
        environment = os.environ | {"CALLBACK_URL": callback_url}
        ran = subprocess.run(["sh", "-c", example("answer.sh")], env=environment, capture_output=True)
    assert ran.returncode == 0, ran.stderr
    assert answers == [{"feedback": "Approved. Great article!", "source": "my_custom_app"}]


def test_the_example_message_has_the_fields_that_are_sent() -> None:
    message = json.loads(example("new_request.json"))
    assert list(message["request"])[-2:] == ["output", "default_outcome"]
    assert set(message) == {"event", "request", "deployment", "callback_url", "assigned_to_email"}


def test_the_example_for_a_receiver_is_what_is_sent() -> None:
    message = json.loads(example("resume_ready.json"))
    request, deployment = message["request"], message["deployment"]
    body = resume_body(
        request_id=request["id"],
        flow_id=request["flow_id"],
        flow_class=request["flow_class"],
        method_name=request["method_name"],
        deployment_id=deployment["id"],
        attempt=message["attempt"],
    )
    assert json.loads(body) == message


@pytest.mark.parametrize("word", [*sorted(OPT_IN_EVENTS), *DeliveryClass, *signed()])
def test_every_event_delivery_class_and_header_is_documented(word: str) -> None:
    assert re.search(rf"^\|.*`{re.escape(word)}`.*\|", PAGE, re.MULTILINE)


def _delivered_to(port: int, body: bytes, headers: dict[str, str]) -> DeliveryClass:
    """The class of one delivery, once the receiver listens."""
    outcomes: list[DeliveryClass] = []

    def try_once() -> bool:
        outcome = deliver(
            f"http://127.0.0.1:{port}/", body, headers, allow_loopback_http=True, limits=DeliveryLimits(5)
        )
        outcomes.append(outcome.class_)
        return outcome.class_ is not DeliveryClass.CONNECT

    _wait_until(try_once)
    return outcomes[-1]


def _wait_until(happened) -> None:
    end = time.monotonic() + 15
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
