"""What waits: one's own requests first, then those of the deployments that one manages.

Both lists are looked through from the oldest on, at most `MAX_LOOKED_AT` rows at a time. What fits is sorted by what is
due next and shown page by page; where the list goes on, the part says so and names the cursor that goes on with it.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.deployments.globs import matches_glob
from nodback_core.domain.people.members import Identity
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.cursors import cursor_at, place_of
from nodback_core.domain.shared.records import Key, Record
from nodback_core.domain.shared.times import moment, stamp
from nodback_core.ports import Page, Store
from nodback_core.usecases.reviews.list_requests import (
    MAX_LOOKED_AT,
    Question,
    look_behind,
    look_for,
    opening_place,
    place_in,
)

PAGE_ROWS = 50
INBOX = "inbox"
"""The list that the inbox's cursors are of: whatever is looked for, places are those of the openings."""
MAX_DEPLOYMENTS_AT_ONCE = 5
"""In how many deployments one look searches for what others have to answer, when none is chosen."""
DEPLOYMENTS_PAGE = 100
MANAGED = "managed deployments"
"""The list that its cursors are of."""
MAX_CHOICES = 1000
"""How many deployments a form offers; a page says where its list ends."""


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """What is looked for; empty means everything."""

    deployment_id: int | None = None
    method: str = ""
    """A name or a pattern, as in rules."""
    assignee: str = ""
    overdue: bool = False

    @property
    def is_set(self) -> bool:
        return self != InboxFilter()

    def fits(self, request: Request, now: datetime) -> bool:
        if self.deployment_id not in (None, request.deployment_id):
            return False
        if self.method and not matches_glob(self.method, request.method_name):
            return False
        return not self.overdue or overdue(request, now)


@dataclass(frozen=True, slots=True)
class Turned:
    """How far somebody has turned the pages of one list."""

    page: int = 1
    cursor: str | None = None
    """Where this look at the list begins; None for the oldest."""


