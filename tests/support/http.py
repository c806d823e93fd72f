"""Calls of the HTTP API in memory: the real handler, the real routes, the world's adapters and clock."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.shared.key_ring import KeyRing
from nodback_core.runtime.environment import Environment
from nodback_core.runtime.service import Service, use_service
from nodback_core.usecases.deployments.register import KeyMaterial, create_key
from support.world import INSTALL, REPLY_DOMAIN, World

INSTALL_KEY = "nodback_install_" + "i" * 48
PUBLIC_URL = "https://nodback.test"
ENVIRONMENT = Environment(
    stage="test",
    region="us-east-1",
    organization_id=1,
    requests_table="requests",
    audit_table="audit",
    inbound_domain=REPLY_DOMAIN,
    mail_from="nodback@nodback.test",
    public_url=PUBLIC_URL,
)
CONTEXT = SimpleNamespace(
    function_name="api",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:::function:api",
    aws_request_id="1",
)


@dataclass
class MemoryService(Service):
    """The service with the world's adapters, clock and randomness instead of AWS."""

    environment: Environment = ENVIRONMENT
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.store, self.vault, self.objects = self.world.store, self.world.vault, self.world.objects
        self.bus, self.mailer, self.webhook_queue = self.world.bus, self.world.mailer, self.world.queue
        self.archive, self.export_queue = self.world.archive, self.world.export_queue

    @property
    def ring(self) -> KeyRing:
        return self.world.ring

    @property
    def install_key(self) -> str:
        return INSTALL_KEY

    def now(self) -> datetime:
        return self.world.now

    def new_id(self) -> str:
        return self.world.uuid()

    def random_bytes(self, count: int) -> bytes:
        return self.world.random.randbytes(count)

    def key_material(self) -> KeyMaterial:
        number = next(self.world.counter)
        return KeyMaterial(f"k{number}", f"{number:048d}")


@dataclass(frozen=True)
class Answered:
    """An answer of the API; `json` is the body's value, None when there is none."""

    status: int
    headers: Mapping[str, str]
    json: Any

    def __getitem__(self, name: str) -> Any:
        assert isinstance(self.json, dict), self.json
        return self.json[name]

    @property
    def fields(self) -> list[str]:
        """The fields that a 422 names."""
        assert isinstance(self.json, dict), self.json
        return [str(error["field"]) for error in self.json.get("errors", [])]


@cache
def _handler() -> Callable[[Mapping[str, object], object], Mapping[str, object]]:
    # The resolver's import takes a second: only tests that call the API pay for it.
    from functions.api.handler import handler

    return handler


def call(
    world: World,
    method: str,
    path: str,
    key: str | None = None,
    body: object = None,
    *,
    query: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answered:
    """One call as the HTTP API hands it on (payload format 2.0); `path` may carry a query too.

    `body` is sent as JSON; text and bytes as they are.
    """
    parts = urlsplit(path)
    pairs = [parts.query, urlencode(query or {}, doseq=True)]
    raw_query = "&".join(p for p in pairs if p)
    sent = {"content-type": "application/json", **{k.lower(): v for k, v in (headers or {}).items()}}
    if key is not None:
        sent["authorization"] = f"Bearer {key}"
    text = body if isinstance(body, str) else body.decode() if isinstance(body, bytes) else json.dumps(body)
    event: dict[str, object] = {
        "version": "2.0",
        "routeKey": "ANY /v1/{proxy+}",
        "rawPath": parts.path,
        "rawQueryString": raw_query,
        "headers": sent,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": "nodback.test",
            "http": {"method": method, "path": parts.path, "sourceIp": "203.0.113.7", "userAgent": "test"},
            "requestId": "1",
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if raw_query:
        values = parse_qs(raw_query, keep_blank_values=True)
        event["queryStringParameters"] = {name: ",".join(found) for name, found in values.items()}
    if body is not None:
        event["body"] = text
    use_service(MemoryService(world=world))
    try:
        answer = _handler()(event, CONTEXT)
    finally:
        use_service(None)
    content = str(answer.get("body") or "")
    return Answered(
        status=int(str(answer["statusCode"])),
        headers={k.lower(): str(v) for k, v in _headers(answer).items()},
        json=json.loads(content) if content else None,
    )


def _headers(answer: Mapping[str, object]) -> Mapping[str, object]:
    headers = answer.get("headers") or {}
    assert isinstance(headers, Mapping)
    return headers


def key_for(world: World, deployment: Deployment, scope: str) -> str:
    """The text of a new key of the deployment."""
    number = next(world.counter)
    made = create_key(
        deployment.deployment_id,
        name=f"a {scope} key",
        scope=Scope(scope),
        caller=INSTALL,
        store=world.store,
        material=KeyMaterial(f"k{number}", f"{number:048d}"),
        now=world.now,
    )
    return str(made.text)
