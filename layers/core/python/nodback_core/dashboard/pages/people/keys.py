"""API keys of a deployment; a secret is shown once."""

from nodback_core.dashboard.visits import Visit
from nodback_core.dashboard.web import HttpResponse
from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.statuses import status_of
from nodback_core.usecases.deployments.register import create_key, list_keys, read_deployment, revoke_key

SCOPES = (
    (Scope.FLOW, "for a flow and its worker: opens requests, takes answers, never gives one"),
    (Scope.RESPOND, "for an application that shows and answers requests"),
    (Scope.MANAGE, "for an application that configures this deployment"),
)


def page(visit: Visit) -> HttpResponse:
    return _page(visit)


def create(visit: Visit) -> HttpResponse:
    scope = visit.http_request.field("scope")
    if scope not in {s.value for s, _ in SCOPES}:
        return _page(visit, status=422, errors=(FieldError("scope", "choose one"),))
    try:
        made = create_key(
            visit.deployment_id,
            name=visit.http_request.field("name"),
            scope=Scope(scope),
            caller=visit.who.within(visit.deployment_id),
            store=visit.store,
            material=visit.service.key_material(),
            now=visit.now,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors)
    return _page(visit, status=201, secret=str(made.text), name=made.row.name)


def revoke(visit: Visit) -> HttpResponse:
    caller = visit.who.within(visit.deployment_id)
    revoke_key(visit.deployment_id, visit.parts["id"], caller=caller, store=visit.store, now=visit.now)
    return visit.redirect(f"/deployments/{visit.deployment_id}/keys")


def _page(
    visit: Visit, *, status: int = 200, errors: tuple[FieldError, ...] = (), secret: str = "", name: str = ""
) -> HttpResponse:
    caller = visit.who.within(visit.deployment_id)
    cursor = visit.http_request.get("cursor") or None
    found = list_keys(visit.deployment_id, caller=caller, store=visit.store, cursor=cursor)
    here = f"/deployments/{visit.deployment_id}/keys"
    return visit.page(
        "people/keys.html",
        status=status,
        deployment=read_deployment(visit.deployment_id, caller=caller, store=visit.store),
        keys=found.items,
        first_page=visit.url(here) if cursor else "",
        next_page=visit.url(here, cursor=found.cursor) if found.cursor else "",
        scopes=[(s.value, words) for s, words in SCOPES],
        errors=errors,
        secret=secret,
        name=name,
    )
