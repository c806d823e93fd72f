"""Every error of the domain as one HTTP status: the API and the pages answer with the same."""

from collections.abc import Mapping
from http import HTTPStatus

from nodback_core.domain.shared.errors import (
    Busy,
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

STATUS: Mapping[type[NodbackError | ContentErased], HTTPStatus] = {
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
    ContentErased: HTTPStatus.GONE,
}


def status_of(error: NodbackError | ContentErased) -> HTTPStatus:
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def headers_of(status: HTTPStatus, facts: Mapping[str, object] | None = None) -> dict[str, str]:
    """What is said in headers besides: how to sign in, and when to try again."""
    if status is HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": "1"}
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        return {"Retry-After": str((facts or {}).get("retry_after_seconds", 1))}
    return {}