@dataclass(frozen=True, slots=True)
class Part:
    """One page of what fits among the rows that one look at a list went through."""

    items: tuple[Request, ...] = ()
    page: int = 1
    total: int = 0
    """How many fit in this look."""
    cursor: str | None = None
    """Where the next look begins; None when nothing is left."""
    is_later: bool = False
    """Whether this look began behind the oldest."""

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_ROWS))

    @property
    def first(self) -> int:
        """The number of the first item, from 1."""
        return (self.page - 1) * PAGE_ROWS + 1

    @property
    def is_all(self) -> bool:
        """Whether `total` counts the whole list."""
        return self.cursor is None and not self.is_later

    @property
    def looked_until(self) -> datetime | None:
        """When the last row of this look was opened; None at the end of the list."""
        return None if self.cursor is None else moment(place_in(self.cursor, INBOX).partition("#")[0])


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits for this person, and what waits for others in deployments that they manage."""

    mine: Part
    others: Part
    deployments: tuple[Deployment, ...]
    """Those that can be chosen."""
    group: int = 1
    groups: int = 1
    """Without a choice, what others have to answer is looked for in `MAX_DEPLOYMENTS_AT_ONCE` of them at a time."""
    names: dict[int, str] = field(default_factory=dict)

    @property
    def goes_on(self) -> bool:
        """Whether something was not looked through that comes later."""
        return self.mine.cursor is not None or self.others.cursor is not None or self.group < self.groups

    @property
    def is_all(self) -> bool:
        """Whether everything was looked through."""
        return self.mine.is_all and self.others.is_all and self.groups == 1


def read_inbox(
    wanted: InboxFilter,
    *,
    mine: Turned = Turned(),
    others: Turned = Turned(),
    group: int = 1,
    identity: Identity,
    store: Store,
    now: datetime,
) -> Inbox:
    """The inbox; it reads a bounded number of rows. Raises InvalidInput for an invalid cursor."""
    own = Part()
    if wanted.assignee in ("", identity.address):
        looked = look_for(identity.address, fits=lambda r: wanted.fits(r, now), behind=_behind(mine), store=store)
        own = _part(looked.items, looked.until, mine)
    choices = managed_deployments(identity, store=store, also=wanted.deployment_id)
    chosen = [d for d in choices if wanted.deployment_id in (None, d.deployment_id)]
    groups = 1 if wanted.assignee else max(1, -(-len(chosen) // MAX_DEPLOYMENTS_AT_ONCE))
    group = min(max(group, 1), groups)
    if wanted.assignee:
        theirs = _of_assignee(wanted, others, identity=identity, store=store, now=now)
    else:
        start = (group - 1) * MAX_DEPLOYMENTS_AT_ONCE
        asked = chosen[start : start + MAX_DEPLOYMENTS_AT_ONCE]
        theirs = _of_deployments(asked, wanted, others, identity=identity, store=store, now=now)
    names = {d.deployment_id: d.name for d in choices}
    unnamed = {r.deployment_id for r in (*own.items, *theirs.items)} - names.keys()
    names |= {d.deployment_id: d.name for d in _fetch(sorted(unnamed), store=store)}
    return Inbox(own, theirs, choices, group, groups, names)


def _of_assignee(wanted: InboxFilter, turned: Turned, *, identity: Identity, store: Store, now: datetime) -> Part:
    """What waits for somebody else, in all deployments that this person manages."""
    if wanted.assignee == identity.address:
        return Part()
    looked = look_for(
        wanted.assignee,
        fits=lambda r: identity.manages(r.deployment_id) and wanted.fits(r, now),
        behind=_behind(turned),
        store=store,
    )
    return _part(looked.items, looked.until, turned)


def _of_deployments(
    asked: Sequence[Deployment],
    wanted: InboxFilter,
    turned: Turned,
    *,
    identity: Identity,
    store: Store,
    now: datetime,
) -> Part:
    """What waits for others in these deployments, as far as all of them were looked through."""
    if not asked:
        return Part()
    pages = [
        look_behind(
            Question(deployment_id=d.deployment_id, limit=MAX_LOOKED_AT // len(asked)),
            _behind(turned),
            caller=identity.within(d.deployment_id),
            store=store,
            now=now,
        )
        for d in asked
    ]
    end = min((page.until for page in pages if page.until is not None), default=None)
    merged = heapq.merge(*(page.items for page in pages), key=opening_place)
    found = [
        r
        for r in merged
        if (end is None or opening_place(r) <= end) and r.assignment.address != identity.address and wanted.fits(r, now)
    ]
    return _part(found, end, turned)


def _behind(turned: Turned) -> str | None:
    """The place behind which a look begins."""
    return None if turned.cursor is None else place_in(turned.cursor, INBOX)


def _part(found: Sequence[Request], until: str | None, turned: Turned) -> Part:
    cursor = None if until is None else cursor_at(until, of=INBOX)
    part = Part((), 1, len(found), cursor, turned.cursor is not None)
    page = min(max(turned.page, 1), part.pages)
    start = (page - 1) * PAGE_ROWS
    shown = tuple(sorted(found, key=_urgency)[start : start + PAGE_ROWS])
    return Part(shown, page, len(found), cursor, turned.cursor is not None)


def managed_deployments(identity: Identity, *, store: Store, also: int | None = None) -> tuple[Deployment, ...]:
    """The deployments that this person manages, by id: the first `MAX_CHOICES`, and the one that is chosen."""
    found: list[Deployment] = []
    cursor = None
    while True:
        page = list_managed(identity, cursor=cursor, store=store)
        found += page.items
        if (cursor := page.cursor) is None or len(found) >= MAX_CHOICES:
            break
    found = found[:MAX_CHOICES]
    if also is not None and identity.manages(also) and also not in {d.deployment_id for d in found}:
        found += _fetch([also], store=store)
    return tuple(found)


def list_managed(identity: Identity, *, cursor: str | None, store: Store) -> Page[Deployment]:
    """A page of the deployments that this person manages, by id; for an admin, of all."""
    if identity.is_admin:
        return store.children(Deployment, "deployments", "", limit=DEPLOYMENTS_PAGE, cursor=cursor)
    after = 0 if cursor is None else int(place_of(cursor, of=MANAGED))
    behind = [n for n in sorted(identity.managed) if n > after]
    numbers = behind[:DEPLOYMENTS_PAGE]
    goes_on = len(behind) > len(numbers)
    return Page(tuple(_fetch(numbers, store=store)), cursor_at(str(numbers[-1]), of=MANAGED) if goes_on else None)


def overdue(request: Request, now: datetime) -> bool:
    """Whether its target time has passed."""
    return request.sla_due_at is not None and request.sla_due_at <= now


def _urgency(request: Request) -> tuple[str, str]:
    """By what happens next, then by age."""
    moments = [m for m in (request.sla_due_at, request.wake_at) if m is not None]
    return (stamp(min(moments)) if moments else "9", stamp(request.opened_at))


def _fetch(numbers: Iterable[int], *, store: Store) -> list[Deployment]:
    """At most 100 deployments by their numbers; those that are there."""
    keys = [Deployment.at(number) for number in numbers]
    asked: list[Key[Record]] = [*keys]
    fetched = store.fetch(*asked) if asked else None
    return [d for key in keys if fetched and (d := fetched[key]) is not None]
