"""Looking at requests, their timelines and flows."""

from dataclasses import dataclass

from signoff_core.domain.callers import Caller
from signoff_core.domain.contents import Content, ContentKey, ContentKind
from signoff_core.domain.deployments import Scope
from signoff_core.domain.errors import NotFound
from signoff_core.domain.flows import Flow
from signoff_core.domain.requests import Request, ResumeStatus
from signoff_core.ports import ContentErased, Entries, Objects, Store, Vault
from signoff_core.usecases.contents import (
    JsonValue,
    Shown,
    Words,
    open_key,
    read_content,
    shown_of,
    words_of,
)

TIMELINE_PAGE = 100


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request with the texts that its reader may see; None for what was erased or is not there yet."""

    request: Request
    shown: Shown | None
    words: Words | None


def read_request(request_id: str, *, caller: Caller, store: Store, vault: Vault, objects: Objects) -> RequestView:
    """Raises NotFound for another deployment's request too."""
    rid = request_id
    key_row, shown_row = ContentKey.at(rid), Content.at(rid, ContentKind.SHOWN)
    words_row = Content.at(rid, ContentKind.RESPONSE)
    fetched = store.fetch(Request.at(rid), key_row, shown_row, words_row)
    request = _visible(fetched[Request.at(rid)], request_id, caller)
    try:
        key = open_key(fetched[key_row], vault=vault)
        shown = read_content(fetched[shown_row], key=key, vault=vault, objects=objects)
        words = read_content(fetched[words_row], key=key, vault=vault, objects=objects)
    except ContentErased:
        return RequestView(request, None, None)
    return RequestView(request, shown_of(shown), None if words is None else words_of(words))


def read_timeline(request_id: str, *, caller: Caller, store: Store, after_seq: int = 0) -> Entries:
    """The request's entries in order, a page at a time."""
    request = store.fetch(Request.at(request_id))[Request.at(request_id)]
    _visible(request, request_id, caller)
    return store.chain(f"request/{request_id}", after_seq=after_seq, limit=TIMELINE_PAGE)


@dataclass(frozen=True, slots=True)
class WaitingPause:
    """The newest pause of a flow, with what the SDK needs to go on."""

    request: Request
    snapshot: JsonValue


def read_pending(flow_id: str, *, caller: Caller, store: Store, vault: Vault, objects: Objects) -> WaitingPause:
    """The flow's newest request unless its answer was taken already; raises NotFound then."""
    caller.require(Scope.FLOW)
    flow_row = Flow.at(caller.own_deployment(), flow_id)
    flow = store.fetch(flow_row)[flow_row]
    if flow is None:
        raise NotFound(f"no flow {flow_id} waits in your deployment")
    rid = flow.newest
    key_row, snapshot_row = ContentKey.at(rid), Content.at(rid, ContentKind.SNAPSHOT)
    fetched = store.fetch(Request.at(rid), key_row, snapshot_row)
    request = fetched[Request.at(rid)]
    taken = (ResumeStatus.CONSUMED, ResumeStatus.SUCCEEDED)
    if request is None or request.resume.status in taken:
        raise NotFound(f"no flow {flow_id} waits in your deployment")
    try:
        key = open_key(fetched[key_row], vault=vault)
        snapshot = read_content(fetched[snapshot_row], key=key, vault=vault, objects=objects)
    except ContentErased:
        raise NotFound(f"the content of request {rid} was erased") from None
    return WaitingPause(request, snapshot)


def _visible(request: Request | None, request_id: str, caller: Caller) -> Request:
    if request is None or (caller.deployment_id is not None and request.deployment_id != caller.deployment_id):
        raise NotFound(f"there is no request {request_id} in your deployment")
    return request
