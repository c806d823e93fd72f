"""What was decided, and by whom."""

from datetime import date

from nodback_core.dashboard.visits import Visit
from nodback_core.dashboard.web import HttpResponse
from nodback_core.domain.reviews.requests import Request, Source
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.ports import Page
from nodback_core.usecases.reviews.history import HistoryFilter, read_history
from nodback_core.usecases.reviews.inbox import managed_deployments


def page(visit: Visit) -> HttpResponse:
    choices = managed_deployments(visit.who, store=visit.store, also=_deployment(visit))
    errors: tuple[FieldError, ...] = ()
    wanted = HistoryFilter()
    found: Page[Request] = Page((), None)
    try:
        wanted = _wanted(visit, [d.deployment_id for d in choices])
        cursor = visit.http_request.get("cursor") or None
        found = read_history(wanted, cursor=cursor, identity=visit.who, store=visit.store, now=visit.now)
    except InvalidInput as error:
        errors = error.errors
    except ValueError:
        errors = (FieldError("cursor", "this page of the list is gone: begin again"),)
    keep = {name: visit.http_request.get(name) for name in _FIELDS}
    return visit.page(
        "reviews/history.html",
        status=422 if errors else 200,
        found=found,
        wanted=wanted,
        typed=keep,
        choices=choices,
        names={d.deployment_id: d.name for d in choices},
        sources=[s.value for s in Source],
        errors=errors,
        next_page=visit.url("/history", **keep, cursor=found.cursor) if found.cursor else "",
        is_filtered=any(value for name, value in keep.items() if name != "deployment"),
    )


_FIELDS = ("deployment", "flow", "method", "reviewer", "outcome", "source", "from", "to")


def _wanted(visit: Visit, known: list[int]) -> HistoryFilter:
    http_request = visit.http_request
    deployment_id = _deployment(visit)
    if deployment_id is None and known and http_request.get("deployment") != "mine":
        deployment_id = known[0]
    reviewer = http_request.get("reviewer")
    try:
        reviewer = normalise(reviewer) if reviewer and "@" in reviewer else reviewer
    except InvalidAddress as error:
        raise InvalidInput((FieldError("reviewer", str(error)),)) from None
    return HistoryFilter(
        deployment_id=deployment_id,
        flow=http_request.get("flow")[:200],
        method=http_request.get("method")[:200],
        reviewer=reviewer[:320],
        outcome=http_request.get("outcome")[:100],
        source=http_request.get("source")[:20],
        first_day=_day(http_request.get("from"), "from"),
        last_day=_day(http_request.get("to"), "to"),
    )


def _deployment(visit: Visit) -> int | None:
    number = visit.http_request.get("deployment")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None


def _day(text: str, name: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput((FieldError(name, "must be a day such as 2026-11-22"),)) from None
