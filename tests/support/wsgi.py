"""The HTTP API as a WSGI application: routes of the gateway, the real handlers, the world's adapters."""

import base64
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from nodback_core.runtime.service import use_service
from support.http import CONTEXT, MemoryService
from support.world import World

CALLBACKS = "/v1/callbacks/"
Start = Callable[[str, list[tuple[str, str]]], object]


class Gateway:
    """Calls what API Gateway would call."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __call__(self, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        from functions.api.handler import handler as api
        from functions.callbacks.handler import handler as callbacks

        event = self._event(environ)
        path = str(event["rawPath"])
        token = path.removeprefix(CALLBACKS)
        is_callback = path.startswith(CALLBACKS) and token != "" and "/" not in token
        if is_callback:
            event["pathParameters"] = {"token": token}
        use_service(MemoryService(world=self.world))
        try:
            answer = callbacks(event, CONTEXT) if is_callback else api(event, CONTEXT)
        finally:
            use_service(None)
        status = HTTPStatus(int(str(answer["statusCode"])))
        headers = answer.get("headers")
        assert isinstance(headers, Mapping)
        start(f"{status.value} {status.phrase}", [(str(k), str(v)) for k, v in headers.items() if v])
        return [str(answer.get("body") or "").encode()]

    def _event(self, environ: Mapping[str, Any]) -> dict[str, object]:
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        headers = {
            name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        if environ.get("CONTENT_TYPE"):
            headers["content-type"] = environ["CONTENT_TYPE"]
        body = environ["wsgi.input"].read()
        event: dict[str, object] = {
            "version": "2.0",
            "routeKey": "ANY /v1/{proxy+}",
            "rawPath": path,
            "rawQueryString": environ.get("QUERY_STRING", ""),
            "headers": headers,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "api",
                "domainName": "nodback.test",
                "http": {"method": environ["REQUEST_METHOD"], "path": path, "sourceIp": "203.0.113.7"},
                "requestId": "1",
                "stage": "$default",
            },
            "isBase64Encoded": False,
        }
        if query := environ.get("QUERY_STRING"):
            values = parse_qs(query, keep_blank_values=True)
            event["queryStringParameters"] = {name: ",".join(found) for name, found in values.items()}
        if body:
            try:
                event["body"] = body.decode()
            except UnicodeDecodeError:
                event["body"], event["isBase64Encoded"] = base64.b64encode(body).decode(), True
        return event
