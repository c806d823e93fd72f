"""The resolver of the API: guards first, then routes; every error a problem document."""

import base64
import json
import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import cast
from urllib.parse import quote, unquote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError

import nodback_core.api.audit.routes
import nodback_core.api.deployments.deployments
import nodback_core.api.deployments.settings
import nodback_core.api.figures.routes
import nodback_core.api.flows.resumes
import nodback_core.api.letters.mail_tests
import nodback_core.api.people.routes
import nodback_core.api.reviews.decisions
import nodback_core.api.reviews.requests
import nodback_core.api.webhooks.routes
from nodback_core.api.openapi import DESCRIPTION, completed
from nodback_core.api.shared.bodies import is_json, json_object
from nodback_core.api.shared.context import CALLER
from nodback_core.api.shared.models import Health
from nodback_core.api.shared.problem_documents import OUR_FAULT, Refusal
from nodback_core.api.shared.problems import problem, problem_of, problem_of_validation
from nodback_core.domain.reviews.contents import MAX_SNAPSHOT_BYTES
from nodback_core.domain.shared.errors import NodbackError, TooLarge
from nodback_core.ports import ContentErased
from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.usecases.people.authenticate import authenticate
from nodback_core.version import PRODUCT, VERSION

_FLOW_PATH = re.compile(r"(?P<before>(/[^/]*)?/v1/flows/)(?P<flow_id>.+)(?P<after>/(state|pending))", re.DOTALL)
PUBLIC_PATHS = frozenset({"/health", "/v1/openapi.json"})

app = APIGatewayHttpResolver(
    enable_validation=True, response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR
)
for part in (
    nodback_core.api.deployments.deployments,
    nodback_core.api.letters.mail_tests,
    nodback_core.api.people.routes,
    nodback_core.api.deployments.settings,
    nodback_core.api.webhooks.routes,
    nodback_core.api.reviews.requests,
    nodback_core.api.reviews.decisions,
    nodback_core.api.audit.routes,
    nodback_core.api.figures.routes,
    nodback_core.api.flows.resumes,
):
    app.include_router(part.router)


@app.get("/health", tags=["service"], summary="Check that the API answers")
def health() -> Health:
    return Health(status="ok", version=VERSION)


@app.get("/v1/openapi.json", include_in_schema=False)
def openapi() -> Response[str]:
    return Response(status_code=200, content_type="application/json", body=openapi_document())


@cache
def openapi_document() -> str:
    """The OpenAPI document, made of the routes and models."""
    made = app.get_openapi_json_schema(title=PRODUCT, version=VERSION, description=DESCRIPTION)
    return json.dumps(completed(json.loads(made)))


@app.exception_handler(NodbackError)
def _on_error(error: NodbackError) -> Response[str]:
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
        event = _with_flow_id_in_one_part(_with_text(event))
        _guard(event)
        answered = cast("dict[str, object]", app.resolve(_as_json(event), context))  # type: ignore[arg-type]
        # An answer without content is an empty text: not every gateway takes null.
        return {**answered, "body": answered.get("body") or ""}
    except Refusal as refusal:
        return _plain(problem(refusal.status, refusal.code, refusal.detail))
    except NodbackError as error:
        return _plain(problem_of(error))
    except Exception:  # noqa: BLE001 - logged whole; the caller gets a problem document
        logger().exception("unexpected error")
        return _plain(problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", OUR_FAULT))


def _guard(event: Mapping[str, object]) -> None:
    """What must hold before a route is looked for: a known caller, and a body that is one JSON object of fair size."""
    app.clear_context()
    path = str(event.get("rawPath", ""))
    stage = str(cast("Mapping[str, object]", event.get("requestContext", {})).get("stage", "$default"))
    if stage != "$default":
        path = path.removeprefix(f"/{stage}")
    headers = {k.lower(): v for k, v in cast("Mapping[str, str]", event.get("headers") or {}).items()}
    if path not in PUBLIC_PATHS:
        service = get_service()
        caller = authenticate(headers.get("authorization"), install_key=service.install_key, store=service.store)
        app.append_context(**{CALLER: caller})
    body = str(event.get("body") or "")
    size = len(body.encode(errors="surrogatepass"))
    if size > MAX_SNAPSHOT_BYTES:
        detail = f"the body has {size} bytes; the limit is {MAX_SNAPSHOT_BYTES} (4 MiB): make the flow's state smaller"
        raise TooLarge(detail, facts={"size_bytes": size, "limit_bytes": MAX_SNAPSHOT_BYTES})
    if body:
        if not is_json(headers.get("content-type", "")):
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "send application/json")
        json_object(body)


def _as_json(event: Mapping[str, object]) -> dict[str, object]:
    """The event as the resolver reads it: what got past the guard is JSON, however its sender named it."""
    headers = cast("Mapping[str, str]", event.get("headers") or {})
    others = {k: v for k, v in headers.items() if k.lower() != "content-type"}
    return {**event, "headers": {**others, "content-type": "application/json"}}


def _with_text(event: Mapping[str, object]) -> Mapping[str, object]:
    """The event with its body as text: the gateway encodes what its content type does not call a text."""
    if not event.get("isBase64Encoded"):
        return event
    try:
        body = base64.b64decode(str(event.get("body") or "")).decode()
    except ValueError:
        # No JSON is written like that, so it is refused as anything else that is no object.
        body = "\ufffd"
    return {**event, "body": body or None, "isBase64Encoded": False}


def _with_flow_id_in_one_part(event: Mapping[str, object]) -> Mapping[str, object]:
    """The event with a flow's id encoded in its path: API Gateway hands it on decoded, slashes included."""
    found = _FLOW_PATH.fullmatch(str(event.get("rawPath", "")))
    if found is None:
        return event
    flow_id = quote(unquote(found["flow_id"]), safe="")
    return {**event, "rawPath": f"{found['before']}{flow_id}{found['after']}"}


def _plain(response: Response[str]) -> dict[str, object]:
    headers = {"Content-Type": response.content_type or "", **{k: str(v) for k, v in response.headers.items()}}
    return {"statusCode": response.status_code, "headers": headers, "body": response.body, "isBase64Encoded": False}
