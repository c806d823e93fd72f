"""Destroying the texts of a request: its data key, what was sealed with it, and the raw mails that answered it.

The flow's saved state holds the same texts under a key of its own: it goes too, unless a request of the flow is open or
not resumed yet, because then the flow still needs it.

The entries stay as they are, and so does every proof: they hold digests under a salt that is gone with the key.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.flows.flow import Flow, FlowState
from nodback_core.domain.letters.notifications import Notification
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.closing import record
from nodback_core.domain.reviews.contents import Content, ContentKey
from nodback_core.domain.reviews.requests import Request, ResumeStatus, Status
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action, Entry, NewEntry
from nodback_core.domain.shared.errors import Refused
from nodback_core.domain.shared.records import Key, Record
from nodback_core.domain.webhooks.deliveries import Delivery, DeliveryJob
from nodback_core.domain.webhooks.webhook import WEBHOOKS
from nodback_core.ports import Objects, RowUnreadable, Store, Unreadable
from nodback_core.usecases.flows.states import remove_left_states
from nodback_core.usecases.letters.notifications import notifications_of
from nodback_core.usecases.reviews.read_requests import visible_to
from nodback_core.usecases.shared.attempts import until_written
from nodback_core.usecases.webhooks.configure import webhooks_of

UNFINISHED = (ResumeStatus.READY, ResumeStatus.CLAIMED, ResumeStatus.CONSUMED)
RAW_MAIL = "inbound/"


def erase_content(
    request_id: str, *, even_unfinished: bool = False, caller: Caller, store: Store, objects: Objects, now: datetime
) -> Request:
    """The request without its texts; asking again removes what an earlier try may have left.

    Raises Refused `request_pending` while somebody may answer, and `resume_not_finished` while the flow still needs
    the texts to go on, unless `even_unfinished`: then its resume will fail.
    """
    caller.require(Scope.MANAGE, Scope.INSTALL)

    def write() -> Request:
        fetched = store.fetch(Request.at(request_id), ContentKey.at(request_id))
        request = visible_to(caller, fetched[Request.at(request_id)], request_id)
        key = fetched[ContentKey.at(request_id)]
        if key is None or key.erased_at is not None:
            return request
        _check(request, even_unfinished)
        contents = list(_contents(request_id, store=store))
        kinds: list[Json] = [content.name for content in contents]
        happening = NewEntry(Action.CONTENT_ERASED, caller.actor, {"contents": kinds})
        # What a worker said of its failure may quote the texts.
        silent = replace(request, resume=replace(request.resume, error=None))
        changed, entries = record(silent, happening, now=now)
        gone = replace(key, wrapped=b"", erased_at=now)
        flow, state = _unneeded_state(request, store=store)
        records: list[Record] = [changed, gone, *flow]
        store.commit(records, entries, removals=[*contents, *state])
        return replace(changed, version=changed.version + 1)

    request = until_written(write)
    _forget_words(request_id, store=store)
    _remove_objects(request, store=store, objects=objects)
    remove_left_states(request.deployment_id, request.flow_id, store=store, objects=objects)
    return request


def _check(request: Request, even_unfinished: bool) -> None:
    if request.status is Status.PENDING:
        raise Refused("this request is still pending: answer or cancel it first", code="request_pending")
    if request.resume.status in UNFINISHED and not even_unfinished:
        raise Refused(
            f"the resume of this request is {request.resume.status}: the flow needs the texts to go on; "
            "wait, or erase with force=true",
            code="resume_not_finished",
        )


def _unneeded_state(request: Request, *, store: Store) -> tuple[list[Flow], list[FlowState]]:
    """The flow's saved state if nothing will load it again, and the flow, written too so that no pause slips in."""
    of_flow = Flow.at(request.deployment_id, request.flow_id)
    of_state = FlowState.at(request.deployment_id, request.flow_id)
    fetched = store.fetch(of_flow, of_state)
    flow, state = fetched[of_flow], fetched[of_state]
    if flow is None or state is None:
        return [], []
    if flow.newest != request.request_id:
        newest = store.fetch(Request.at(flow.newest))[Request.at(flow.newest)]
        if newest is not None and (newest.status is Status.PENDING or newest.resume.status in UNFINISHED):
            return [], []
    return [flow], [state]


