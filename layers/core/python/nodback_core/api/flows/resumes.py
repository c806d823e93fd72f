"""Routes by which a worker hands responses to flows."""

from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from nodback_core.api.shared.context import caller_of
from nodback_core.api.shared.models import (
    ClaimBody,
    ClaimedResume,
    ConsumedBody,
    HeldBody,
    Lease,
    ResultBody,
    ResumeView,
    RetryBody,
)
from nodback_core.api.shared.views import claimed_view, resume_view
from nodback_core.domain.shared.times import stamp
from nodback_core.runtime.service import get_service
from nodback_core.usecases.flows.resumes import claim_resume, mark_consumed, record_result, renew_resume, retry_resume

router = Router()
RequestId = Annotated[UUID, Path()]


@router.post("/v1/resumes/claim", tags=["resumes"], summary="Claim the oldest resume of these flows, with a lease")
def claim(body: ClaimBody) -> Response[ClaimedResume | None]:
    service = get_service()
    claimed = claim_resume(
        worker=body.worker,
        claim_id=service.new_id(),
        flow_classes=body.flow_classes,
        request_id=None if body.request_id is None else str(body.request_id),
        caller=caller_of(router),
        storage=service.storage,
        now=service.now(),
    )
    if claimed is None:
        return Response(status_code=204, content_type=None, body=None)
    return Response(status_code=200, content_type="application/json", body=claimed_view(claimed))


@router.post("/v1/resumes/<request_id>/renew", tags=["resumes"], summary="Renew a lease")
def renew(request_id: RequestId, body: HeldBody) -> Lease:
    service = get_service()
    lease = renew_resume(
        str(request_id), body.claim_id, caller=caller_of(router), store=service.store, now=service.now()
    )
    return Lease(lease_until=stamp(lease))


@router.post("/v1/resumes/<request_id>/consumed", tags=["resumes"], summary="Report that the flow has taken the answer")
def consumed(request_id: RequestId, body: ConsumedBody) -> Response[None]:
    service = get_service()
    mark_consumed(
        str(request_id),
        body.claim_id,
        flow_class=body.flow_class,
        outcome=body.outcome,
        caller=caller_of(router),
        store=service.store,
        now=service.now(),
    )
    return Response(status_code=204, content_type=None, body=None)


@router.post("/v1/resumes/<request_id>/result", tags=["resumes"], summary="Report how a resume ended")
def result(request_id: RequestId, body: ResultBody) -> Response[None]:
    service = get_service()
    record_result(
        str(request_id),
        body.claim_id,
        succeeded=body.status == "succeeded",
        error=body.error,
        caller=caller_of(router),
        store=service.store,
        now=service.now(),
    )
    return Response(status_code=204, content_type=None, body=None)


@router.post("/v1/resumes/<request_id>/retry", tags=["resumes"], summary="Retry a failed resume")
def retry(request_id: RequestId, body: RetryBody) -> Response[ResumeView]:
    service = get_service()
    request = retry_resume(
        str(request_id), outcome=body.outcome, caller=caller_of(router), store=service.store, now=service.now()
    )
    return Response(status_code=202, content_type="application/json", body=resume_view(request))
