"""Routes for requests and the flows that made them."""

import hashlib
import json
from typing import Annotated
from urllib.parse import unquote
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from nodback_core.api.shared.context import Cursor, caller_of
from nodback_core.api.shared.models import (
    FlowStateBody,
    FlowStateView,
    OpenedRequest,
    PauseBody,
    PendingView,
    RequestView,
    Timeline,
)
from nodback_core.api.shared.views import entry_view, opened_view, request_view
from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.reviews.contents import Shown
from nodback_core.domain.reviews.opening import Pause
from nodback_core.domain.shared.times import stamp
from nodback_core.runtime.service import get_service
from nodback_core.usecases.flows.states import read_flow_state, save_flow_state
from nodback_core.usecases.reviews.open_request import open_request
from nodback_core.usecases.reviews.read_requests import read_pending, read_request, read_timeline

router = Router()
RequestId = Annotated[UUID, Path()]
FlowIdPath = Annotated[str, Path(description="the flow's id, URL-encoded; slashes may be left as they are")]


@router.post("/v1/requests", tags=["requests"], summary="Open a request: a flow pauses")
def pause(body: PauseBody) -> Response[OpenedRequest]:
    service, caller = get_service(), caller_of(router)
    caller.require(Scope.FLOW)
    opened = open_request(
        _pause(body),
        deployment_id=caller.own_deployment(),
        actor=caller.actor,
        storage=service.storage,
        now=service.now(),
    )
    status = 200 if opened.replayed else 201
    return Response(status_code=status, content_type="application/json", body=opened_view(opened))


def _pause(body: PauseBody) -> Pause:
    document = body.model_dump(mode="json")
    digest = hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return Pause(
        request_id=str(body.request_id),
        flow_id=body.flow_id,
        flow_name=body.flow_name,
        flow_class=body.flow_class,
        method_name=body.method_name,
        shown=Shown(
            message=body.message,
            output=body.output,
            state=body.state,
            metadata=body.metadata,
            history=tuple(body.history),
        ),
        emit=tuple(body.emit or ()),
        default_outcome=body.default_outcome,
        snapshot=body.snapshot,
        body_digest=digest,
    )


@router.get("/v1/requests/<request_id>", tags=["requests"], summary="Read a request")
def read(request_id: RequestId) -> RequestView:
    service = get_service()
    seen = read_request(str(request_id), caller=caller_of(router), storage=service.storage)
    return request_view(seen, now=service.now())


@router.get("/v1/requests/<request_id>/timeline", tags=["requests"], summary="Read the timeline of a request")
def timeline(request_id: RequestId, cursor: Cursor = None) -> Timeline:
    service = get_service()
    page = read_timeline(
        str(request_id),
        caller=caller_of(router),
        storage=service.storage,
        cursor=cursor,
    )
    return Timeline(
        entries=[entry_view(entry) for entry in page.entries.items],
        reasons={str(seq): reason for seq, reason in page.reasons.items()},
        next_cursor=page.entries.cursor,
    )


@router.get("/v1/flows/<flow_id>/pending", tags=["flows"], summary="Read the pause at which a flow waits")
def pending(flow_id: FlowIdPath) -> PendingView:
    service = get_service()
    waiting = read_pending(unquote(flow_id), caller=caller_of(router), storage=service.storage)
    request = waiting.request
    return PendingView(
        request_id=request.request_id, number=request.number, status=request.status, snapshot=waiting.snapshot
    )


@router.put("/v1/flows/<flow_id>/state", tags=["flows"], summary="Save a flow's state")
def save_state(flow_id: FlowIdPath, body: FlowStateBody) -> Response[None]:
    service = get_service()
    save_flow_state(
        unquote(flow_id),
        body.method_name,
        body.state,
        caller=caller_of(router),
        storage=service.storage,
        now=service.now(),
    )
    return Response(status_code=204, content_type=None, body=None)


@router.get("/v1/flows/<flow_id>/state", tags=["flows"], summary="Load a flow's state")
def load_state(flow_id: FlowIdPath) -> FlowStateView:
    service = get_service()
    row, state = read_flow_state(unquote(flow_id), caller=caller_of(router), storage=service.storage)
    return FlowStateView(method_name=row.method_name, state=state, saved_at=stamp(row.saved_at))
