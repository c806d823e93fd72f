"""Webhooks of a deployment: secrets that are shown once, and the log of what was sent."""

from nodback_core.dashboard.visits import SEEN_HEADER, Visit, digest_of
from nodback_core.dashboard.web import HttpResponse
from nodback_core.domain.shared.errors import FieldError, InvalidInput, Refused
from nodback_core.domain.webhooks.events import OPT_IN_EVENTS, EventType
from nodback_core.domain.webhooks.signature import SECRET_BYTES
from nodback_core.ports import ContentErased
from nodback_core.runtime.webhooks import reach, sending
from nodback_core.statuses import status_of
from nodback_core.usecases.deployments.register import read_deployment
from nodback_core.usecases.webhooks.configure import (
    NewSecret,
    Wish,
    change_webhook,
    create_webhook,
    list_webhooks,
    read_webhook,
    remove_webhook,
)
from nodback_core.usecases.webhooks.log import list_deliveries, redeliver, send_test
from nodback_core.usecases.webhooks.secrets import abort_rotation, complete_rotation, start_rotation

DELIVERIES_SHOWN = 50
DONE = {
    "saved": "Saved.",
    "paused": "Paused: nothing is sent until you resume it.",
    "resumed": "Resumed: messages go to {url} again.",
    "tested": "A test message is on its way to {url}. Its result appears under Deliveries.",
    "again": "The message is on its way to {url} again. Its result appears under Deliveries.",
    "completed": "Messages are signed with the new secret alone.",
    "called_off": "The rotation was called off: messages are signed with the old secret alone.",
}
"""What the page says after something was done."""
CHOICES = tuple(event.value for event in EventType if event in OPT_IN_EVENTS)


def page(visit: Visit) -> HttpResponse:
    return _list(visit)


def create(visit: Visit) -> HttpResponse:
    service = visit.service
    try:
        new = create_webhook(
            visit.deployment_id,
            _wish(visit, active=True),
            resumes=bool(visit.http_request.field("resumes")),
            webhook_id=f"wh_{service.new_id().replace('-', '')[:20]}",
            random=service.random_bytes(SECRET_BYTES),
            reach=reach(service),
            caller=visit.who.within(visit.deployment_id),
            store=service.store,
            vault=service.vault,
            now=visit.now,
        )
    except InvalidInput as error:
        return _list(visit, status=status_of(error), errors=error.errors)
    except Refused as error:
        return _list(visit, status=status_of(error), errors=(FieldError("", error.detail),))
    return _one(visit, new.webhook.webhook_id, status=201, new=new)


def one(visit: Visit) -> HttpResponse:
    return _one(visit, visit.parts["id"], did=visit.http_request.get("did"))


def change(visit: Visit) -> HttpResponse:
    """Another name, URL or choice of events; or a pause."""
    active = visit.http_request.field("active")
    wish = Wish(active=active == "yes") if active else _wish(visit)
    try:
        change_webhook(
            visit.deployment_id,
            visit.parts["id"],
            wish,
            reach=reach(visit.service),
            caller=visit.who.within(visit.deployment_id),
            store=visit.store,
            now=visit.now,
        )
    except InvalidInput as error:
        return _one(visit, visit.parts["id"], status=status_of(error), errors=error.errors)
    return _back(visit, {"yes": "resumed", "no": "paused"}.get(active, "saved"))


def rotate(visit: Visit) -> HttpResponse:
    """Start a rotation, complete it, or call it off."""
    service, webhook_id = visit.service, visit.parts["id"]
    caller = visit.who.within(visit.deployment_id)
    step = visit.http_request.field("step")
    try:
        if step == "complete":
            complete_rotation(visit.deployment_id, webhook_id, caller=caller, store=service.store, now=visit.now)
        elif step == "abort":
            abort_rotation(visit.deployment_id, webhook_id, caller=caller, store=service.store, now=visit.now)
        else:
            new = start_rotation(
                visit.deployment_id,
                webhook_id,
                random=service.random_bytes(SECRET_BYTES),
                caller=caller,
                store=service.store,
                vault=service.vault,
                now=visit.now,
            )
            return _one(visit, webhook_id, status=201, new=new)
    except Refused as error:
        return _one(visit, webhook_id, status=status_of(error), errors=(FieldError("", error.detail),))
    return _back(visit, "completed" if step == "complete" else "called_off")


