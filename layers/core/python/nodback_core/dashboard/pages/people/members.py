"""Members of a deployment."""

from nodback_core.dashboard.visits import Visit
from nodback_core.dashboard.web import HttpResponse
from nodback_core.domain.people.members import Permission
from nodback_core.domain.shared.errors import FieldError, InvalidInput, Refused
from nodback_core.statuses import status_of
from nodback_core.usecases.deployments.register import read_deployment
from nodback_core.usecases.people.members import add_member, change_member, list_members, remove_member


def page(visit: Visit) -> HttpResponse:
    return _page(visit, done="Saved." if visit.http_request.get("saved") else "")


def add(visit: Visit) -> HttpResponse:
    address = visit.http_request.field("address")
    try:
        add_member(
            visit.deployment_id,
            address,
            _permissions(visit),
            caller=visit.who.within(visit.deployment_id),
            store=visit.store,
            now=visit.now,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors, typed=address)
    except Refused as error:
        return _page(visit, status=status_of(error), errors=(FieldError("address", error.detail),), typed=address)
    return visit.redirect(f"/deployments/{visit.deployment_id}/members", saved="yes")


def change(visit: Visit) -> HttpResponse:
    try:
        change_member(
            visit.deployment_id,
            visit.http_request.field("address"),
            _permissions(visit),
            caller=visit.who.within(visit.deployment_id),
            store=visit.store,
            now=visit.now,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors)
    return visit.redirect(f"/deployments/{visit.deployment_id}/members", saved="yes")


def remove(visit: Visit) -> HttpResponse:
    caller = visit.who.within(visit.deployment_id)
    address = visit.http_request.field("address")
    remove_member(visit.deployment_id, address, caller=caller, store=visit.store, now=visit.now)
    if not visit.who.is_admin and address.lower() == visit.who.address:
        return visit.redirect("/")
    return visit.redirect(f"/deployments/{visit.deployment_id}/members", saved="yes")


def _permissions(visit: Visit) -> list[str]:
    return list(visit.http_request.form.get("permissions") or ())


def _page(
    visit: Visit, *, status: int = 200, errors: tuple[FieldError, ...] = (), typed: str = "", done: str = ""
) -> HttpResponse:
    caller = visit.who.within(visit.deployment_id)
    cursor = visit.http_request.get("cursor") or None
    found = list_members(visit.deployment_id, caller=caller, store=visit.store, cursor=cursor)
    here = f"/deployments/{visit.deployment_id}/members"
    return visit.page(
        "people/members.html",
        status=status,
        deployment=read_deployment(visit.deployment_id, caller=caller, store=visit.store),
        members=found.items,
        first_page=visit.url(here) if cursor else "",
        next_page=visit.url(here, cursor=found.cursor) if found.cursor else "",
        permissions=[
            (Permission.MANAGE.value, "Manage", "configure everything here, see all requests"),
            (Permission.RESPOND.value, "Respond", "sign in, see and answer what is assigned to them"),
        ],
        errors=errors,
        typed=typed,
        done=done,
    )
