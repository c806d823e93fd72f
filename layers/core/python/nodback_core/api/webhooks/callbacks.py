"""`POST /v1/callbacks/{token}`: an answer by whoever was given the URL. Imports neither pydantic nor the resolver."""

import base64
import binascii
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qsl

from nodback_core.api.shared.bodies import is_json, is_text, json_object, media_type_of
from nodback_core.api.shared.problem_documents import (
    OUR_FAULT,
    PROBLEM_JSON,
    Refusal,
    document,
    document_of,
)
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NodbackError, NotFound
from nodback_core.domain.shared.times import stamp
from nodback_core.ports import ContentErased
from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import Service, get_service
from nodback_core.runtime.webhooks import UNKNOWN_CALLBACK, callback_token
from nodback_core.statuses import headers_of
from nodback_core.usecases.reviews.respond import Recorded
from nodback_core.usecases.webhooks.answer_callback import answer_callback

MAX_BODY_BYTES = 512 * 1024
FIELDS = ("feedback", "outcome", "source")
FORM = "application/x-www-form-urlencoded"


def answer(event: Mapping[str, object]) -> dict[str, object]:
    """The answer to one HTTP API event (payload format 2.0). GET and HEAD never act."""
    try:
        return _answer(event)
    except Refusal as refusal:
        headers = {"Allow": "POST"} if refusal.status is HTTPStatus.METHOD_NOT_ALLOWED else {}
        return _problem(refusal.status, document(refusal.status, refusal.code, refusal.detail), headers)
    except (NodbackError, ContentErased) as error:
        return _problem(*document_of(error))
    except Exception:  # noqa: BLE001 - logged whole; the caller gets a problem document
        logger().exception("unexpected error")
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return _problem(status, document(status, "internal_error", OUR_FAULT))


def _answer(event: Mapping[str, object]) -> dict[str, object]:
    context = cast("Mapping[str, Mapping[str, str]]", event.get("requestContext") or {})
    method = context.get("http", {}).get("method", "").upper()
    if method != "POST":
        raise Refusal(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "answer by POST: opening this address does nothing, so that no link scanner can decide",
        )
    headers = {k.lower(): v for k, v in cast("Mapping[str, str]", event.get("headers") or {}).items()}
    said = _read(_body(event), headers.get("content-type", ""))
    text = str(cast("Mapping[str, str]", event.get("pathParameters") or {}).get("token", ""))
    return _recorded(_act(get_service(), text, said))


def _act(service: Service, text: str, said: Mapping[str, str | None]) -> Recorded:
    now = service.now()
    token = callback_token(service, text, now=now)
    deployment, _, webhook_id = token.webhook_id.partition("/")
    if not (deployment.isascii() and deployment.isdigit()):
        raise NotFound(UNKNOWN_CALLBACK)
    return answer_callback(
        token.request_id,
        int(deployment),
        webhook_id,
        token.token_id,
        feedback=said["feedback"],
        outcome=said["outcome"],
        source=said["source"],
        storage=service.storage,
        now=now,
    )


def _body(event: Mapping[str, object]) -> bytes:
    text = str(event.get("body") or "")
    try:
        body = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except (binascii.Error, ValueError):
        body = b""
    if len(body) > MAX_BODY_BYTES:
        raise Refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body_too_large",
            f"the body has {len(body)} bytes; the limit is {MAX_BODY_BYTES}",
        )
    return body


def _read(body: bytes, content_type: str) -> Mapping[str, str | None]:
    """The fields of the answer, from JSON or from a form; other fields are passed over.

    Raises InvalidInput, and Refusal for another kind of body.
    """
    if media_type_of(content_type) == FORM:
        return _texts(_form(body))
    if is_json(content_type):
        return _texts(json_object(body))
    raise Refusal(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        f"send application/json or {FORM}",
    )


def _form(body: bytes) -> Mapping[str, object]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError:
        raise InvalidInput((FieldError("body", "the body must be a form in UTF-8"),)) from None
    # The first of several with the same name.
    return dict(reversed(pairs))


def _texts(fields: Mapping[str, object]) -> Mapping[str, str | None]:
    wrong = [name for name in FIELDS if not isinstance(fields.get(name), str | None)]
    # Half of a character that JSON can write and no text can hold.
    wrong += [n for n in FIELDS if n not in wrong and not is_text(cast("str | None", fields.get(n)) or "")]
    if wrong:
        raise InvalidInput(tuple(FieldError(name, "must be a text") for name in wrong))
    texts = {name: cast("str | None", fields.get(name)) for name in FIELDS}
    # An empty choice of a form is no choice.
    return {**texts, "outcome": texts["outcome"] or None}


def _recorded(recorded: Recorded) -> dict[str, object]:
    decision = recorded.request.decision
    assert decision is not None
    body = {
        "request_id": recorded.request.request_id,
        "status": "recorded",
        "outcome": decision.outcome,
        "responded_at": stamp(decision.at),
        "replayed": recorded.replayed,
    }
    logger().info("callback", extra={"request_id": recorded.request.request_id, "replayed": recorded.replayed})
    return _plain(HTTPStatus.OK, "application/json", body, {})


def _problem(
    status: HTTPStatus, body: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> dict[str, object]:
    return _plain(status, PROBLEM_JSON, body, {**headers_of(status, body), **(headers or {})})


def _plain(
    status: HTTPStatus, content_type: str, body: Mapping[str, object], headers: Mapping[str, str]
) -> dict[str, object]:
    return {
        "statusCode": status.value,
        "headers": {"Content-Type": content_type, "Cache-Control": "no-store", **headers},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
