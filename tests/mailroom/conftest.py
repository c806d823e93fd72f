"""A mailroom on free loopback ports, with a service that writes down what it is handed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.mailroom import Mailroom, open_mailroom

DOMAIN = "reply.nodback.test"
REPLY_ADDRESS = f"r-{'a2b3' * 14}@{DOMAIN}"


class RecordingService:
    """Stands where S3 and the inbound function stand; can be told to be unreachable for a while."""

    domain = DOMAIN
    region = "us-east-1"
    function_arn = "arn:aws:lambda:us-east-1:000000000000:function:nodback-local-inbound-mail"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.events: list[dict[str, Any]] = []
        self.refusals_left = 0
        self._changed = threading.Condition()

    def store(self, key: str, raw: bytes) -> None:
        if self.refusals_left:
            self.refusals_left -= 1
            raise ConnectionRefusedError("the service is down")
        self.objects[key] = raw

    def invoke(self, event: dict[str, Any]) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for_events(self, count: int, timeout: float = 10) -> list[dict[str, Any]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= count, timeout), f"{len(self.events)} events"
            return list(self.events)


@pytest.fixture
def service() -> RecordingService:
    return RecordingService()


@pytest.fixture
def mailroom(tmp_path: Path, service: RecordingService) -> Iterator[Mailroom]:
    with open_mailroom(tmp_path / "mail", 0, 0, service) as room:
        yield room


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until something is true, at most five seconds."""

    def wait(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < end, "it never came true"
            time.sleep(0.01)

    return wait


def notification(
    *, message_id: str = "<n1@email.amazonses.com>", to: str = "maria@example.com", subject: str = "Review: launch"
) -> bytes:
    """A mail like those that the service sends."""
    return (
        "From: Nodback <nodback@nodback.test>\r\n"
        f"To: {to}\r\n"
        f"Reply-To: Nodback <{REPLY_ADDRESS}>\r\n"
        f"Subject: {subject}\r\n"
        f"Message-ID: {message_id}\r\n"
        "References: <flow-1@nodback.test>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="b"\r\n'
        "\r\n"
        '--b\r\nContent-Type: text/plain; charset="utf-8"\r\n\r\n'
        "Please review.\r\n\r\nOptions: approved, rejected\r\n"
        '--b\r\nContent-Type: text/html; charset="utf-8"\r\n\r\n'
        "<html><head><style>p{color:#333}</style></head><body><p>Please review.</p>"
        f'<a href="mailto:{REPLY_ADDRESS}?subject=Re%3A%20Review&amp;body=approved">approved</a>'
        "</body></html>\r\n--b--\r\n"
    ).encode()
