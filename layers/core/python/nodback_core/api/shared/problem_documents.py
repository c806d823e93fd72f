"""Every error as an RFC 9457 document. Imports next to nothing."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from nodback_core.domain.shared.errors import FieldError, InvalidInput, NodbackError
from nodback_core.ports import ContentErased
from nodback_core.statuses import status_of

PROBLEM_JSON = "application/problem+json"
OUR_FAULT = "something broke on our side; try again"


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


def document_of(error: NodbackError | ContentErased) -> tuple[HTTPStatus, dict[str, object]]:
    """The status and the document of an error."""
    status = status_of(error)
    if isinstance(error, ContentErased):
        return status, document(status, "content_erased", "the content of this request was erased")
    errors = error.errors if isinstance(error, InvalidInput) else ()
    return status, document(status, error.code, error.detail, errors=errors, facts=error.facts)
