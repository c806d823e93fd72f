"""Looking at requests, their timelines and flows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.flows.flow import Flow
from nodback_core.domain.letters.notifications import Notification
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.contents import (
    Content,
    ContentKey,
    ContentKind,
    JsonValue,
    Shown,
    Words,
    shown_of,
    words_of,
)
from nodback_core.domain.reviews.requests import Request, ResumeStatus
from nodback_core.domain.shared.cursors import cursor_at, place_of, wrong_cursor
from nodback_core.domain.shared.errors import NotFound
from nodback_core.ports import ContentErased, Entries, Storage
from nodback_core.usecases.letters.notifications import notifications_of, said_of_troubles
from nodback_core.usecases.reviews.reasons import explained, read_reasons
from nodback_core.usecases.shared.contents import open_key, read_content
from nodback_core.usecases.shared.reading import read_one

TIMELINE_PAGE = 100


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request with the texts that its reader may see; None for what was erased or is not there yet."""

    request: Request
    shown: Shown | None
    words: Words | None
    reason: str | None = None
    """Why it was cancelled or else given to its assignee, if somebody said so then."""
    notifications: tuple[Notification, ...] = ()


def read_request(request_id: str, *, caller: Caller, storage: Storage) -> ReadRequest:
    """A request with its texts; raises NotFound for another deployment's request too."""
    rid = request_id
    key_row, shown_row = ContentKey.at(rid), Content.at(rid, ContentKind.SHOWN)
    words_row = Content.at(rid, ContentKind.RESPONSE)
    fetched = storage.store.fetch(Request.at(rid), key_row, shown_row, words_row)
    request = visible_to(caller, fetched[Request.at(rid)], request_id)
    mails = tuple(notifications_of(rid, store=storage.store))
    reasons: Mapping[int, str] = {}
    try:
        key = open_key(fetched[key_row], vault=storage.vault)
        shown = read_content(fetched[shown_row], key=key, storage=storage)
        words = read_content(fetched[words_row], key=key, storage=storage)
        if request.reason_seq is not None:
            reasons = read_reasons(rid, [request.reason_seq], key=key, storage=storage)
    except ContentErased:
        return ReadRequest(request, None, None, notifications=mails)
    return ReadRequest(
        request,
        shown_of(shown),
        None if words is None else words_of(words),
        reasons.get(request.reason_seq or 0),
        mails,
    )


@dataclass(frozen=True, slots=True)
class EntriesWithReasons:
    """A page of entries, and what people or mail services said beside some, by number; what was erased is missing."""

    entries: Entries
    reasons: Mapping[int, str]


def read_timeline(
    request_id: str, *, caller: Caller, storage: Storage, cursor: str | None = None
) -> EntriesWithReasons:
    """The request's entries in order, a page at a time; raises InvalidInput for a cursor of anything else."""
    key_row = ContentKey.at(request_id)
    fetched = storage.store.fetch(Request.at(request_id), key_row)
    request = visible_to(caller, fetched[Request.at(request_id)], request_id)
    of = f"timeline {request.subject}"
    after = 0 if cursor is None else _number(place_of(cursor, of=of), last=request.last_seq)
    entries = storage.store.chain(request.subject, after_seq=after, limit=TIMELINE_PAGE)
    entries = replace(entries, cursor=entries.cursor and cursor_at(entries.cursor, of=of))
    said = said_of_troubles(request_id, entries.items, store=storage.store)
    seqs = explained(entries.items)
    if not seqs:
        return EntriesWithReasons(entries, said)
    try:
        key = open_key(fetched[key_row], vault=storage.vault)
        reasons = read_reasons(request_id, seqs, key=key, storage=storage)
    except ContentErased:
        return EntriesWithReasons(entries, said)
    return EntriesWithReasons(entries, {**said, **reasons})


def _number(place: str, *, last: int) -> int:
    """The number of an entry that exists. DynamoDB refuses numbers of more than 38 digits."""
    if not (place.isascii() and place.isdigit() and len(place) <= len(str(last)) and int(place) <= last):
        raise wrong_cursor()
    return int(place)


@dataclass(frozen=True, slots=True)
class WaitingPause:
    """The newest pause of a flow, with what the SDK needs to go on."""

    request: Request
    snapshot: JsonValue


def read_pending(flow_id: str, *, caller: Caller, storage: Storage) -> WaitingPause:
    """The flow's newest request unless its answer was taken already; raises NotFound then."""
    caller.require(Scope.FLOW)
    flow_row = Flow.at(caller.own_deployment(), flow_id)
    flow = read_one(flow_row, store=storage.store)
    if flow is None:
        raise NotFound(f"no flow {flow_id} waits in your deployment")
    rid = flow.newest
    key_row, snapshot_row = ContentKey.at(rid), Content.at(rid, ContentKind.SNAPSHOT)
    fetched = storage.store.fetch(Request.at(rid), key_row, snapshot_row)
    request = fetched[Request.at(rid)]
    taken = (ResumeStatus.CONSUMED, ResumeStatus.SUCCEEDED)
    if request is None or request.resume.status in taken:
        raise NotFound(f"no flow {flow_id} waits in your deployment")
    try:
        key = open_key(fetched[key_row], vault=storage.vault)
        snapshot = read_content(fetched[snapshot_row], key=key, storage=storage)
    except ContentErased:
        raise NotFound(f"the content of request {rid} was erased") from None
    return WaitingPause(request, snapshot)


def visible_to(caller: Caller, request: Request | None, request_id: str) -> Request:
    """The request, or NotFound where there is none or the caller may not know of it."""
    if request is None or not caller.sees(request.deployment_id, request.assignment.address):
        raise NotFound(f"there is no request {request_id} in your deployment")
    return request
