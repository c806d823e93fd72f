"""Routes for the settings of a deployment, and for asking what its rules would do."""

from typing import Annotated, cast

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path
from pydantic import JsonValue

from nodback_core.api.deployments.settings_models import (
    DeploymentPatch,
    ExplainBody,
    Explained,
    SettingsView,
    WarningView,
)
from nodback_core.api.shared.context import caller_of
from nodback_core.api.shared.models import DeploymentView
from nodback_core.api.shared.views import deployment_view
from nodback_core.domain.deployments.document import as_document
from nodback_core.domain.deployments.routing import as_document as route_document
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.runtime.service import get_service
from nodback_core.usecases.deployments.register import change_deployment
from nodback_core.usecases.deployments.settings import (
    SavedSettings,
    change_settings,
    explain_route,
    read_settings,
    replace_settings,
)

router = Router()
DeploymentId = Annotated[int, Path(ge=1, le=2**31)]
IfMatch = Annotated[str | None, Header(alias="If-Match")]
MAX_VERSION_DIGITS = 15
Document = Annotated[dict[str, JsonValue], Body()]


@router.patch("/v1/deployments/<deployment_id>", tags=["deployments"], summary="Change the name or the creator")
def change(deployment_id: DeploymentId, body: DeploymentPatch) -> DeploymentView:
    service = get_service()
    changed = change_deployment(
        deployment_id,
        name=body.name,
        creator_email=body.creator_email,
        caller=caller_of(router),
        store=service.store,
        now=service.now(),
    )
    return deployment_view(changed)


@router.get("/v1/deployments/<deployment_id>/settings", tags=["settings"], summary="Read the settings")
def read(deployment_id: DeploymentId) -> Response[SettingsView]:
    return _answer(read_settings(deployment_id, caller=caller_of(router), store=get_service().store))


@router.put("/v1/deployments/<deployment_id>/settings", tags=["settings"], summary="Replace the settings")
def put(deployment_id: DeploymentId, body: Document, if_match: IfMatch = None) -> Response[SettingsView]:
    service = get_service()
    saved = replace_settings(
        deployment_id,
        body,
        expected_version=_version(if_match),
        caller=caller_of(router),
        store=service.store,
        now=service.now(),
    )
    return _answer(saved)


@router.patch("/v1/deployments/<deployment_id>/settings", tags=["settings"], summary="Change some settings")
def patch(deployment_id: DeploymentId, body: Document, if_match: IfMatch = None) -> Response[SettingsView]:
    service = get_service()
    saved = change_settings(
        deployment_id,
        body,
        expected_version=_version(if_match),
        caller=caller_of(router),
        store=service.store,
        now=service.now(),
    )
    return _answer(saved)


@router.post("/v1/deployments/<deployment_id>/rules/explain", tags=["settings"], summary="Explain who would be asked")
def explain(deployment_id: DeploymentId, body: ExplainBody) -> Explained:
    route = explain_route(
        deployment_id,
        method_name=body.method_name,
        state=body.state,
        rules=body.rules,
        caller=caller_of(router),
        store=get_service().store,
    )
    return Explained.model_validate(route_document(route))


def _answer(saved: SavedSettings) -> Response[SettingsView]:
    view = SettingsView(
        settings=cast("dict[str, JsonValue]", as_document(saved.settings)),
        settings_version=saved.version,
        warnings=[WarningView(field=w.field, code=w.code, message=w.message) for w in saved.warnings],
    )
    headers = {"ETag": f'"{saved.version}"'}
    return Response(status_code=200, content_type="application/json", body=view, headers=headers)


def _version(if_match: str | None) -> int | None:
    """The version that an If-Match header names; ``*`` is any."""
    text = (if_match or "*").strip()
    if text == "*":
        return None
    number = text.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) <= MAX_VERSION_DIGITS):
        raise InvalidInput((FieldError("If-Match", 'must be the ETag of the settings that you read, such as "3"'),))
    return int(number)
