"""Which keys may call each route of the API: the table behind the tests of access and docs/api.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.world import FLOW_CLASS

FLOW, RESPOND, MANAGE, SETUP = "flow", "respond", "manage", "install"
ANY_KEY = frozenset({FLOW, RESPOND, MANAGE, SETUP})
MANAGING = frozenset({MANAGE, SETUP})
ANYBODY = None


@dataclass(frozen=True)
class Row:
    """What is expected of one operation.

    scopes: the keys that may call it; ANYBODY needs none.
    done: the status when a key of the request's own deployment calls it.
    elsewhere: the status for the same key of another deployment: 404 unless the route speaks of the caller's own.
    """

    scopes: frozenset[str] | None
    done: int = 200
    elsewhere: int = 404
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    """Other things than usual that the path names."""


ONE = "/v1/deployments/{deployment_id}"
HOOK = f"{ONE}/webhooks/{{webhook_id}}"
DELIVERY = f"{HOOK}/deliveries/{{delivery_id}}"
REQUEST = "/v1/requests/{request_id}"
RESUME = "/v1/resumes/{request_id}"
ROTATING, CLAIMED, FAILED = {"webhook_id": "rotating"}, {"request_id": "claimed"}, {"request_id": "failed"}
A_PAUSE = {
    "request_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "flow_id": "new",
    "flow_name": "F",
    "flow_class": "m.F",
    "method_name": "m",
    "message": "?",
    "snapshot": {},
}
HELD = {"claim_id": "{claim_id}"}
CLAIM = {"worker": "w", "flow_classes": [FLOW_CLASS]}

TABLE: Mapping[str, Row] = {
    "GET /health": Row(ANYBODY),
    "GET /v1/openapi.json": Row(ANYBODY),
    # The URL is the credential; this one is none.
    "POST /v1/callbacks/{token}": Row(ANYBODY, done=404, body={"feedback": "x"}),
    "POST /v1/deployments": Row(frozenset({SETUP}), 201, body={"name": "N", "creator_email": "n@example.com"}),
    "GET /v1/deployments": Row(MANAGING, elsewhere=200),
    f"GET {ONE}": Row(MANAGING),
    f"PATCH {ONE}": Row(MANAGING, body={"name": "Another name"}),
    f"GET {ONE}/settings": Row(MANAGING),
    f"PUT {ONE}/settings": Row(MANAGING, body={"sla_minutes": 5}),
    f"PATCH {ONE}/settings": Row(MANAGING, body={"sla_minutes": 5}),
    f"POST {ONE}/rules/explain": Row(MANAGING, body={"method_name": "m", "state": {}}),
    f"GET {ONE}/keys": Row(MANAGING),
    f"POST {ONE}/keys": Row(MANAGING, 201, body={"name": "K", "scope": "flow"}),
    f"DELETE {ONE}/keys/{{key_id}}": Row(MANAGING, 204),
    f"GET {ONE}/members": Row(MANAGING),
    f"PUT {ONE}/members/{{address}}": Row(MANAGING, body={"permissions": ["respond_to_human_feedback"]}),
    f"PATCH {ONE}/members/{{address}}": Row(MANAGING, body={"permissions": ["manage_human_feedback"]}),
    f"DELETE {ONE}/members/{{address}}": Row(MANAGING, 204),
    f"POST {ONE}/test-request": Row(MANAGING, 201, body={}),
    f"GET {ONE}/test-requests/{{request_id}}": Row(MANAGING, parts={"request_id": "test"}),
    f"POST {ONE}/exports": Row(MANAGING, 202, body={"from": "2026-03-01T00:00:00Z"}),
    f"GET {ONE}/exports": Row(MANAGING),
    f"GET {ONE}/exports/{{export_id}}": Row(MANAGING),
    f"POST {ONE}/exports/{{export_id}}/resume": Row(MANAGING, 202),
    f"GET {ONE}/metrics": Row(MANAGING),
    f"POST {ONE}/webhooks": Row(MANAGING, 201, body={"name": "W", "url": "https://hooks.example.com/new"}),
    f"GET {ONE}/webhooks": Row(MANAGING),
    f"GET {HOOK}": Row(MANAGING),
    f"PATCH {HOOK}": Row(MANAGING, body={"active": False}),
    f"DELETE {HOOK}": Row(MANAGING, 204),
    f"POST {HOOK}/rotation": Row(MANAGING, 201),
    f"POST {HOOK}/rotation/complete": Row(MANAGING, parts=ROTATING),
    f"DELETE {HOOK}/rotation": Row(MANAGING, parts=ROTATING),
    f"POST {HOOK}/test": Row(MANAGING, 202),
    f"GET {HOOK}/deliveries": Row(MANAGING),
    f"GET {DELIVERY}": Row(MANAGING),
    f"POST {DELIVERY}/redeliver": Row(MANAGING, 202),
    "POST /v1/requests": Row(frozenset({FLOW}), 201, elsewhere=201, body=A_PAUSE),
    "GET /v1/requests": Row(frozenset({RESPOND, MANAGE, SETUP}), query={"deployment_id": "{deployment_id}"}),
    f"GET {REQUEST}": Row(ANY_KEY),
    f"GET {REQUEST}/timeline": Row(ANY_KEY),
    f"GET {REQUEST}/receipt": Row(ANY_KEY),
    f"POST {REQUEST}/response": Row(frozenset({RESPOND, MANAGE}), body={"outcome": "approved"}),
    f"POST {REQUEST}/reassign": Row(MANAGING, body={"to_email": "next@example.com"}),
    f"POST {REQUEST}/cancel": Row(MANAGING, body={}),
    f"DELETE {REQUEST}/content": Row(MANAGING, query={"force": "true"}, parts=FAILED),
    "GET /v1/flows/{flow_id}/pending": Row(frozenset({FLOW})),
    "GET /v1/flows/{flow_id}/state": Row(frozenset({FLOW})),
    # A flow of the same name in the caller's own deployment is another flow.
    "PUT /v1/flows/{flow_id}/state": Row(
        frozenset({FLOW}), 204, elsewhere=204, body={"method_name": "m", "state": {"n": 1}}
    ),
    "POST /v1/resumes/claim": Row(frozenset({FLOW}), elsewhere=204, body=CLAIM),
    f"POST {RESUME}/renew": Row(frozenset({FLOW}), body=HELD, parts=CLAIMED),
    f"POST {RESUME}/consumed": Row(frozenset({FLOW}), 204, body={**HELD, "flow_class": FLOW_CLASS}, parts=CLAIMED),
    f"POST {RESUME}/result": Row(frozenset({FLOW}), 204, body={**HELD, "status": "failed"}, parts=CLAIMED),
    f"POST {RESUME}/retry": Row(frozenset({FLOW, MANAGE, SETUP}), 202, body={}, parts=FAILED),
}
