"""Where one is signed in, and the way out."""

from nodback_core.dashboard.visits import SESSION_COOKIE, Visit
from nodback_core.dashboard.web import HttpResponse, set_cookie
from nodback_core.usecases.people.sessions import live_sessions, sign_out


def page(visit: Visit) -> HttpResponse:
    return visit.page("people/account.html", sessions=live_sessions(visit.who, store=visit.store, now=visit.now))


def leave(visit: Visit) -> HttpResponse:
    """Sign out here, or everywhere."""
    sign_out(visit.who, everywhere=visit.http_request.field("everywhere") == "yes", store=visit.store, now=visit.now)
    there = visit.redirect("/sign-in")
    return HttpResponse(there.status, "", headers=there.headers, cookies=(set_cookie(SESSION_COOKIE, "", seconds=0),))
