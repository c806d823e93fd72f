"""Every error as RFC 9457 problem+json: the one place that maps errors of the domain to HTTP."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from signoff_core.domain.errors import (
    Busy,
    FieldError,
    Forbidden,
    Gone,
    InvalidInput,
    NotFound,
    Refused,
    SignoffError,
    TooLarge,
    Unauthenticated,
    VersionDiffers,
)
from signoff_core.ports import ContentErased

PROBLEM_JSON = "application/problem+json"
STATUS: Mapping[type[SignoffError], HTTPStatus] = {
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Refused: HTTPStatus.CONFLICT,
    Gone: HTTPStatus.GONE,
    VersionDiffers: HTTPStatus.PRECONDITION_FAILED,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
}


def problem(
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    facts: Mapping[str, object] | None = None,
) -> Response[str]:
    """A problem document; `code` is stable and listed in docs/api.md."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code,
        **(facts or {}),
    }
    if errors:
        body["errors"] = [{"field": e.field, "message": e.message} for e in errors]
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else {}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    return Response(status_code=status.value, content_type=PROBLEM_JSON, body=json.dumps(body), headers=headers)


def problem_of(error: SignoffError) -> Response[str]:
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    errors = error.errors if isinstance(error, InvalidInput) else ()
    return problem(status, error.code, error.detail, errors=errors, facts=error.facts)


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


def problem_of_erasure(_: ContentErased) -> Response[str]:
    return problem(HTTPStatus.GONE, "content_erased", "the content of this request was erased")
