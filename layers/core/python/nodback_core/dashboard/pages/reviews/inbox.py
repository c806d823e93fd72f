"""The inbox: what waits, one's own first."""

from collections.abc import Callable

from nodback_core.dashboard.visits import SEEN_HEADER, Visit, digest_of
from nodback_core.dashboard.web import HttpResponse
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.usecases.reviews.inbox import MAX_DEPLOYMENTS_AT_ONCE, Inbox, InboxFilter, Turned, overdue, read_inbox


def page(visit: Visit) -> HttpResponse:
    wanted, problem = _wanted(visit)
    inbox = read_inbox(
        wanted,
        mine=_turned(visit, "mine"),
        others=_turned(visit, "others"),
        group=_number(visit, "group") or 1,
        identity=visit.who,
        store=visit.store,
        now=visit.now,
    )
    digest = _digest(inbox)
    if visit.http_request.headers.get(SEEN_HEADER) == digest:
        return HttpResponse(204)
    link = _links(visit, wanted)
    return visit.page(
        "reviews/inbox.html",
        status=422 if problem else 200,
        inbox=inbox,
        wanted=wanted,
        typed_assignee=visit.http_request.get("assignee"),
        problem=problem,
        digest=digest,
        link=link,
        group_size=MAX_DEPLOYMENTS_AT_ONCE,
        is_overdue=lambda request: overdue(request, visit.now),
    )


_PLACES = ("mine", "mine_from", "others", "others_from", "group")
"""The fields of the query that say how far the pages were turned."""


def _links(visit: Visit, wanted: InboxFilter) -> Callable[..., str]:
    """Makes the address of this page with some of its places changed."""
    filters = {
        "deployment": wanted.deployment_id,
        "method": wanted.method,
        "assignee": wanted.assignee,
        "overdue": "yes" if wanted.overdue else "",
    }
    here = {name: visit.http_request.get(name) for name in _PLACES}
    return lambda **changed: visit.url("/", **filters, **(here | changed))


def _turned(visit: Visit, name: str) -> Turned:
    return Turned(_number(visit, name) or 1, visit.http_request.get(f"{name}_from") or None)


def _number(visit: Visit, name: str) -> int | None:
    text = visit.http_request.get(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _wanted(visit: Visit) -> tuple[InboxFilter, str]:
    """The filter, and what is wrong with its assignee; one that cannot be read filters nothing."""
    assignee, problem = visit.http_request.get("assignee"), ""
    try:
        assignee = normalise(assignee) if assignee else ""
    except InvalidAddress:
        assignee, problem = "", "Type a whole mail address. Not filtered yet."
    wanted = InboxFilter(
        deployment_id=_number(visit, "deployment"),
        method=visit.http_request.get("method")[:200],
        assignee=assignee,
        overdue=visit.http_request.get("overdue") == "yes",
    )
    return wanted, problem


def _digest(inbox: Inbox) -> str:
    """What the list looks like, so that a browser that shows it is told nothing again."""
    parts = [
        ([(r.request_id, r.version) for r in part.items], part.page, part.total, part.cursor)
        for part in (inbox.mine, inbox.others)
    ]
    return digest_of([parts, inbox.group, inbox.groups])
