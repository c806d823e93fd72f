"""What was decided: by flow, method, reviewer, outcome, channel and date."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from nodback_core.domain.deployments.globs import matches_glob
from nodback_core.domain.people.members import Identity
from nodback_core.domain.reviews.options import match_option
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.records import Index
from nodback_core.ports import Page, Store
from nodback_core.usecases.reviews.list_requests import Question, Wanted, list_requests

HISTORY_LIMIT = 50
MAX_PAGES_READ = 10
"""How far one call looks for rare matches; the next page goes on from there."""


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """What is looked for; empty means everything. Days are those of the opening, both included."""

    deployment_id: int | None = None
    flow: str = ""
    method: str = ""
    reviewer: str = ""
    outcome: str = ""
    source: str = ""
    first_day: date | None = None
    last_day: date | None = None

    def fits(self, request: Request) -> bool:
        decision = request.decision
        return (
            (not self.flow or self.flow in (request.flow_id, request.flow_name))
            and (not self.method or matches_glob(self.method, request.method_name))
            and (not self.reviewer or (decision is not None and decision.responder == self.reviewer))
            and (not self.source or (decision is not None and decision.source.value == self.source))
            and (not self.outcome or self._is_outcome(request))
        )

    def _is_outcome(self, request: Request) -> bool:
        if request.decision is None:
            return self.outcome == request.status.value
        if request.outcome is None:
            return self.outcome == "free text"
        return match_option(self.outcome, [request.outcome]) is not None


def read_history(
    wanted: HistoryFilter, *, cursor: str | None, identity: Identity, store: Store, now: datetime
) -> Page[Request]:
    """Closed requests, the newest first: of a deployment for who manages it, else one's own answers.

    Raises InvalidInput for a range of days or a cursor that is none.
    """
    if wanted.deployment_id is None or not identity.manages(wanted.deployment_id):
        return _own(wanted, cursor=cursor, identity=identity, store=store)
    found: list[Request] = []
    for _ in range(MAX_PAGES_READ):
        question = Question(
            Wanted.CLOSED,
            deployment_id=wanted.deployment_id,
            first_day=wanted.first_day,
            last_day=wanted.last_day,
            limit=HISTORY_LIMIT - len(found),
            cursor=cursor,
        )
        caller = identity.within(wanted.deployment_id)
        page = list_requests(question, caller=caller, store=store, now=now)
        found += [r for r in page.items if wanted.fits(r)]
        cursor = page.cursor
        if cursor is None or len(found) >= HISTORY_LIMIT:
            break
    return Page(tuple(found), cursor)


def _own(wanted: HistoryFilter, *, cursor: str | None, identity: Identity, store: Store) -> Page[Request]:
    """What this person answered, by the time of the answer."""
    page = store.list(
        Request, Index.BY_RESPONDER, identity.address, newest_first=True, limit=HISTORY_LIMIT, cursor=cursor
    )
    return Page(tuple(_fitting(page.items, wanted, identity)), page.cursor)


def _fitting(requests: tuple[Request, ...], wanted: HistoryFilter, identity: Identity) -> Iterator[Request]:
    for request in requests:
        caller = identity.within(request.deployment_id)
        if wanted.deployment_id not in (None, request.deployment_id) or not wanted.fits(request):
            continue
        day = request.opened_at.date()
        if (wanted.first_day and day < wanted.first_day) or (wanted.last_day and day > wanted.last_day):
            continue
        if caller.sees(request.deployment_id, request.assignment.address):
            yield request