def test(visit: Visit) -> HttpResponse:
    """Send the event `test`."""
    send_test(
        visit.deployment_id,
        visit.parts["id"],
        new_id=visit.service.new_id(),
        public_url=visit.service.environment.public_url,
        caller=visit.who.within(visit.deployment_id),
        sending=sending(visit.service),
        now=visit.now,
    )
    return _back(visit, "tested")


def deliver_again(visit: Visit) -> HttpResponse:
    try:
        redeliver(
            visit.deployment_id,
            visit.parts["id"],
            visit.http_request.field("delivery")[:100],
            new_id=visit.service.new_id(),
            caller=visit.who.within(visit.deployment_id),
            sending=sending(visit.service),
            now=visit.now,
        )
    except ContentErased as error:
        problem = FieldError("", "what that delivery sent was erased, so that it cannot be sent again")
        return _one(visit, visit.parts["id"], status=status_of(error), errors=(problem,))
    return _back(visit, "again")


def remove(visit: Visit) -> HttpResponse:
    caller = visit.who.within(visit.deployment_id)
    remove_webhook(visit.deployment_id, visit.parts["id"], caller=caller, store=visit.store, now=visit.now)
    return visit.redirect(f"/deployments/{visit.deployment_id}/webhooks")


def _wish(visit: Visit, *, active: bool | None = None) -> Wish:
    chosen = visit.http_request.form.get("events") or ()
    events = tuple(EventType(e) for e in chosen if e in CHOICES)
    return Wish(visit.http_request.field("name"), visit.http_request.field("url"), events, active)


def _back(visit: Visit, did: str) -> HttpResponse:
    return visit.redirect(f"/deployments/{visit.deployment_id}/webhooks/{visit.parts['id']}", did=did)


def _list(visit: Visit, *, status: int = 200, errors: tuple[FieldError, ...] = ()) -> HttpResponse:
    caller = visit.who.within(visit.deployment_id)
    return visit.page(
        "webhooks/webhooks.html",
        status=status,
        deployment=read_deployment(visit.deployment_id, caller=caller, store=visit.store),
        webhooks=list_webhooks(visit.deployment_id, caller=caller, store=visit.store),
        choices=CHOICES,
        errors=errors,
        typed={name: visit.http_request.field(name) for name in ("name", "url")},
    )


def _one(
    visit: Visit,
    webhook_id: str,
    *,
    status: int = 200,
    errors: tuple[FieldError, ...] = (),
    new: NewSecret | None = None,
    did: str = "",
) -> HttpResponse:
    caller = visit.who.within(visit.deployment_id)
    webhook = read_webhook(visit.deployment_id, webhook_id, caller=caller, store=visit.store)
    cursor = visit.http_request.get("cursor") or None
    page = list_deliveries(
        visit.deployment_id,
        webhook_id,
        limit=DELIVERIES_SHOWN,
        cursor=cursor,
        caller=caller,
        store=visit.store,
        now=visit.now,
    )
    digest = digest_of([page.cursor, [(d.delivery_id, d.status(visit.now).value) for d in page.items]])
    if visit.http_request.headers.get(SEEN_HEADER) == digest:
        return HttpResponse(204)
    here = f"/deployments/{visit.deployment_id}/webhooks/{webhook_id}"
    return visit.page(
        "webhooks/webhook.html",
        status=status,
        deployment=read_deployment(visit.deployment_id, caller=caller, store=visit.store),
        webhook=webhook,
        deliveries=page.items,
        here=visit.url(here, cursor=cursor),
        newest=visit.url(here) if cursor else "",
        older=visit.url(here, cursor=page.cursor) if page.cursor else "",
        choices=CHOICES,
        secret=new.secret.reveal() if new else "",
        errors=errors,
        done=DONE.get(did, "").format(url=webhook.url),
        digest=digest,
    )
