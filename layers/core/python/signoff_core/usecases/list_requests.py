"""Lists of requests: pending ones by age, closed ones by month within a range of days; never a scan."""

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice

from signoff_core.domain.addresses import InvalidAddress, normalise
from signoff_core.domain.callers import Caller
from signoff_core.domain.cursors import cursor_at, place_of, wrong_cursor
from signoff_core.domain.days import check_days
from signoff_core.domain.deployments import Scope
from signoff_core.domain.errors import FieldError, InvalidInput
from signoff_core.domain.records import Index
from signoff_core.domain.requests import PENDING_SHARDS, Request, Status
from signoff_core.ports import Page, Store

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
    cursor = None if question.cursor is None else _place(question.cursor, of)
    if question.status is Wanted.PENDING:
        rows = _pending(question, deployment_id, address, cursor, store)
    else:
        assert deployment_id is not None
        rows = _closed(question, deployment_id, cursor, store, now)
    return _page(question, rows, deployment_id, address, of=of)


def _page(
    question: Question, rows: Iterator[Request], deployment_id: int | None, address: str | None, *, of: str
) -> Page[Request]:
    found: list[Request] = []
    for looked_at, request in enumerate(rows, start=1):
        fits = (
            question.status.fits(request.status)
            and (deployment_id is None or request.deployment_id == deployment_id)
            and (address is None or request.assignment.address == address)
        )
        if fits and len(found) == question.limit:
            return Page(tuple(found), cursor_at(_sort(found[-1]), of=of))
        if fits:
            found.append(request)
        if looked_at == MAX_LOOKED_AT:
            return Page(tuple(found), cursor_at(_sort(request), of=of))
    return Page(tuple(found), None)


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
    return heapq.merge(*walks, key=_sort)


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


def _sort(request: Request) -> str:
    """The place of a request in every list by opening."""
    return request.indexes[Index.BY_MONTH].sort


def _place(cursor: str, of: str) -> str:
    place = place_of(cursor, of=of)
    if not _PLACE.fullmatch(place):
        raise wrong_cursor()
    return place
