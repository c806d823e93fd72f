"""Routes by which people decide: the list of what waits, answers, reassignments and cancellations."""

from datetime import date
from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from nodback_core.api.reviews.decision_models import (
    AnswerBody,
    CancelBody,
    ReassignBody,
    RecordedAnswer,
    RequestList,
    RequestSummary,
)
from nodback_core.api.shared.context import Cursor, caller_of
from nodback_core.api.shared.models import RequestView
from nodback_core.api.shared.views import request_view, summary_view
from nodback_core.domain.shared.times import stamp
from nodback_core.runtime.service import get_service
from nodback_core.usecases.reviews.cancel_request import cancel_request
from nodback_core.usecases.reviews.list_requests import MAX_LIMIT, Question, Wanted, list_requests
from nodback_core.usecases.reviews.read_requests import read_request
from nodback_core.usecases.reviews.reassign_request import reassign_request
from nodback_core.usecases.reviews.respond_by_api import respond_by_api

router = Router()
RequestId = Annotated[UUID, Path()]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


@router.get("/v1/requests", tags=["requests"], summary="List requests, pending or closed")
def index(
    status: Annotated[Wanted, Query()] = Wanted.PENDING,
    assigned_to: Annotated[str | None, Query(max_length=1000)] = None,
    deployment_id: Annotated[int | None, Query(ge=1, le=2**31)] = None,
    first_day: Annotated[date | None, Query(alias="from")] = None,
    last_day: Annotated[date | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    cursor: Cursor = None,
) -> RequestList:
    service = get_service()
    question = Question(status, assigned_to, deployment_id, first_day, last_day, limit, cursor)
    now = service.now()
    page = list_requests(question, caller=caller_of(router), store=service.store, now=now)
    summaries: list[RequestSummary] = [summary_view(request, now=now) for request in page.items]
    return RequestList(requests=summaries, next_cursor=page.cursor)


@router.post("/v1/requests/<request_id>/response", tags=["requests"], summary="Answer a request")
def respond(request_id: RequestId, body: AnswerBody, idempotency_key: IdempotencyKey = None) -> RecordedAnswer:
    service = get_service()
    recorded = respond_by_api(
        str(request_id),
        feedback=body.feedback,
        outcome=body.outcome,
        responder=body.responder,
        idempotency_key=idempotency_key,
        caller=caller_of(router),
        storage=service.storage,
        now=service.now(),
    )
    decision = recorded.request.decision
    assert decision is not None
    return RecordedAnswer(
        request_id=str(request_id),
        status=recorded.request.status,
        outcome=decision.outcome,
        responder=decision.responder,
        source=decision.source,
        responded_at=stamp(decision.at),
        replayed=recorded.replayed,
    )


@router.post("/v1/requests/<request_id>/reassign", tags=["requests"], summary="Reassign a request")
def reassign(request_id: RequestId, body: ReassignBody) -> RequestView:
    service, caller = get_service(), caller_of(router)
    reassign_request(
        str(request_id),
        body.to_email,
        reason=body.reason,
        caller=caller,
        storage=service.storage,
        now=service.now(),
    )
    return _as_it_is_now(str(request_id))


@router.post("/v1/requests/<request_id>/cancel", tags=["requests"], summary="Cancel a request")
def cancel(request_id: RequestId, body: CancelBody) -> RequestView:
    service = get_service()
    cancel_request(
        str(request_id),
        reason=body.reason,
        caller=caller_of(router),
        storage=service.storage,
        now=service.now(),
    )
    return _as_it_is_now(str(request_id))


def _as_it_is_now(request_id: str) -> RequestView:
    service = get_service()
    seen = read_request(request_id, caller=caller_of(router), storage=service.storage)
    return request_view(seen, now=service.now())
