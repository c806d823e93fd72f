"""The inbox: what waits, one's own first."""

from signoff_core.dashboard.visits import SEEN_HEADER, Visit, digest_of
from signoff_core.dashboard.web import Answer
from signoff_core.domain.addresses import InvalidAddress, normalise
from signoff_core.usecases.inbox import Inbox, InboxFilter, overdue, read_inbox


def page(visit: Visit) -> Answer:
    wanted = _wanted(visit)
    inbox = read_inbox(wanted, identity=visit.who, store=visit.store, now=visit.now)
    digest = _digest(inbox)
    if visit.asked.headers.get(SEEN_HEADER) == digest:
        return Answer(204)
    return visit.page(
        "inbox.html",
        inbox=inbox,
        wanted=wanted,
        typed_assignee=visit.asked.get("assignee"),
        digest=digest,
        here=visit.url(
            "/",
            deployment=wanted.deployment_id,
            method=wanted.method,
            assignee=wanted.assignee,
            overdue="yes" if wanted.overdue else "",
        ),
        is_overdue=lambda request: overdue(request, visit.now),
    )


def _wanted(visit: Visit) -> InboxFilter:
    number = visit.asked.get("deployment")
    assignee = visit.asked.get("assignee")
    try:
        assignee = normalise(assignee) if assignee else ""
    except InvalidAddress:
        assignee = "nobody@invalid"
    return InboxFilter(
        deployment_id=int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None,
        method=visit.asked.get("method")[:200],
        assignee=assignee,
        overdue=visit.asked.get("overdue") == "yes",
    )


def _digest(inbox: Inbox) -> str:
    """What the list looks like, so that a browser that shows it is told nothing again."""
    rows = [(r.request_id, r.version) for r in (*inbox.mine, *inbox.others)]
    return digest_of([rows, inbox.more])
