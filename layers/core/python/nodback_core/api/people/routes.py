"""Routes for the members of a deployment: which addresses may do what on the dashboard."""

from typing import Annotated
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from nodback_core.api.people.models import MemberBody, MemberList, MemberView
from nodback_core.api.shared.context import Cursor, caller_of
from nodback_core.domain.people.members import Member
from nodback_core.domain.shared.times import stamp
from nodback_core.runtime.service import get_service
from nodback_core.usecases.people.members import add_member, change_member, list_members, remove_member

router = Router()
DeploymentId = Annotated[int, Path(ge=1, le=2**31)]
Address = Annotated[str, Path(min_length=3, max_length=320)]


@router.get("/v1/deployments/<deployment_id>/members", tags=["members"], summary="List members")
def index(deployment_id: DeploymentId, cursor: Cursor = None) -> MemberList:
    page = list_members(deployment_id, caller=caller_of(router), store=get_service().store, cursor=cursor)
    return MemberList(members=[_view(member) for member in page.items], next_cursor=page.cursor)


@router.put("/v1/deployments/<deployment_id>/members/<address>", tags=["members"], summary="Add a member")
def put(deployment_id: DeploymentId, address: Address, body: MemberBody) -> MemberView:
    service = get_service()
    member = add_member(
        deployment_id,
        _plain(address),
        body.permissions,
        caller=caller_of(router),
        store=service.store,
        now=service.now(),
    )
    return _view(member)


@router.patch("/v1/deployments/<deployment_id>/members/<address>", tags=["members"], summary="Change a member")
def patch(deployment_id: DeploymentId, address: Address, body: MemberBody) -> MemberView:
    service = get_service()
    member = change_member(
        deployment_id,
        _plain(address),
        body.permissions,
        caller=caller_of(router),
        store=service.store,
        now=service.now(),
    )
    return _view(member)


@router.delete("/v1/deployments/<deployment_id>/members/<address>", tags=["members"], summary="Remove a member")
def delete(deployment_id: DeploymentId, address: Address) -> Response[None]:
    service = get_service()
    remove_member(deployment_id, _plain(address), caller=caller_of(router), store=service.store, now=service.now())
    return Response(status_code=204, content_type=None, body=None)


def _plain(address: str) -> str:
    """The address of a path, which may arrive with its @ still encoded."""
    return address if "@" in address else unquote(address)


def _view(member: Member) -> MemberView:
    return MemberView(
        address=member.address,
        permissions=[permission.value for permission in member.permissions],
        added_at=stamp(member.added_at),
    )
