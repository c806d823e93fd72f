"""The way in: an address, a mail, and a click in the browser that asked."""

import re

from nodback_core.dashboard.visits import ASKED_COOKIE, SESSION_COOKIE, Visit
from nodback_core.dashboard.web import HttpResponse, set_cookie
from nodback_core.domain.people.sessions import SESSION_DAYS, SIGN_IN_MINUTES, Session, SignIn
from nodback_core.domain.shared.errors import FieldError, Gone, InvalidInput, TooManyAttempts
from nodback_core.statuses import status_of
from nodback_core.usecases.people.sign_in import Applicant, ask_to_sign_in, sign_in_by_code, sign_in_by_link
from nodback_core.usecases.shared.reading import read_one

_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_-]{0,200}")
_BROWSERS = ("Edg", "Firefox", "Chrome", "Safari")


def ask_page(visit: Visit) -> HttpResponse:
    """Which address?"""
    return _ask(visit, email="", next_path=_own_path(visit.http_request.get("next")))


def ask(visit: Visit) -> HttpResponse:
    """Whatever the address is, the answer is the same."""
    email, next_path = visit.http_request.field("email"), _own_path(visit.http_request.field("next"))
    service, secret = visit.service, visit.service.browser_secret()
    applicant = Applicant(service.new_id(), email, secret, visit.http_request.source_address, next_path)
    try:
        sign_in = ask_to_sign_in(applicant, store=service.store, bus=service.bus, now=visit.now)
    except InvalidInput as error:
        return _ask(visit, email=email, next_path=next_path, errors=error.errors, status=status_of(error))
    except TooManyAttempts as error:
        return _ask(
            visit, email=email, next_path=next_path, errors=(FieldError("", error.detail),), status=status_of(error)
        )
    cookie = set_cookie(ASKED_COOKIE, f"{sign_in.sign_in_id}.{secret}", seconds=SIGN_IN_MINUTES * 60)
    there = visit.redirect("/sign-in/check")
    return HttpResponse(there.status, "", headers=there.headers, cookies=(cookie,))


def check_page(visit: Visit) -> HttpResponse:
    """A mail may be on its way."""
    sign_in = _attempt(visit)
    if sign_in is None:
        return visit.redirect("/sign-in")
    return _check(visit, sign_in)


def by_code(visit: Visit) -> HttpResponse:
    """The code of the mail, typed into the browser that asked."""
    sign_in = _attempt(visit)
    if sign_in is None:
        return visit.redirect("/sign-in")
    service = visit.service
    try:
        session, used = sign_in_by_code(
            sign_in.sign_in_id,
            visit.http_request.field("code"),
            code=service.tokens.code(sign_in.sign_in_id),
            browser_secret=_asked(visit)[1],
            browser=_browser(visit),
            session_id=service.new_id(),
            organization_id=service.environment.organization_id,
            store=service.store,
            now=visit.now,
        )
    except InvalidInput as error:
        return _check(
            visit, sign_in, errors=tuple(FieldError("", e.message) for e in error.errors), status=status_of(error)
        )
    except Gone as error:
        return _ask(
            visit, email=sign_in.address, next_path="", errors=(FieldError("", error.detail),), status=status_of(error)
        )
    return _signed_in(visit, session, used)


def link_page(visit: Visit) -> HttpResponse:
    """A link in a mail is opened by scanners too: it shows a button, and a person presses that."""
    read = visit.service.tokens.read_link(visit.parts["token"], now=visit.now)
    usable = False
    if read is not None:
        sign_in = _attempt(visit)
        usable = sign_in is not None and sign_in.sign_in_id == read[0] and sign_in.is_open(now=visit.now)
    return visit.page(
        "people/sign_in_link.html", email=read[1] if read else "", token=visit.parts["token"], usable=usable
    )


def by_link(visit: Visit) -> HttpResponse:
    """The button of the link's page, in the browser that asked."""
    service = visit.service
    read = service.tokens.read_link(visit.parts["token"], now=visit.now)
    asked_id, secret = _asked(visit)
    if read is None or read[0] != asked_id:
        return visit.page("people/sign_in_link.html", status=410, email=read[1] if read else "", token="", usable=False)
    try:
        session, used = sign_in_by_link(
            asked_id,
            browser_secret=secret,
            browser=_browser(visit),
            session_id=service.new_id(),
            organization_id=service.environment.organization_id,
            store=service.store,
            now=visit.now,
        )
    except Gone as error:
        return visit.page("people/sign_in_link.html", status=status_of(error), email="", token="", usable=False)
    return _signed_in(visit, session, used)


def _signed_in(visit: Visit, session: Session, used: SignIn) -> HttpResponse:
    token = visit.service.tokens.session(session, now=visit.now)
    there = visit.redirect(_own_path(used.next_path) or "/")
    cookies = (
        set_cookie(SESSION_COOKIE, token, seconds=SESSION_DAYS * 86400),
        set_cookie(ASKED_COOKIE, "", seconds=0),
    )
    return HttpResponse(there.status, "", headers=there.headers, cookies=cookies)


def _ask(
    visit: Visit, *, email: str, next_path: str, errors: tuple[FieldError, ...] = (), status: int = 200
) -> HttpResponse:
    return visit.page("people/sign_in.html", status=status, email=email, next=next_path, errors=errors)


def _check(visit: Visit, sign_in: SignIn, *, errors: tuple[FieldError, ...] = (), status: int = 200) -> HttpResponse:
    return visit.page("people/sign_in_check.html", status=status, email=sign_in.address, errors=errors)


def _asked(visit: Visit) -> tuple[str, str]:
    """The attempt that this browser began, and its secret."""
    sign_in_id, _, secret = visit.http_request.cookies.get(ASKED_COOKIE, "").partition(".")
    return sign_in_id, secret


def _attempt(visit: Visit) -> SignIn | None:
    sign_in_id, secret = _asked(visit)
    if not sign_in_id:
        return None
    row = SignIn.at(sign_in_id)
    sign_in = read_one(row, store=visit.store)
    return sign_in if sign_in is not None and sign_in.is_from(secret) else None


def _own_path(path: str) -> str:
    """A path of ours to go to afterwards; empty for anything else."""
    return path if _PATH.fullmatch(path) else ""


def _browser(visit: Visit) -> str:
    """What the browser calls itself, in a word or two."""
    agent = visit.http_request.headers.get("user-agent", "")
    name = next((b for b in _BROWSERS if b in agent), "A browser").replace("Edg", "Edge")
    systems = {"Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "Mac OS": "macOS", "Linux": "Linux"}
    system = next((told for mark, told in systems.items() if mark in agent), "")
    return f"{name} on {system}" if system else name
