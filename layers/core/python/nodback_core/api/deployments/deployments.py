"""Routes for deployments and their keys."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from nodback_core.api.shared.context import Cursor, caller_of
from nodback_core.api.shared.models import (
    CreatedDeployment,
    CreatedKey,
    DeploymentBody,
    DeploymentList,
    DeploymentView,
    KeyBody,
    KeyList,
)
from nodback_core.api.shared.views import deployment_view, key_view
from nodback_core.domain.deployments.deployment import MAX_KEY_ID_CHARACTERS, Scope
from nodback_core.domain.deployments.parsing import parse_settings
from nodback_core.domain.deployments.warnings import warnings
from nodback_core.runtime.service import get_service
from nodback_core.usecases.deployments.register import (
    create_deployment,
    create_key,
    list_deployments,
    list_keys,
    read_deployment,
    revoke_key,
)

router = Router()
DeploymentId = Annotated[int, Path(ge=1, le=2**31)]
KeyId = Annotated[str, Path(max_length=MAX_KEY_ID_CHARACTERS)]


@router.post("/v1/deployments", tags=["deployments"], summary="Create a deployment, with its first flow key")
def create(body: DeploymentBody) -> Response[CreatedDeployment]:
    service = get_service()
    settings = parse_settings(body.settings, creator_email=body.creator_email)
    deployment, key = create_deployment(
        name=body.name,
        creator_email=body.creator_email,
        settings=settings,
        organization_id=service.environment.organization_id,
        caller=caller_of(router),
        store=service.store,
        material=service.key_material(),
        now=service.now(),
    )
    told = [
        {"field": w.field, "code": w.code, "message": w.message}
        for w in warnings(settings, creator_email=deployment.creator_email)
    ]
    view = CreatedDeployment(deployment=deployment_view(deployment), flow_key=str(key.text), warnings=told)
    return Response(status_code=201, content_type="application/json", body=view)


@router.get("/v1/deployments", tags=["deployments"], summary="List deployments")
def index(cursor: Cursor = None) -> DeploymentList:
    page = list_deployments(caller=caller_of(router), store=get_service().store, cursor=cursor)
    return DeploymentList(deployments=[deployment_view(d) for d in page.items], next_cursor=page.cursor)


@router.get("/v1/deployments/<deployment_id>", tags=["deployments"], summary="Read a deployment")
def read(deployment_id: DeploymentId) -> DeploymentView:
    return deployment_view(read_deployment(deployment_id, caller=caller_of(router), store=get_service().store))


@router.post("/v1/deployments/<deployment_id>/keys", tags=["keys"], summary="Create an API key; it is shown once")
def make_key(deployment_id: DeploymentId, body: KeyBody) -> Response[CreatedKey]:
    service = get_service()
    new = create_key(
        deployment_id,
        name=body.name,
        scope=Scope(body.scope),
        caller=caller_of(router),
        store=service.store,
        material=service.key_material(),
        now=service.now(),
    )
    view = CreatedKey(id=new.row.key_id, scope=new.row.scope, name=new.row.name, key=str(new.text))
    return Response(status_code=201, content_type="application/json", body=view)


@router.get("/v1/deployments/<deployment_id>/keys", tags=["keys"], summary="List API keys")
def keys(deployment_id: DeploymentId, cursor: Cursor = None) -> KeyList:
    page = list_keys(deployment_id, caller=caller_of(router), store=get_service().store, cursor=cursor)
    return KeyList(keys=[key_view(key) for key in page.items], next_cursor=page.cursor)


@router.delete("/v1/deployments/<deployment_id>/keys/<key_id>", tags=["keys"], summary="Revoke an API key")
def end_key(deployment_id: DeploymentId, key_id: KeyId) -> Response[None]:
    service = get_service()
    revoke_key(deployment_id, key_id, caller=caller_of(router), store=service.store, now=service.now())
    return Response(status_code=204, content_type=None, body=None)
