"""Erasing the texts of a request: its data key, what was sealed with it, and the raw mails that answered it.

The saved state of the flow holds the same texts under a key of its own. It is erased too, unless a request of the flow
is open or not resumed yet, because then the flow still needs it.

The entries stay as they are and every proof still holds: they have digests, under a salt that is erased with the key.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.audit.erasing import SavedState, erase
from nodback_core.domain.audit.trail import object_of, webhooks_told
from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.flows.flow import Flow, FlowState
from nodback_core.domain.letters.notifications import Notification
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.contents import Content, ContentKey
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Record, Rows
from nodback_core.domain.webhooks.deliveries import Delivery, DeliveryJob
from nodback_core.domain.webhooks.webhook import WEBHOOKS
from nodback_core.ports import Objects, RowUnreadable, Store, Unreadable
from nodback_core.usecases.flows.states import remove_left_states
from nodback_core.usecases.letters.notifications import notifications_of
from nodback_core.usecases.reviews.read_requests import visible_to
from nodback_core.usecases.shared.change import change
from nodback_core.usecases.webhooks.configure import webhooks_of

RAW_MAIL = "inbound/"


def erase_content(
    request_id: str, *, even_unfinished: bool = False, caller: Caller, store: Store, objects: Objects, now: datetime
) -> Request:
    """Erase the texts of a request. A second call removes what an interrupted one may have left.

    Raises Refused `request_pending` while somebody may answer, and `resume_not_finished` while the flow still needs
    the texts to go on, unless `even_unfinished`: then its resume will fail.
    """
    caller.require(Scope.MANAGE, Scope.INSTALL)

    def found(rows: Rows) -> tuple[Request, ContentKey | None]:
        """The request, and its key if there is still one to destroy."""
        key = rows[ContentKey.at(request_id)]
        request = visible_to(caller, rows[Request.at(request_id)], request_id)
        return request, key if key is not None and key.erased_at is None else None

    def texts(rows: Rows) -> list[Record]:
        request, key = found(rows)
        if key is None:
            return []
        return [*_contents(request_id, store=store), *_of_flow(request, store=store)]

    def decide(rows: Rows) -> Outcome | None:
        request, key = found(rows)
        if key is None:
            return None
        contents = [row for row in rows.found.values() if isinstance(row, Content)]
        saved = _saved_state(request, rows)
        return erase(request, key, contents, saved, by=caller.actor, even_unfinished=even_unfinished, now=now)

    keys = Request.at(request_id), ContentKey.at(request_id)
    request, _ = found(change(decide, *keys, on=store, now=now, more=texts))
    _forget_words(request_id, store=store, now=now)
    _remove_objects(request, store=store, objects=objects, now=now)
    remove_left_states(request.deployment_id, request.flow_id, store=store, objects=objects)
    return request


def _of_flow(request: Request, *, store: Store) -> list[Record]:
    """The request's flow, its saved state and its newest request, which tell whether the state is still needed."""
    flow = Flow.at(request.deployment_id, request.flow_id)
    rows = store.fetch(flow, FlowState.at(request.deployment_id, request.flow_id))
    known = rows[flow]
    if len(rows.found) == 2 and known is not None and known.newest != request.request_id:
        rows = rows.along_with(store.fetch(Request.at(known.newest)).found.values())
    return list(rows.found.values())


def _saved_state(request: Request, rows: Rows) -> SavedState | None:
    flow = rows[Flow.at(request.deployment_id, request.flow_id)]
    state = rows[FlowState.at(request.deployment_id, request.flow_id)]
    if flow is None or state is None:
        return None
    return SavedState(flow, state, rows[Request.at(flow.newest)])


def _contents(request_id: str, *, store: Store) -> Iterator[Content]:
    cursor = None
    while True:
        page = store.children(Content, f"request/{request_id}", "content/", cursor=cursor)
        yield from page.whole
        if (cursor := page.cursor) is None:
            return


def _forget_words(request_id: str, *, store: Store, now: datetime) -> None:
    """Remove what mail servers said from the notifications: they quote addresses and sometimes the mail."""

    def forget(rows: Rows) -> Outcome | None:
        known = next((row for row in rows.found.values() if isinstance(row, Notification)), None)
        if known is None or known.reason is None:
            return None
        return Outcome(rows=(replace(known, reason=None),))

    for notification in notifications_of(request_id, store=store, whole=True):
        if notification.reason is not None:
            change(forget, notification.key, on=store, now=now)


def _remove_objects(request: Request, *, store: Store, objects: Objects, now: datetime) -> None:
    for name in objects.names(f"content/{request.request_id}/"):
        objects.delete(name)
    webhooks: set[str] = set()
    for entry in chain_of(request.subject, store=store):
        if (mail := object_of(entry)).startswith(RAW_MAIL):
            objects.delete(mail)
        webhooks |= webhooks_told(entry)
    if any(effect.kind == WEBHOOKS for effect in request.effects):
        # A fan-out that died has queued deliveries which no entry names yet.
        webhooks |= {webhook.webhook_id for webhook in webhooks_of(request.deployment_id, store=store)}
    unreadable: list[Unreadable] = []
    for webhook_id in sorted(webhooks):
        unreadable += _remove_deliveries(webhook_id, request, store=store, objects=objects, now=now)
    if unreadable:
        # They may hold texts of this request: whoever erases must know.
        raise RowUnreadable(*unreadable)


def _remove_deliveries(
    webhook_id: str, request: Request, *, store: Store, objects: Objects, now: datetime
) -> tuple[Unreadable, ...]:
    """Erase what was sent to one webhook, redeliveries included: the log stays, the body and its key go.

    Returns the lines of the log that could not be read.
    """
    unreadable: tuple[Unreadable, ...] = ()
    cursor = None
    while True:
        page = store.children(Delivery, f"delivery/{webhook_id}", "log/", newest_first=True, cursor=cursor)
        unreadable += page.unreadable
        for delivery in page.items:
            if delivery.request_id == request.request_id:
                _remove_job(delivery, store=store, objects=objects, now=now)
        older = any(delivery.created_at < request.opened_at for delivery in page.items)
        if older or (cursor := page.cursor) is None:
            return unreadable


def _remove_job(listed: Delivery, *, store: Store, objects: Objects, now: datetime) -> None:
    """Remove the job of a delivery. One that is still queued can then never be sent: it fails, and its log says why."""
    row, job_row = listed.key, DeliveryJob.at(listed.webhook_id, listed.delivery_id)

    def end(rows: Rows) -> Outcome | None:
        delivery, job = rows[row], rows[job_row]
        ended = (delivery.erased(),) if delivery is not None and delivery.is_waiting else ()
        removed = () if job is None else (job,)
        return Outcome(rows=ended, removals=removed) if ended or removed else None

    rows = store.fetch(row, job_row)
    job = rows[job_row]
    # The object goes first: once its row is gone, nothing names it.
    if job is not None and job.object_key:
        objects.delete(job.object_key)
    change(end, row, job_row, on=store, now=now, as_read=rows)


def chain_of(subject: str, *, store: Store) -> Iterator[Entry]:
    """All entries of a subject, read page by page."""
    after = 0
    while True:
        page = store.chain(subject, after_seq=after)
        yield from page.items
        if page.cursor is None:
            return
        after = page.items[-1].seq
