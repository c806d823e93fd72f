"""The deployments that one manages; admins register new ones."""

from nodback_core.dashboard.visits import Visit
from nodback_core.dashboard.web import HttpResponse
from nodback_core.domain.deployments.settings import DEFAULTS
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.statuses import status_of
from nodback_core.usecases.deployments.register import create_deployment
from nodback_core.usecases.reviews.inbox import list_managed


def page(visit: Visit) -> HttpResponse:
    return _page(visit)


def create(visit: Visit) -> HttpResponse:
    http_request, service = visit.http_request, visit.service
    try:
        deployment, key = create_deployment(
            name=http_request.field("name"),
            creator_email=http_request.field("creator_email"),
            settings=DEFAULTS,
            organization_id=service.environment.organization_id,
            caller=visit.who.anywhere(),
            store=service.store,
            material=service.key_material(),
            now=visit.now,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors)
    return _page(visit, status=201, secret=str(key.text), created=deployment.name)


def _page(
    visit: Visit, *, status: int = 200, errors: tuple[FieldError, ...] = (), secret: str = "", created: str = ""
) -> HttpResponse:
    cursor = visit.http_request.get("cursor") or None
    found = list_managed(visit.who, cursor=cursor, store=visit.store)
    return visit.page(
        "deployments/deployments.html",
        status=status,
        deployments=found.items,
        first_page=visit.url("/deployments") if cursor else "",
        next_page=visit.url("/deployments", cursor=found.cursor) if found.cursor else "",
        errors=errors,
        secret=secret,
        created=created,
        public_url=visit.service.environment.public_url,
    )
