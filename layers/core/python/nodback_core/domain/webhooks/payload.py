"""Builds the body of a webhook: the very bytes that are signed, stored and sent.

The field names, their order and their types are those of crewAI's platform. Added are `request.output` and
`request.default_outcome`, and one object per event beside `new_request`. The text is ASCII (other letters as JSON
escapes), so that no receiver can spoil a signature by guessing an encoding.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nodback_core.domain.webhooks.events import ANSWERABLE_EVENTS, EventType, JsonValue, WebhookEvent, utc_text

MAX_INLINE_BYTES = 256 * 1024
"""Up to this size, as written in the body, state and output are sent inline; each on its own."""


@dataclass(frozen=True, slots=True)
class RequestContent:
    """What a webhook says of a request.

    url: where the whole request can be read with an API key; named when something is too large to be sent.
    metadata: what the flow's author gave to the decorator, nothing of Nodback's.
    """

    request_id: str
    flow_id: str
    method_name: str
    message: str
    emit_options: Sequence[str]
    state: Mapping[str, JsonValue]
    metadata: Mapping[str, JsonValue]
    created_at: datetime
    output: JsonValue
    default_outcome: str | None
    url: str


@dataclass(frozen=True, slots=True)
class DeploymentContent:
    """What a webhook says of a deployment; both ids are numbers, as on crewAI's platform."""

    deployment_id: int
    name: str
    organization_id: int


def webhook_body(
    event: WebhookEvent,
    *,
    request: RequestContent,
    deployment: DeploymentContent,
    callback_url: str | None,
    assigned_to_email: str,
) -> bytes:
    """The body for one webhook, compact and ASCII.

    callback_url: where this webhook may answer; sent as null with events of a request that waits no longer.
    assigned_to_email: the assignee now, that is after a reassignment.
    """
    body: dict[str, JsonValue] = {
        "event": event.type.value,
        "request": _request(request),
        "deployment": {
            "id": deployment.deployment_id,
            "name": deployment.name,
            "organization_id": deployment.organization_id,
        },
        "callback_url": callback_url if event.type in ANSWERABLE_EVENTS else None,
        "assigned_to_email": assigned_to_email,
    }
    if event.detail is not None:
        name, content = event.detail
        body[name] = content
    return _json(body)


def resume_body(
    *, request_id: str, flow_id: str, flow_class: str, method_name: str, deployment_id: int, attempt: int
) -> bytes:
    """The body for a webhook that resumes: ids and names, and nothing that anybody wrote.

    The receiver claims the answer with its own key, so that it is carried out once, whoever else is told of it.

    Args:
        attempt: how often the service has tried to tell, from 1.
    """
    return _json(
        {
            "event": EventType.RESUME_READY.value,
            "request": {"id": request_id, "flow_id": flow_id, "flow_class": flow_class, "method_name": method_name},
            "deployment": {"id": deployment_id},
            "attempt": attempt,
        }
    )


def _request(request: RequestContent) -> dict[str, JsonValue]:
    state_bytes, output_bytes = len(_json(request.state)), len(_json(request.output))
    fields: dict[str, JsonValue] = {
        "id": request.request_id,
        "flow_id": request.flow_id,
        "method_name": request.method_name,
        "message": request.message,
        "emit_options": list(request.emit_options),
        # An object even when left out: a receiver for crewAI's platform looks things up in it.
        "state": request.state if state_bytes <= MAX_INLINE_BYTES else {},
        "metadata": request.metadata,
        "created_at": utc_text(request.created_at),
        "output": request.output if output_bytes <= MAX_INLINE_BYTES else None,
        "default_outcome": request.default_outcome,
    }
    if state_bytes > MAX_INLINE_BYTES:
        fields["state_reference"] = {"url": request.url, "bytes": state_bytes}
    if output_bytes > MAX_INLINE_BYTES:
        fields["output_reference"] = {"url": request.url, "bytes": output_bytes}
    return fields


def _json(value: JsonValue) -> bytes:
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def _finite(value: JsonValue) -> JsonValue:
    """The same value with null for the numbers that JSON cannot write, such as NaN."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, str) or not isinstance(value, Sequence):
        return value
    return [_finite(item) for item in value]
