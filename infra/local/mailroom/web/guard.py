"""Keeps other web sites out: the mailroom answers only its own pages and local programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_OWN_NAMES: Final = ("127.0.0.1", "localhost")


async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse foreign hosts (DNS rebinding) and foreign origins (forged posts), and put the headers on every answer."""
    response = _refusal(request) or await call_next(request)
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _refusal(request: Request) -> Response | None:
    host = request.headers.get("host", "")
    if host.rpartition(":")[0] not in _OWN_NAMES and host not in _OWN_NAMES:
        return PlainTextResponse("The mailroom answers on 127.0.0.1 only.", 400)
    if request.method in ("GET", "HEAD"):
        return None
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return PlainTextResponse("This form belongs to another site.", 403)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return PlainTextResponse("This form belongs to another site.", 403)
    return None
