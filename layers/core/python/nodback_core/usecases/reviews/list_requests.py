"""Lists of requests: pending ones by age, closed ones by month within a range of days; never a scan."""

import heapq
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.requests import PENDING_SHARDS, Request, Status
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.cursors import cursor_at, place_of, wrong_cursor
from nodback_core.domain.shared.days import check_days
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.domain.shared.records import Index
from nodback_core.ports import Page, Store

MAX_LIMIT = 100
MAX_RANGE_DAYS = 366
DEFAULT_RANGE_DAYS = 31
MAX_LOOKED_AT = 500
"""How many rows one call reads at most: a rare match is found over several pages."""
_PLACE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[0-9a-f-]{36}")


class Wanted(StrEnum):
    """Which requests a list shows."""

    PENDING = "pending"
    RESPONDED = "responded"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    CLOSED = "closed"

    def fits(self, status: Status) -> bool:
        return status is not Status.PENDING if self is Wanted.CLOSED else status == self.value


@dataclass(frozen=True, slots=True)
class Question:
    """What a list is asked for; days are those of the opening, both included."""

    status: Wanted = Wanted.PENDING
    assigned_to: str | None = None
    deployment_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    limit: int = 50
    cursor: str | None = None


def list_requests(question: Question, *, caller: Caller, store: Store, now: datetime) -> Page[Request]:
    """Pending requests, the oldest first, or closed ones, the newest first.

    Closed ones are looked for within `DEFAULT_RANGE_DAYS` up to today unless days are given. A page may hold fewer than
    `limit` and still have a cursor. Raises InvalidInput for an address, a range or a cursor that is none.
    """
    caller.require(Scope.RESPOND, Scope.MANAGE, Scope.INSTALL)
    deployment_id = _deployment(question, caller)
    check_days(question.first_day, question.last_day)
    address = _address(caller.only_address or question.assigned_to)
    of = f"requests {question.status} {deployment_id or ''} {address or ''}"
    behind = None if question.cursor is None else place_in(question.cursor, of)
    looked = _look(question, deployment_id, address, behind, store=store, now=now)
    return Page(looked.items, None if looked.until is None else cursor_at(looked.until, of=of))


@dataclass(frozen=True, slots=True)
class Looked:
    """What fits among the rows that one look at a list went through."""

    items: tuple[Request, ...]
    until: str | None
    """The place behind which the list goes on; None at its end."""


def look_behind(question: Question, behind: str | None, *, caller: Caller, store: Store, now: datetime) -> Looked:
    """The same as `list_requests`, from a place instead of the question's cursor; for lists that are merged."""
    deployment_id = _deployment(question, caller)
    address = _address(caller.only_address or question.assigned_to)
    return _look(question, deployment_id, address, behind, store=store, now=now)


def _look(
    question: Question,
    deployment_id: int | None,
    address: str | None,
    cursor: str | None,
    *,
    store: Store,
    now: datetime,
) -> Looked:
    if question.status is Wanted.PENDING:
        rows = _pending(question, deployment_id, address, cursor, store)
    else:
        assert deployment_id is not None
        rows = _closed(question, deployment_id, cursor, store, now)

    def fits(request: Request) -> bool:
        return (
            question.status.fits(request.status)
            and (deployment_id is None or request.deployment_id == deployment_id)
            and (address is None or request.assignment.address == address)
        )

    return _fitting(rows, fits, question.limit)


def look_for(address: str, *, fits: Callable[[Request], bool], behind: str | None, store: Store) -> Looked:
    """What waits for an address in any deployment, the oldest first: those of `MAX_LOOKED_AT` rows that `fits` allows.

    Who may see them is for `fits` to say.
    """
    question = Question(limit=MAX_LOOKED_AT)
    rows = _pending(question, None, address, behind, store)
    return _fitting(rows, lambda request: request.status is Status.PENDING and fits(request), MAX_LOOKED_AT)


