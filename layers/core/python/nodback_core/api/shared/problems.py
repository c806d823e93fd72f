"""Problem documents as the resolver answers them."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from nodback_core.api.shared.problem_documents import PROBLEM_JSON, document, document_of
from nodback_core.domain.shared.errors import FieldError, NodbackError
from nodback_core.ports import ContentErased
from nodback_core.statuses import headers_of


def problem(
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    facts: Mapping[str, object] | None = None,
) -> Response[str]:
    """A problem document; `code` is stable and listed in docs/api.md."""
    return _response(status, document(status, code, detail, errors=errors, facts=facts))


def problem_of(error: NodbackError | ContentErased) -> Response[str]:
    return _response(*document_of(error))


def problem_of_validation(error: RequestValidationError) -> Response[str]:
    """What pydantic found, as sentences about fields; values are never repeated."""
    errors = []
    for found in error.errors():
        place = [str(part) for part in found["loc"] if part not in ("body", "query", "path", "header")]
        if found["type"] in ("json_invalid", "model_attributes_type") or not place:
            errors.append(FieldError("body", "the body must be one JSON object"))
        else:
            errors.append(FieldError(".".join(place), str(found.get("msg", "is not valid"))))
    detail = "; ".join(f"{e.field}: {e.message}" for e in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", detail, errors=errors)


def _response(status: HTTPStatus, body: Mapping[str, object]) -> Response[str]:
    return Response(
        status_code=status.value,
        content_type=PROBLEM_JSON,
        body=json.dumps(body),
        headers=dict(headers_of(status, body)),
    )
