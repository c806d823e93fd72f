"""What waits: one's own requests first, then those of the deployments that one manages."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from signoff_core.domain.deployments import Deployment
from signoff_core.domain.globs import matches_glob
from signoff_core.domain.members import Identity
from signoff_core.domain.records import Key, Record
from signoff_core.domain.requests import Request
from signoff_core.domain.times import stamp
from signoff_core.ports import Store
from signoff_core.usecases.list_requests import Question, list_requests

INBOX_LIMIT = 50
MAX_DEPLOYMENTS_AT_ONCE = 5
"""Of how many deployments the inbox shows what others have to answer, when none is chosen."""


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


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits for this person, and what waits for others in deployments that they manage; both by age."""

    mine: tuple[Request, ...]
    others: tuple[Request, ...]
    deployments: tuple[Deployment, ...]
    """Those that can be chosen."""
    more: bool
    """Whether there is more than is shown."""
    unasked: int
    """Of how many managed deployments nothing is shown because there are too many."""
    names: dict[int, str]


def read_inbox(wanted: InboxFilter, *, identity: Identity, store: Store, now: datetime) -> Inbox:
    """The inbox; how much it reads depends on what it shows, not on how much there is."""
    own = Question(assigned_to=identity.address, deployment_id=wanted.deployment_id, limit=INBOX_LIMIT)
    caller = identity.within(wanted.deployment_id) if wanted.deployment_id else identity.anywhere()
    page = list_requests(own, caller=caller, store=store, now=now)
    mine = [r for r in page.items if _fits(r, wanted, now)] if wanted.assignee in ("", identity.address) else []
    more = page.cursor is not None
    choices = managed_deployments(identity, store=store)
    chosen = [d for d in choices if wanted.deployment_id in (None, d.deployment_id)]
    lists: list[Iterable[Request]] = []
    for deployment in chosen[:MAX_DEPLOYMENTS_AT_ONCE]:
        asked = Question(assigned_to=wanted.assignee or None, deployment_id=deployment.deployment_id, limit=INBOX_LIMIT)
        listed = list_requests(asked, caller=identity.within(deployment.deployment_id), store=store, now=now)
        more = more or listed.cursor is not None
        lists.append(listed.items)
    merged = heapq.merge(*lists, key=lambda r: (stamp(r.opened_at), r.request_id))
    others = [r for r in merged if r.assignment.address != identity.address and _fits(r, wanted, now)]
    names = {d.deployment_id: d.name for d in choices}
    names |= _names({r.deployment_id for r in mine} - names.keys(), store=store)
    return Inbox(
        mine=tuple(sorted(mine, key=_urgency)),
        others=tuple(sorted(others[:INBOX_LIMIT], key=_urgency)),
        deployments=choices,
        more=more or len(others) > INBOX_LIMIT,
        unasked=max(0, len(chosen) - MAX_DEPLOYMENTS_AT_ONCE),
        names=names,
    )


def managed_deployments(identity: Identity, *, store: Store) -> tuple[Deployment, ...]:
    """The deployments that this person manages, by id; for an admin the first page of all."""
    if identity.is_admin:
        return store.children(Deployment, "deployments", "", limit=100).items
    keys: list[Key[Record]] = [Deployment.at(number) for number in identity.managed[:100]]
    fetched = store.fetch(*keys) if keys else None
    found = [fetched[Deployment.at(number)] for number in identity.managed[:100]] if fetched else []
    return tuple(d for d in found if d is not None)


def overdue(request: Request, now: datetime) -> bool:
    """Whether its target time has passed."""
    return request.sla_due_at is not None and request.sla_due_at <= now


def _fits(request: Request, wanted: InboxFilter, now: datetime) -> bool:
    if wanted.method and not matches_glob(wanted.method, request.method_name):
        return False
    return not wanted.overdue or overdue(request, now)


def _urgency(request: Request) -> tuple[str, str]:
    """By what happens next, then by age."""
    moments = [m for m in (request.sla_due_at, request.wake_at) if m is not None]
    return (stamp(min(moments)) if moments else "9", stamp(request.opened_at))


def _names(numbers: Iterable[int], *, store: Store) -> dict[int, str]:
    keys: list[Key[Record]] = [Deployment.at(number) for number in sorted(numbers)[:100]]
    if not keys:
        return {}
    fetched = store.fetch(*keys)
    found = [fetched[Deployment.at(number)] for number in sorted(numbers)[:100]]
    return {d.deployment_id: d.name for d in found if d is not None}
