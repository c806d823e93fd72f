"""Completes the OpenAPI document of the routes: who may call, every refusal, callbacks and webhooks."""

import copy
from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeAlias, cast

from nodback_core.api.shared.problem_documents import PROBLEM_JSON
from nodback_core.domain.webhooks.events import EventType

Document: TypeAlias = dict[str, object]
Node: TypeAlias = "dict[str, Node]"

DESCRIPTION = (
    "Email-first human review for CrewAI flows. Every error is a problem document (RFC 9457) with a stable `code`; "
    "the codes are explained in docs/api.md."
)
KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "The install key, or a key of a deployment with the scope `flow`, `respond` or `manage`.",
}
PUBLIC = frozenset({"/health"})
MODELS_OF_THE_RESOLVER = ("HTTPValidationError", "ValidationError", "ResponseValidationError")

SUCCESSES: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("post", "/v1/deployments"): (201,),
    ("post", "/v1/deployments/{deployment_id}/keys"): (201,),
    ("delete", "/v1/deployments/{deployment_id}/keys/{key_id}"): (204,),
    ("delete", "/v1/deployments/{deployment_id}/members/{address}"): (204,),
    ("post", "/v1/deployments/{deployment_id}/test-request"): (201,),
    ("post", "/v1/deployments/{deployment_id}/exports"): (202,),
    ("post", "/v1/deployments/{deployment_id}/exports/{export_id}/resume"): (202,),
    ("post", "/v1/deployments/{deployment_id}/webhooks"): (201,),
    ("delete", "/v1/deployments/{deployment_id}/webhooks/{webhook_id}"): (204,),
    ("post", "/v1/deployments/{deployment_id}/webhooks/{webhook_id}/rotation"): (201,),
    ("post", "/v1/deployments/{deployment_id}/webhooks/{webhook_id}/test"): (202,),
    ("post", "/v1/deployments/{deployment_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"): (202,),
    ("post", "/v1/requests"): (200, 201),
    ("put", "/v1/flows/{flow_id}/state"): (204,),
    ("post", "/v1/resumes/claim"): (200, 204),
    ("post", "/v1/resumes/{request_id}/consumed"): (204,),
    ("post", "/v1/resumes/{request_id}/result"): (204,),
    ("post", "/v1/resumes/{request_id}/retry"): (202,),
}
"""What a route answers when it did what was asked; 200 unless it stands here."""

REFUSALS = (401, 403, 404, 409, 410, 412, 413, 415, 422, 429, 500, 503)
OF_EVERY_ROUTE = (401, 403, 404, 410, 415, 422, 429, 500, 503)
OF_WRITES = (409,)
OF_BODIES = (413,)
OF_VERSIONED = (412,)
OF_CALLBACKS = (404, 409, 410, 413, 415, 422, 429, 500, 503)

PROBLEM: Document = {
    "type": "object",
    "description": "RFC 9457. Some codes add facts of their own beside these members.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people; may change."},
        "code": {"type": "string", "pattern": "^[a-z_]+$", "description": "For programs; stable."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}

ANSWER: Document = {
    "type": "object",
    "description": "At least one of `feedback` and `outcome`. Other members are passed over.",
    "properties": {
        "feedback": {
            "type": ["string", "null"],
            "maxLength": 64000,
            "description": "Exactly one option becomes the outcome; anything else is free text for the flow.",
        },
        "outcome": {"type": ["string", "null"], "description": "One of the request's options."},
        "source": {"type": ["string", "null"], "description": "What you say of yourself; kept as a claim."},
    },
}

RECORDED: Document = {
    "type": "object",
    "required": ["request_id", "status", "outcome", "responded_at", "replayed"],
    "properties": {
        "request_id": {"type": "string", "format": "uuid"},
        "status": {"const": "recorded"},
        "outcome": {"type": ["string", "null"]},
        "responded_at": {"type": "string"},
        "replayed": {"type": "boolean"},
    },
}

RESUME_MESSAGE: Document = {
    "type": "object",
    "description": "What a receiver gets: ids and names, and nothing that anybody wrote.",
    "required": ["event", "request", "deployment", "attempt"],
    "properties": {
        "event": {"type": "string", "enum": [EventType.RESUME_READY.value]},
        "request": {
            "type": "object",
            "required": ["id", "flow_id", "flow_class", "method_name"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "flow_id": {"type": "string"},
                "flow_class": {"type": "string"},
                "method_name": {"type": "string"},
            },
        },
        "deployment": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
        "attempt": {"type": "integer", "minimum": 1},
    },
}