def _fitting(rows: Iterable[Request], fits: Callable[[Request], bool], limit: int) -> Looked:
    found: list[Request] = []
    last: Request | None = None
    for looked_at, request in enumerate(rows):
        if looked_at == MAX_LOOKED_AT and last is not None:
            return Looked(tuple(found), opening_place(last))
        if fits(request):
            if len(found) == limit:
                return Looked(tuple(found), opening_place(found[-1]))
            found.append(request)
        last = request
    return Looked(tuple(found), None)


def _pending(
    question: Question, deployment_id: int | None, address: str | None, cursor: str | None, store: Store
) -> Iterator[Request]:
    """By age; the shards of a deployment are merged, each read only as far as it is needed."""
    first = question.first_day.isoformat() if question.first_day else None
    # The next text after the place where the last page ended.
    after = f"{cursor}!" if cursor is not None else first
    before = _day_after(question.last_day) if question.last_day else None
    if address is not None:
        index, partitions, size = Index.PENDING_BY_ASSIGNEE, [address], question.limit + 1
    else:
        index, size = Index.PENDING_BY_DEPLOYMENT, question.limit // PENDING_SHARDS + 5
        partitions = [f"{deployment_id}#{shard}" for shard in range(PENDING_SHARDS)]
    walks = [
        _walk(index, partition, store=store, after=after, before=before, size=size, newest_first=False)
        for partition in partitions
    ]
    return heapq.merge(*walks, key=opening_place)


def _closed(
    question: Question, deployment_id: int, cursor: str | None, store: Store, now: datetime
) -> Iterator[Request]:
    """By the time of opening, month by month, the newest first."""
    last = question.last_day or now.date()
    first = question.first_day or last - timedelta(days=DEFAULT_RANGE_DAYS)
    if not 0 <= (last - first).days <= MAX_RANGE_DAYS:
        problem = f"the range of days must have its beginning first and be at most {MAX_RANGE_DAYS} days long"
        raise InvalidInput((FieldError("from", problem),))
    before = _day_after(last) if cursor is None else min(cursor, _day_after(last))
    months = [m for m in _months(first, last) if m <= before[:7]]
    for month in months:
        yield from _walk(
            Index.BY_MONTH,
            f"{deployment_id}#{month}",
            store=store,
            after=first.isoformat(),
            before=before,
            size=question.limit + 1,
            newest_first=True,
        )


def _walk(
    index: Index,
    partition: str,
    *,
    store: Store,
    after: str | None,
    before: str | None,
    size: int,
    newest_first: bool,
) -> Iterator[Request]:
    """One partition of a list, read a page at a time and only when somebody asks for more."""
    if after is not None and before is not None and after >= before:
        # A cursor beyond the days asked for: nothing is left, and DynamoDB refuses a range whose ends are swapped.
        return
    cursor = None
    while True:
        page = store.list(
            Request,
            index,
            partition,
            after=after,
            before=before,
            limit=size,
            cursor=cursor,
            newest_first=newest_first,
        )
        yield from page.items
        if page.cursor is None:
            return
        cursor = page.cursor


def _months(first: date, last: date) -> list[str]:
    """The months from `last` back to `first`, as ``2026-03``."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    numbers = range(last.year * 12 + last.month - 1, -1, -1)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in islice(numbers, count)]


def _deployment(question: Question, caller: Caller) -> int | None:
    if question.deployment_id is not None:
        caller.check_deployment(question.deployment_id)
        return question.deployment_id
    if caller.deployment_id is not None:
        return caller.deployment_id
    if question.status is Wanted.PENDING and (caller.only_address or question.assigned_to) is not None:
        return None
    raise InvalidInput((FieldError("deployment_id", "say which deployment: the install key may see all of them"),))


def _address(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return normalise(text)
    except InvalidAddress as error:
        raise InvalidInput((FieldError("assigned_to", str(error)),)) from None


def _day_after(day: date) -> str:
    return (day + timedelta(days=1)).isoformat()


def opening_place(request: Request) -> str:
    """The place of a request in every list by opening: its moment, then its id."""
    return request.indexes[Index.BY_MONTH].sort


def place_in(cursor: str, of: str) -> str:
    """The place that a cursor of the list `of` goes on behind. Raises InvalidInput for any other."""
    place = place_of(cursor, of=of)
    if not _PLACE.fullmatch(place):
        raise wrong_cursor()
    return place