def _contents(request_id: str, *, store: Store) -> Iterator[Content]:
    cursor = None
    while True:
        page = store.children(Content, f"request/{request_id}", "content/", cursor=cursor)
        yield from page.whole
        if (cursor := page.cursor) is None:
            return


def _forget_words(request_id: str, *, store: Store) -> None:
    """Take what mail servers said from the notifications: they quote addresses, and now and then the mail."""

    def write(address: Key[Notification]) -> None:
        known = store.fetch(address)[address]
        if known is not None and known.reason is not None:
            store.commit([replace(known, reason=None)])

    for notification in notifications_of(request_id, store=store, whole=True):
        if notification.reason is not None:
            until_written(partial(write, notification.key))


def _remove_objects(request: Request, *, store: Store, objects: Objects) -> None:
    for name in objects.names(f"content/{request.request_id}/"):
        objects.delete(name)
    webhooks: set[str] = set()
    for entry in chain_of(request.subject, store=store):
        mail = str(entry.data.get("object_key") or "")
        if mail.startswith(RAW_MAIL):
            objects.delete(mail)
        if entry.action is Action.WEBHOOKS_DISPATCHED:
            named = entry.data.get("webhooks")
            webhooks |= {str(name) for name in named} if isinstance(named, list | tuple) else set()
    if any(effect.kind == WEBHOOKS for effect in request.effects):
        # A fan-out that died has queued deliveries which no entry names yet.
        webhooks |= {webhook.webhook_id for webhook in webhooks_of(request.deployment_id, store=store)}
    unreadable: list[Unreadable] = []
    for webhook_id in sorted(webhooks):
        unreadable += _remove_deliveries(webhook_id, request, store=store, objects=objects)
    if unreadable:
        # They may hold texts of this request: whoever erases must know.
        raise RowUnreadable(*unreadable)


def _remove_deliveries(webhook_id: str, request: Request, *, store: Store, objects: Objects) -> tuple[Unreadable, ...]:
    """What was sent to one webhook, in deliveries and repeated ones: the log stays, the body and its key go.

    Returns the lines of the log that could not be read.
    """
    unreadable: tuple[Unreadable, ...] = ()
    cursor = None
    while True:
        page = store.children(Delivery, f"delivery/{webhook_id}", "log/", newest_first=True, cursor=cursor)
        unreadable += page.unreadable
        for delivery in page.items:
            if delivery.request_id == request.request_id:
                until_written(partial(_remove_job, delivery, store=store, objects=objects))
        older = any(delivery.created_at < request.opened_at for delivery in page.items)
        if older or (cursor := page.cursor) is None:
            return unreadable


def _remove_job(listed: Delivery, *, store: Store, objects: Objects) -> None:
    """Without its job, a delivery that still waits can never be sent: it ends, and its log says why."""
    row, job_row = listed.key, DeliveryJob.at(listed.webhook_id, listed.delivery_id)
    fetched = store.fetch(row, job_row)
    delivery, job = fetched[row], fetched[job_row]
    ending = [delivery.erased()] if delivery is not None and delivery.is_waiting else []
    if job is not None and job.object_key:
        objects.delete(job.object_key)
    if ending or job is not None:
        store.commit(ending, removals=[job] if job is not None else [])


def chain_of(subject: str, *, store: Store) -> Iterator[Entry]:
    """All entries of a subject, read a page at a time."""
    after = 0
    while True:
        page = store.chain(subject, after_seq=after)
        yield from page.items
        if page.cursor is None:
            return
        after = page.items[-1].seq
