"""Every error as an RFC 9457 document: where errors of the domain become HTTP. Imports next to nothing."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from nodback_core.domain.shared.errors import (
    Busy,
    FieldError,
    Forbidden,
    Gone,
    InvalidInput,
    NodbackError,
    NotFound,
    Refused,
    TooLarge,
    TooManyAttempts,
    Unauthenticated,
    VersionDiffers,
)
from nodback_core.ports import ContentErased

PROBLEM_JSON = "application/problem+json"
OUR_FAULT = "something broke on our side; try again"
STATUS: Mapping[type[NodbackError], HTTPStatus] = {
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Refused: HTTPStatus.CONFLICT,
    Gone: HTTPStatus.GONE,
    VersionDiffers: HTTPStatus.PRECONDITION_FAILED,
    TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Refusal(Exception):
    """An answer that is decided before anything is looked up."""

    def __init__(self, status: HTTPStatus, code: str, detail: str):
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


def document(
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    facts: Mapping[str, object] | None = None,
) -> dict[str, object]:
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
    return body


def headers_of(status: HTTPStatus, facts: Mapping[str, object] | None = None) -> dict[str, str]:
    """What is said in headers besides: how to sign in, and when to try again."""
    if status is HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": "1"}
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        return {"Retry-After": str((facts or {}).get("retry_after_seconds", 1))}
    return {}


def status_of(error: NodbackError) -> HTTPStatus:
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def document_of(error: NodbackError | ContentErased) -> tuple[HTTPStatus, dict[str, object]]:
    """The status and the document of an error."""
    if isinstance(error, ContentErased):
        return HTTPStatus.GONE, document(HTTPStatus.GONE, "content_erased", "the content of this request was erased")
    errors = error.errors if isinstance(error, InvalidInput) else ()
    status = status_of(error)
    return status, document(status, error.code, error.detail, errors=errors, facts=error.facts)
