"""The resolver of the API: guards first, then routes; every error a problem document."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError

import signoff_core.api.audit
import signoff_core.api.decisions
import signoff_core.api.deployments
import signoff_core.api.mail_tests
import signoff_core.api.members
import signoff_core.api.metrics
import signoff_core.api.requests
import signoff_core.api.resumes
import signoff_core.api.settings
import signoff_core.api.webhooks
from signoff_core.api.context import CALLER
from signoff_core.api.models import Health
from signoff_core.api.problem_documents import OUR_FAULT
from signoff_core.api.problems import problem, problem_of, problem_of_validation
from signoff_core.domain.contents import MAX_SNAPSHOT_BYTES
from signoff_core.domain.errors import FieldError, SignoffError
from signoff_core.ports import ContentErased
from signoff_core.runtime.logs import logger
from signoff_core.runtime.service import service
from signoff_core.usecases.authenticate import authenticate
from signoff_core.version import VERSION

PUBLIC_PATHS = frozenset({"/health", "/v1/openapi.json"})

app = APIGatewayHttpResolver(
    enable_validation=True, response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR
)
for part in (
    signoff_core.api.deployments,
    signoff_core.api.mail_tests,
    signoff_core.api.members,
    signoff_core.api.settings,
    signoff_core.api.webhooks,
    signoff_core.api.requests,
    signoff_core.api.decisions,
    signoff_core.api.audit,
    signoff_core.api.metrics,
    signoff_core.api.resumes,
):
    app.include_router(part.router)


@app.get("/health", tags=["service"], summary="Whether the API answers")
def health() -> Health:
    return Health(status="ok", version=VERSION)


@app.get("/v1/openapi.json", include_in_schema=False)
def openapi() -> Response[str]:
    return Response(status_code=200, content_type="application/json", body=openapi_document())


def openapi_document() -> str:
    """The OpenAPI document, made of the routes and models."""
    return app.get_openapi_json_schema(
        title="Signoff", version=VERSION, description="Email-first human review for CrewAI flows."
    )


@app.exception_handler(SignoffError)
def _on_error(error: SignoffError) -> Response[str]:
    return problem_of(error)


@app.exception_handler(ContentErased)
def _on_erased(error: ContentErased) -> Response[str]:
    return problem_of(error)


@app.exception_handler(RequestValidationError)
def _on_invalid(error: RequestValidationError) -> Response[str]:
    return problem_of_validation(error)


@app.exception_handler(ResponseValidationError)
def _on_own_mistake(error: ResponseValidationError) -> Response[str]:
    logger().error("an answer does not fit its own document", extra={"errors": [e["loc"] for e in error.errors()]})
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", OUR_FAULT)


@app.not_found
def _on_no_route(_: NotFoundError) -> Response[str]:
    return problem(HTTPStatus.NOT_FOUND, "no_such_route", "there is no such route; see /v1/openapi.json")


def answer(event: Mapping[str, object], context: object) -> dict[str, object]:
    """The answer to one HTTP API event (payload format 2.0)."""
    try:
        refused = _guard(event)
        if refused is not None:
            return refused
        answered = cast("dict[str, object]", app.resolve(dict(event), context))  # type: ignore[arg-type]
        # An answer without content is an empty text: not every gateway takes null.
        return {**answered, "body": answered.get("body") or ""}
    except SignoffError as error:
        return _plain(problem_of(error))
    except Exception:  # noqa: BLE001 - logged whole; the caller gets a problem document
        logger().exception("unexpected error")
        return _plain(problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", OUR_FAULT))


def _guard(event: Mapping[str, object]) -> dict[str, object] | None:
    """What must hold before a route is looked for: a known caller and a body of a bearable size."""
    app.clear_context()
    path = str(event.get("rawPath", ""))
    stage = str(cast("Mapping[str, object]", event.get("requestContext", {})).get("stage", "$default"))
    if stage != "$default":
        path = path.removeprefix(f"/{stage}")
    if path not in PUBLIC_PATHS:
        headers = {k.lower(): v for k, v in cast("Mapping[str, str]", event.get("headers") or {}).items()}
        made = service()
        caller = authenticate(headers.get("authorization"), install_key=made.install_key, store=made.store)
        app.append_context(**{CALLER: caller})
    body = str(event.get("body") or "")
    size = len(body.encode())
    if size > MAX_SNAPSHOT_BYTES:
        detail = f"the body has {size} bytes; the limit is {MAX_SNAPSHOT_BYTES} (4 MiB): make the flow's state smaller"
        facts = {"size_bytes": size, "limit_bytes": MAX_SNAPSHOT_BYTES}
        return _plain(problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "snapshot_too_large", detail, facts=facts))
    if body and not event.get("isBase64Encoded") and not _is_object(body):
        error = FieldError("body", "the body must be one JSON object")
        return _plain(
            problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", "body: it must be one JSON object", errors=[error]
            )
        )
    return None


def _is_object(body: str) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _plain(response: Response[str]) -> dict[str, object]:
    headers = {"Content-Type": response.content_type or "", **{k: str(v) for k, v in response.headers.items()}}
    return {"statusCode": response.status_code, "headers": headers, "body": response.body, "isBase64Encoded": False}
