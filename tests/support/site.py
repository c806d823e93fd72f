"""The dashboard on a port of this machine, with the world's adapters and clock: pages for a real browser, quickly."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import urlsplit

from nodback_core.runtime.service import use_service
from support.browse import ADMIN
from support.http import CONTEXT, MemoryService
from support.world import World


class SiteService(MemoryService):
    """The service of the world under the site's own address."""

    public_url = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.environment = replace(self.environment, admins=ADMIN, public_url=self.public_url)


@contextmanager
def site(world: World) -> Iterator[str]:
    """Serve the pages; yields the address. Calls are taken one at a time, since the world has one clock."""
    from functions.dashboard.handler import handler

    lock = Lock()

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            event: dict[str, object] = {
                "rawPath": parts.path,
                "rawQueryString": parts.query,
                "headers": {k.lower(): v for k, v in self.headers.items()},
                "cookies": [c.strip() for c in (self.headers.get("cookie") or "").split(";")],
                "requestContext": {
                    "http": {"method": self.command, "sourceIp": "127.0.0.1"},
                    "stage": "$default",
                },
                "body": body.decode() if body else "",
                "isBase64Encoded": False,
            }
            with lock:
                self._send(handler(event, CONTEXT))

        def _send(self, answer: Mapping[str, object]) -> None:
            data = str(answer["body"]).encode()
            if answer["isBase64Encoded"]:
                data = base64.b64decode(data)
            self.send_response(int(str(answer["statusCode"])))
            headers = answer["headers"]
            assert isinstance(headers, Mapping)
            for name, value in headers.items():
                self.send_header(str(name), str(value))
            for line in answer.get("cookies") or ():  # type: ignore[attr-defined]
                self.send_header("Set-Cookie", line)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    url = f"http://127.0.0.1:{server.server_port}"
    SiteService.public_url = url
    use_service(SiteService(world=world))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        use_service(None)