MESSAGE: Document = {
    "type": "object",
    "description": "Events beside `new_request` add one object of their own; see docs/webhooks.md.",
    "required": ["event", "request", "deployment", "callback_url", "assigned_to_email"],
    "properties": {
        "event": {
            "type": "string",
            "enum": [event.value for event in EventType if event is not EventType.RESUME_READY],
        },
        "request": {
            "type": "object",
            "required": [
                *("id", "flow_id", "method_name", "message", "emit_options", "state", "metadata", "created_at"),
                *("output", "default_outcome"),
            ],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "flow_id": {"type": "string"},
                "method_name": {"type": "string"},
                "message": {"type": "string"},
                "emit_options": {"type": "array", "items": {"type": "string"}},
                "state": {"type": "object"},
                "state_reference": {"$ref": "#/components/schemas/ContentReference"},
                "metadata": {"type": "object"},
                "created_at": {"type": "string"},
                "output": {},
                "output_reference": {"$ref": "#/components/schemas/ContentReference"},
                "default_outcome": {"type": ["string", "null"]},
            },
        },
        "deployment": {
            "type": "object",
            "required": ["id", "name", "organization_id"],
            "properties": {
                "id": {"type": "integer"},
                "name": {"type": "string"},
                "organization_id": {"type": "integer"},
            },
        },
        "callback_url": {"type": ["string", "null"]},
        "assigned_to_email": {"type": "string"},
    },
}

REFERENCE: Document = {
    "type": "object",
    "description": "Where to read, with an API key, what is too large to be sent.",
    "required": ["url", "bytes"],
    "properties": {"url": {"type": "string"}, "bytes": {"type": "integer"}},
}

SIGNING_HEADERS: Mapping[str, str] = {
    "X-Signature": "`sha256=` and the hex HMAC-SHA256 over `<X-Timestamp>.<body>`",
    "X-Timestamp": "Unix seconds at which the message was signed",
    "X-Delivery-Id": "this delivery, as the delivery log shows it",
    "webhook-id": "the event; the same in every delivery of it",
    "webhook-timestamp": "the same as X-Timestamp",
    "webhook-signature": "Standard Webhooks; several values during a rotation",
}


def completed(document: Mapping[str, object]) -> Document:
    """The document with everything that the routes cannot say of themselves."""
    whole = cast("Node", copy.deepcopy(dict(document)))
    schemas = whole["components"]["schemas"]
    for name in MODELS_OF_THE_RESOLVER:
        schemas.pop(name, None)
    more = {
        "Problem": PROBLEM,
        "CallbackAnswer": ANSWER,
        "RecordedCallback": RECORDED,
        "WebhookMessage": MESSAGE,
        "ResumeMessage": RESUME_MESSAGE,
        "ContentReference": REFERENCE,
    }
    schemas.update(cast("Node", more))
    whole["components"]["responses"] = cast("Node", {str(s): _refusal(s) for s in REFUSALS})
    whole["components"]["securitySchemes"] = cast("Node", {"key": KEY})
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            _complete(method, path, operation)
    paths = {**whole["paths"], "/v1/callbacks/{token}": cast("Node", {"post": _callback()})}
    return {**whole, "paths": paths, "security": [{"key": []}], "webhooks": {e.value: _webhook(e) for e in EventType}}


def _complete(method: str, path: str, operation: Node) -> None:
    responses = operation["responses"]
    good = responses["200"]
    answers: Document = {}
    for status in SUCCESSES.get((method, path), (200,)):
        without_body = {"description": HTTPStatus(status).phrase}
        answers[str(status)] = without_body if status == HTTPStatus.NO_CONTENT else good
    if path in PUBLIC:
        operation["security"] = cast("Node", [])
    else:
        refusals = [*OF_EVERY_ROUTE]
        refusals += OF_WRITES if method != "get" else ()
        refusals += OF_BODIES if "requestBody" in operation else ()
        refusals += OF_VERSIONED if path.endswith("/settings") and method != "get" else ()
        answers |= _refusals(refusals)
    operation["responses"] = cast("Node", answers)


def _refusals(statuses: "list[int] | tuple[int, ...]") -> Document:
    return {str(s): {"$ref": f"#/components/responses/{s}"} for s in sorted(statuses)}


def _refusal(status: int) -> Document:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": HTTPStatus(status).phrase, "content": {PROBLEM_JSON: {"schema": schema}}}


def _callback() -> Document:
    answer = {"schema": {"$ref": "#/components/schemas/CallbackAnswer"}}
    recorded = {"application/json": {"schema": {"$ref": "#/components/schemas/RecordedCallback"}}}
    return {
        "tags": ["callbacks"],
        "summary": "Answer a request at the URL that a webhook was given",
        "description": "The URL is the credential. Every other method is 405 and does nothing.",
        "operationId": "answer_callback",
        "security": [],
        "parameters": [{"name": "token", "in": "path", "required": True, "schema": {"type": "string"}}],
        "requestBody": {
            "required": True,
            "content": {"application/json": answer, "application/x-www-form-urlencoded": answer},
        },
        "responses": {
            "200": {"description": "Recorded, now or before", "content": recorded},
            **_refusals(OF_CALLBACKS),
        },
    }


def _webhook(event: EventType) -> Document:
    headers = [
        {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
        for name, text in SIGNING_HEADERS.items()
    ]
    resumes = event is EventType.RESUME_READY
    schema = {"$ref": f"#/components/schemas/{'ResumeMessage' if resumes else 'WebhookMessage'}"}
    told = "Delivered; anything else is logged as failed and not repeated"
    if resumes:
        told = "Acknowledged; told again until the flow has taken the answer"
    return {
        "post": {
            "tags": ["webhooks"],
            "summary": f"What your endpoint receives: {event.value}",
            "operationId": f"webhook_{event.value}",
            "security": [],
            "parameters": headers,
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
            "responses": {"2XX": {"description": told}},
        }
    }
