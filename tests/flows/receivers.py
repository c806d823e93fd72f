"""Receivers of webhooks as integrators write them, each on a loopback port of its own."""

import contextlib
import hashlib
import hmac
import json
import queue
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

Message = dict[str, Any]
Verify = Callable[[Mapping[str, str], bytes, str], bool]


def as_the_reference_says(headers: Mapping[str, str], body: bytes, signing_secret: str) -> bool:
    """Written from the documentation of crewAI's platform alone: HMAC-SHA256 over timestamp, full stop and payload."""
    timestamp, payload = headers["X-Timestamp"], body.decode()
    expected = hmac.new(signing_secret.encode(), f"{timestamp}.{payload}".encode(), hashlib.sha256).hexdigest()
    signature = headers["X-Signature"].split("=", 1)[1]
    return hmac.compare_digest(expected, signature)


def by_standard_webhooks(headers: Mapping[str, str], body: bytes, signing_secret: str) -> bool:
    """With the package that any receiver of Standard Webhooks uses."""
    Webhook(signing_secret).verify(body, {k.lower(): v for k, v in headers.items()})
    return True


class Application:
    """An integrator's application: keeps what is genuine, refuses what is not."""

    def __init__(self, verify: Verify) -> None:
        self.verify = verify
        self.secret = ""
        self.messages: queue.Queue[tuple[Message, dict[str, str]]] = queue.Queue()
        self.refused = 0
        self.url = ""

    def next(self, seconds: float = 45.0) -> tuple[Message, dict[str, str]]:
        """The next genuine message, with its headers."""
        return self.messages.get(timeout=seconds)


@contextlib.contextmanager
def running(verify: Verify) -> Iterator[Application]:
    application = Application(verify)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            genuine = verify(self.headers, body, application.secret)  # type: ignore[arg-type]
            application.refused += not genuine
            self.send_response(204 if genuine else 401)
            self.end_headers()
            if genuine:
                application.messages.put((json.loads(body), dict(self.headers)))

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        application.url = f"http://127.0.0.1:{server.server_address[1]}/hitl"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield application
        finally:
            server.shutdown()
            thread.join()


def answer(callback_url: str, body: Mapping[str, str]) -> tuple[int, Message]:
    """POST {callback_url}, as the documentation of crewAI's platform shows it."""
    request = urllib.request.Request(callback_url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)
