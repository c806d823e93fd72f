"""From event to answer: who asks, whether the form is ours, which page, and the headers that every answer has."""

import re
from collections.abc import Mapping
from dataclasses import replace

from nodback_core.dashboard.routes import ROUTES, Route
from nodback_core.dashboard.visits import SEEN_HEADER, SESSION_COOKIE, Visit
from nodback_core.dashboard.web import BadForm, HttpRequest, HttpResponse, as_result, origin_of, read_event, set_cookie
from nodback_core.domain.people.members import Identity
from nodback_core.domain.people.sessions import SESSION_DAYS, SESSION_RENEW_MINUTES, Session
from nodback_core.domain.shared.errors import (
    Busy,
    Forbidden,
    Gone,
    InvalidInput,
    NodbackError,
    NotFound,
    Refused,
    TooManyAttempts,
    Unauthenticated,
    VersionDiffers,
)
from nodback_core.ports import ContentErased
from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import Service, get_service
from nodback_core.statuses import headers_of, status_of
from nodback_core.usecases.people.sessions import identify

TITLES: Mapping[type[NodbackError], str] = {
    NotFound: "Nothing here that is yours to see",
    Forbidden: "You may not do that",
    VersionDiffers: "Things have changed meanwhile",
    Refused: "Things have changed meanwhile",
    Gone: "That is over",
    TooManyAttempts: "Too many attempts",
    Busy: "Too busy at this moment",
}
"""The heading of a refusal; all others say that it cannot be saved."""
HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    # Under `no-referrer`, browsers send their forms with the origin `null`, which proves nothing.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}


def answer(event: Mapping[str, object]) -> dict[str, object]:
    """The answer to one HTTP API event (payload format 2.0)."""
    service = get_service()
    nonce = service.browser_secret()
    http_request: HttpRequest | None = None
    try:
        http_request = read_event(event)
        given = _answer(http_request, service, nonce)
    except BadForm as problem:
        visit = Visit(HttpRequest("GET", "/"), service, service.now(), nonce)
        given = visit.page("shared/problem.html", status=400, title="That form cannot be read", detail=f"{problem}.")
    except Exception:  # noqa: BLE001 - logged whole; the person gets a page
        logger().exception("unexpected error")
        visit = Visit(HttpRequest("GET", "/"), service, service.now(), nonce)
        given = visit.page(
            "shared/problem.html",
            status=500,
            title="Something broke on our side",
            detail="It was written down. Nothing that you did was half done: try again in a moment.",
        )
    return as_result(_with_headers(given, nonce), http_request)


def _answer(http_request: HttpRequest, service: Service, nonce: str) -> HttpResponse:
    now = service.now()
    visit = Visit(http_request, service, now, nonce)
    found = _route(http_request)
    if isinstance(found, HttpResponse):
        return found
    if found is None:
        return visit.page(
            "shared/problem.html", status=404, title="There is no such page", detail="The address leads nowhere."
        )
    route, parts = found
    if http_request.method == "POST" and not _is_ours(http_request, service.environment.public_url):
        return visit.page(
            "shared/problem.html",
            status=403,
            title="That came from elsewhere",
            detail=f"Forms are only taken from {origin_of(service.environment.public_url)}. Go there and try again.",
        )
    cookies: tuple[str, ...] = ()
    if route.needs_identity:
        identity, cookies = _identity(http_request, service)
        visit = replace(visit, identity=identity)
    visit = visit.at(parts)
    try:
        if route.needs_identity:
            _ = visit.who
        given = route.page(visit)
    except Unauthenticated:
        return _to_sign_in(visit)
    except ContentErased as error:
        return visit.page(
            "shared/problem.html",
            status=status_of(error),
            title="The texts were erased",
            detail="They cannot be read again.",
        )
    except NodbackError as error:
        given = _refusal(visit, error)
    return replace(given, cookies=(*given.cookies, *cookies))


def _route(http_request: HttpRequest) -> tuple[Route, Mapping[str, str]] | HttpResponse | None:
    """The route of a path; an answer of its own where the path exists and the method does not."""
    method = "GET" if http_request.method == "HEAD" else http_request.method
    others = set()
    for route in ROUTES:
        match = route.match(http_request.path)
        if match is not None:
            if route.method == method:
                return route, match
            others.add(route.method)
    if others:
        return HttpResponse(405, "", headers={"Allow": ", ".join(sorted(others))})
    return None


def _is_ours(http_request: HttpRequest, public_url: str) -> bool:
    """Whether a form was sent by one of our own pages."""
    origin = http_request.headers.get("origin")
    if origin is not None:
        return origin == origin_of(public_url)
    return http_request.headers.get("sec-fetch-site") == "same-origin"


def _identity(http_request: HttpRequest, service: Service) -> tuple[Identity | None, tuple[str, ...]]:
    """Who the cookie says it is, and a fresh cookie when that one is old."""
    text = http_request.cookies.get(SESSION_COOKIE)
    now = service.now()
    read = service.tokens.read_session(text, now=now) if text else None
    if read is None:
        return None, ()
    session_id, address, issued_at = read
    identity = identify(address, session_id, store=service.store, admins=service.environment.admin_addresses, now=now)
    if identity is None or (now - issued_at).total_seconds() < SESSION_RENEW_MINUTES * 60:
        return identity, ()
    return identity, (session_cookie(service, Session(address, session_id, identity.since or now)),)


def session_cookie(service: Service, session: Session) -> str:
    token = service.tokens.session(session, now=service.now())
    return set_cookie(SESSION_COOKIE, token, seconds=SESSION_DAYS * 86400)


def _to_sign_in(visit: Visit) -> HttpResponse:
    """To the sign-in page, and back here afterwards; a script that renews a part is told to load the whole."""
    wanted = (
        visit.http_request.path
        if visit.http_request.method == "GET" and is_path_of_ours(visit.http_request.path)
        else ""
    )
    if SEEN_HEADER in visit.http_request.headers:
        return HttpResponse(401)
    return visit.redirect("/sign-in", next=wanted if wanted != "/" else "")


def is_path_of_ours(path: str) -> bool:
    """Whether a path may be gone to after signing in: one of our pages, never another site."""
    return bool(re.fullmatch(r"/[A-Za-z0-9/_-]{0,200}", path)) and not path.startswith("//")


def _refusal(visit: Visit, error: NodbackError) -> HttpResponse:
    errors = error.errors if isinstance(error, InvalidInput) else ()
    status = status_of(error)
    detail = "" if errors else f"{error.detail[:1].upper()}{error.detail[1:]}."
    page = visit.page(
        "shared/problem.html",
        status=status,
        title=TITLES.get(type(error), "That cannot be saved"),
        detail=detail,
        errors=errors,
    )
    return replace(page, headers={**page.headers, **headers_of(status, error.facts)})


def _with_headers(given: HttpResponse, nonce: str) -> HttpResponse:
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            f"style-src 'nonce-{nonce}'",
            "font-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
    defaults = {"Cache-Control": "no-store", "Content-Security-Policy": policy, **HEADERS}
    return replace(given, headers={**defaults, **given.headers})
