"""Calling an ASGI app as a server does, without one, and signing what it is sent as the service does."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

from nodback_core.domain.webhooks.signature import SigningSecret, WebhookSecrets, make_secret, signed_headers

SECRET = make_secret(b"r" * 33).reveal()
OTHER_SECRET = make_secret(b"o" * 33).reveal()


@dataclass(frozen=True)
class Reply:
    """What the app answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def detail(self) -> str:
        return str(json.loads(self.body)["detail"])


def signed(
    body: bytes, *, secret: str = SECRET, at: float | None = None, upcoming: str | None = None
) -> dict[str, str]:
    """The headers of a delivery of this body."""
    secrets = WebhookSecrets(SigningSecret(secret), SigningSecret(upcoming) if upcoming else None)
    moment = int(time.time() if at is None else at)
    return signed_headers(body, event_id="evt_1", delivery_id="dlv_1", timestamp=moment, secrets=secrets)


def post(app: Any, body: bytes, headers: dict[str, str], *, method: str = "POST", parts: int = 1) -> Reply:
    """One request; its body comes in so many parts."""
    size = -(-len(body) // parts) or 1
    pieces = [body[i : i + size] for i in range(0, len(body), size)] or [b""]
    coming = [{"type": "http.request", "body": p, "more_body": p is not pieces[-1]} for p in pieces]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": "/",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    }
    asyncio.run(app(scope, receive, send))
    start, *rest = sent
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return Reply(start["status"], told, b"".join(m.get("body", b"") for m in rest))
