"""A request as its reviewer needs it: the texts, how it came to them, and what was asked before."""

from collections.abc import Mapping
from dataclasses import dataclass

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.people.members import Identity
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.errors import NotFound
from nodback_core.ports import Storage, Store
from nodback_core.usecases.deployments.register import settings_of
from nodback_core.usecases.replies.add_sender import refused_senders
from nodback_core.usecases.reviews.read_requests import ReadRequest, read_request, read_timeline
from nodback_core.usecases.shared.reading import read_one

MAX_EARLIER = 10


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that the review page shows; `before` is the request before this one, for who may see it."""

    view: ReadRequest
    deployment_name: str
    entries: tuple[Entry, ...]
    reasons: Mapping[int, str]
    later_entries: str | None
    earlier: tuple[Request, ...]
    """Earlier requests of the flow, the newest first; only those that this person may see."""
    before: ReadRequest | None
    newer_id: str | None
    refused_senders: tuple[str, ...] = ()
    """Addresses of refused replies that the assignee may call their own: they can be added to their senders."""
    own_senders: tuple[str, ...] = ()
    """The addresses whose replies count for the assignee, the assignee's own first."""

    @property
    def request(self) -> Request:
        return self.view.request


def read_review(request_id: str, *, identity: Identity, storage: Storage, cursor: str | None = None) -> Review:
    """A page of its entries is read, the one of `cursor`. Raises NotFound where none is for this person to see."""
    found = read_one(Request.at(request_id), store=storage.store)
    if found is None:
        raise NotFound(f"there is no request {request_id}")
    caller = identity.within(found.deployment_id)
    view = read_request(request_id, caller=caller, storage=storage)
    timeline = read_timeline(request_id, caller=caller, storage=storage, cursor=cursor)
    earlier = _earlier(view.request, identity=identity, store=storage.store)
    before = None
    if earlier and earlier[0].request_id == view.request.previous:
        before = read_request(earlier[0].request_id, caller=caller, storage=storage)
    deployment = read_one(Deployment.at(found.deployment_id), store=storage.store)
    assignee = view.request.assignment.address
    own = settings_of(deployment).senders_for(assignee) if deployment else (assignee,)
    return Review(
        view=view,
        deployment_name=deployment.name if deployment else "",
        entries=timeline.entries.items,
        reasons=timeline.reasons,
        later_entries=timeline.entries.cursor,
        earlier=earlier,
        before=before,
        newer_id=view.request.superseded_by,
        refused_senders=tuple(one for one in refused_senders(timeline.entries.items) if one not in own),
        own_senders=own,
    )


def _earlier(request: Request, *, identity: Identity, store: Store) -> tuple[Request, ...]:
    """Back through the flow, as far as is shown; what belongs to others is passed over."""
    found: list[Request] = []
    caller = identity.within(request.deployment_id)
    previous, steps = request.previous, 0
    while previous is not None and steps < MAX_EARLIER:
        earlier = read_one(Request.at(previous), store=store)
        if earlier is None:
            break
        if caller.sees(earlier.deployment_id, earlier.assignment.address):
            found.append(earlier)
        previous, steps = earlier.previous, steps + 1
    return tuple(found)
