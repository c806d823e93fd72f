"""Routes for what can be proved: receipts, exports, and the erasure of texts."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from nodback_core.api.audit.models import (
    ErasedContent,
    ExportBody,
    ExportDetail,
    ExportFileView,
    ExportList,
    ExportView,
    Receipt,
)
from nodback_core.api.deployments.deployments import DeploymentId
from nodback_core.api.reviews.requests import RequestId
from nodback_core.api.shared.context import Cursor, caller_of
from nodback_core.api.shared.views import when
from nodback_core.domain.audit.exports import Export
from nodback_core.domain.shared.times import stamp
from nodback_core.runtime.service import get_service
from nodback_core.usecases.audit.erase import erase_content
from nodback_core.usecases.audit.exports import export_links, list_exports, read_export, resume_export, start_export
from nodback_core.usecases.audit.receipts import receipt

router = Router()
ExportId = Annotated[str, Path(max_length=64)]


@router.get(
    "/v1/requests/<request_id>/receipt", tags=["audit"], summary="Read the receipt of a request: its entries and proofs"
)
def read_receipt(request_id: RequestId) -> Receipt:
    service = get_service()
    document = receipt(
        str(request_id),
        caller=caller_of(router),
        storage=service.storage,
        archive=service.archive,
    )
    return Receipt.model_validate(document)


@router.delete("/v1/requests/<request_id>/content", tags=["audit"], summary="Erase the texts of a request")
def erase(request_id: RequestId, force: Annotated[bool, Query()] = False) -> ErasedContent:
    service = get_service()
    request = erase_content(
        str(request_id),
        even_unfinished=force,
        caller=caller_of(router),
        store=service.store,
        objects=service.objects,
        now=service.now(),
    )
    return ErasedContent(request_id=request.request_id, content_erased=True)


@router.post("/v1/deployments/<deployment_id>/exports", tags=["audit"], summary="Start an export of the audit trail")
def begin(deployment_id: DeploymentId, body: ExportBody) -> Response[ExportView]:
    service = get_service()
    export = start_export(
        deployment_id,
        export_id=service.new_id(),
        begin=body.begin,
        end=body.end,
        caller=caller_of(router),
        store=service.store,
        queue=service.export_queue,
        now=service.now(),
    )
    return Response(status_code=202, content_type="application/json", body=export_view(export))


@router.get("/v1/deployments/<deployment_id>/exports", tags=["audit"], summary="List exports")
def index(deployment_id: DeploymentId, cursor: Cursor = None) -> ExportList:
    page = list_exports(deployment_id, caller=caller_of(router), store=get_service().store, cursor=cursor)
    return ExportList(exports=[export_view(e) for e in page.items], next_cursor=page.cursor)


@router.get(
    "/v1/deployments/<deployment_id>/exports/<export_id>",
    tags=["audit"],
    summary="Read an export: its progress and its files",
)
def read(deployment_id: DeploymentId, export_id: ExportId) -> ExportDetail:
    service = get_service()
    export = read_export(deployment_id, export_id, caller=caller_of(router), store=service.store)
    links = export_links(export, store=service.store, objects=service.objects)
    files = [ExportFileView(name=f.name, bytes=f.bytes, sha256=f.sha256, url=f.url) for f in links]
    return ExportDetail.model_validate({**_document(export), "files": files})


@router.post(
    "/v1/deployments/<deployment_id>/exports/<export_id>/resume",
    tags=["audit"],
    summary="Resume an export that stopped",
)
def go_on(deployment_id: DeploymentId, export_id: ExportId) -> Response[ExportView]:
    service = get_service()
    export = resume_export(
        deployment_id, export_id, caller=caller_of(router), store=service.store, queue=service.export_queue
    )
    return Response(status_code=202, content_type="application/json", body=export_view(export))


def export_view(export: Export) -> ExportView:
    return ExportView.model_validate(_document(export))


def _document(export: Export) -> dict[str, object]:
    return {
        "export_id": export.export_id,
        "deployment_id": export.deployment_id,
        "status": export.status.value,
        "percent": export.percent,
        "from": stamp(export.begin),
        "to": stamp(export.end),
        "created_at": stamp(export.created_at),
        "finished_at": when(export.finished_at),
        "subjects": export.subjects,
        "entries": export.entries,
        "seals": export.last_seal - export.first_seal + 1 if export.first_seal else 0,
    }
