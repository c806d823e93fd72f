"""Who may call what: every route of the API, every caller, own and other deployments; denied by default.

The routes come from the resolver and the OpenAPI document, so that a route without a row here fails.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from support.access import ANY_KEY, ANYBODY, CLAIM, FLOW, HOOK, MANAGE, ONE, REQUEST, RESPOND, SETUP, TABLE, Row
from support.browse import Browser
from support.hooks import a_webhook
from support.http import CONTEXT, INSTALL_KEY, Answered, MemoryService, call, key_for
from support.world import INSTALL, World

from nodback_core.dashboard.visits import SESSION_COOKIE
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.runtime.service import use_service
from nodback_core.usecases.people.members import add_member

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SECRET = "of one deployment only"
"""Stands in everything that the first deployment keeps: whoever is shown it has seen what is not theirs."""
CALLERS = (
    *((scope, "here") for scope in (FLOW, RESPOND, MANAGE)),
    *((scope, "there") for scope in (FLOW, RESPOND, MANAGE)),
    (SETUP, "everywhere"),
    ("none", ""),
    ("an unknown key", ""),
    ("reviewer's session", "here"),
    ("manager's session", "here"),
)


@dataclass
class House:
    """A world with one of everything in one deployment, and another deployment beside it."""

    world: World
    headers: Mapping[tuple[str, str], Mapping[str, str]]
    parts: Mapping[str, str]
    """What a path names by default."""
    named: Mapping[str, str]
    """Other things, by what they are."""

    def try_out(self, operation: str, caller: tuple[str, str], **parts: str) -> tuple[Answered, bool]:
        """The answer, and whether it changed anything of the first deployment; the world stays as it was."""
        store, objects, row = self.world.store, self.world.objects, TABLE[operation]
        before = self._ours()
        rows, numbers, held = dict(store.rows), copy.deepcopy(store.numbers), dict(objects.objects)
        chains = {name: list(chain) for name, chain in store.chains.items()}
        days = {name: list(day) for name, day in store.days.items()}
        try:
            answered = self._send(operation, row, caller, parts)
            return answered, self._ours() != before
        finally:
            store.rows, store.chains, store.days, store.numbers, objects.objects = rows, chains, days, numbers, held

    def _send(self, operation: str, row: Row, caller: tuple[str, str], other: Mapping[str, str]) -> Answered:
        method, path = operation.split()
        parts = {**self.parts, **{name: self.named[kind] for name, kind in row.parts.items()}, **other}
        body = None if row.body is None else json.dumps(row.body).replace("{claim_id}", self.named["claim"])
        query = {name: value.format(**parts) for name, value in row.query.items()}
        if "{token}" in path:
            return self._call_back(body, self.headers[caller])
        return call(self.world, method, path.format(**parts), body=body, query=query, headers=self.headers[caller])

    def _call_back(self, body: str | None, headers: Mapping[str, str]) -> Answered:
        from functions.callbacks.handler import handler

        event = {
            "headers": {"content-type": "application/json", **headers},
            "requestContext": {"http": {"method": "POST"}},
            "pathParameters": {"token": "a.b.c"},
            "body": body,
        }
        use_service(MemoryService(world=self.world))
        try:
            answer: Any = handler(event, CONTEXT)
        finally:
            use_service(None)
        return Answered(answer["statusCode"], answer["headers"], json.loads(answer["body"]))

    def _ours(self) -> object:
        """All that the first deployment has: rows, entries and objects."""
        store, number = self.world.store, self.parts["deployment_id"]
        requests = {self.parts["request_id"], *(self.named[name] for name in ("claimed", "failed", "test"))}
        owners = {f"request/{r}" for r in requests} | {f"deployment/{number}", f"delivery/{self.parts['webhook_id']}"}
        rows = {
            place: row
            for place, row in store.rows.items()
            if str(getattr(row, "deployment_id", "")) == number
            or place[0] in owners
            or place[0].startswith(f"flow/{number}/")
        }
        chains = {n: tuple(c) for n, c in store.chains.items() if str(c[0].deployment_id) == number}
        return rows, chains, dict(self.world.objects.objects)


@cache
def house() -> House:
    world = World()
    rules = [{"name": SECRET, "match": {"method_name": "nothing"}, "assign_to_email": "a@example.com"}]
    here, there = world.deployment(rules=rules), world.deployment(creator_email="other@example.com")
    headers: dict[tuple[str, str], Mapping[str, str]] = {
        (SETUP, "everywhere"): bearer(INSTALL_KEY),
        ("none", ""): {},
        ("an unknown key", ""): bearer("nodback_manage_1_k999_" + "0" * 48),
    }
    for scope in (FLOW, RESPOND, MANAGE):
        headers[scope, "here"] = bearer(key_for(world, here, scope))
        headers[scope, "there"] = bearer(key_for(world, there, scope))
    for kind, permission in (("reviewer", "respond_to_human_feedback"), ("manager", "manage_human_feedback")):
        address = f"{kind}@example.com"
        add_member(here.deployment_id, address, [permission], caller=INSTALL, store=world.store, now=world.now)
        session = Browser(world).sign_in(address).cookies[SESSION_COOKIE]
        headers[f"{kind}'s session", "here"] = {"cookie": f"{SESSION_COOKIE}={session}", **bearer(session)}
    parts, named = things(world, here, headers)
    return House(world, headers, parts, {**named, "there": str(there.deployment_id)})


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def things(
    world: World, here: Deployment, headers: Mapping[tuple[str, str], Mapping[str, str]]
) -> tuple[dict[str, str], dict[str, str]]:
    """One of everything that a path can name, made by the deployment itself."""
    number = here.deployment_id
    base = f"/v1/deployments/{number}"

    def do(scope: str, method: str, path: str, body: object = None) -> Any:
        answered = call(world, method, path, body=body, headers=headers[scope, "here"])
        assert answered.status < 300, (path, answered.json)
        return answered

    def answered(flow_id: str) -> str:
        request_id = world.pause(here, flow_id=flow_id, output=SECRET).request.request_id
        do(RESPOND, "POST", f"/v1/requests/{request_id}/response", {"outcome": "approved"})
        return request_id

    def claimed(flow_id: str) -> tuple[str, str]:
        request_id = answered(flow_id)
        claim = do(FLOW, "POST", "/v1/resumes/claim", CLAIM)
        assert claim["request_id"] == request_id
        return request_id, claim["claim_id"]

    failed, claim_id = claimed("failed")
    do(FLOW, "POST", f"/v1/resumes/{failed}/result", {"claim_id": claim_id, "status": "failed"})
    held, claim_id = claimed("held")
    # One more is ready to be claimed, and one waits for its answer.
    answered("ready")
    waiting = world.pause(here, flow_id="waiting", output=SECRET).request.request_id
    do(FLOW, "PUT", "/v1/flows/waiting/state", {"method_name": "m", "state": {"s": SECRET}})
    hook, rotating = (a_webhook(world, here, name=f"{SECRET} {n}").webhook.webhook_id for n in (1, 2))
    do(MANAGE, "POST", f"{base}/webhooks/{rotating}/rotation")
    parts = {
        "deployment_id": str(number),
        "request_id": waiting,
        "flow_id": "waiting",
        "webhook_id": hook,
        "delivery_id": do(MANAGE, "POST", f"{base}/webhooks/{hook}/test")["id"],
        "key_id": do(MANAGE, "POST", f"{base}/keys", {"name": SECRET, "scope": "flow"})["id"],
        "export_id": do(MANAGE, "POST", f"{base}/exports", {"from": "2026-03-01T00:00:00Z"})["export_id"],
        "address": "reviewer@example.com",
    }
    test = do(MANAGE, "POST", f"{base}/test-request", {})["request_id"]
    return parts, {"rotating": rotating, "claimed": held, "failed": failed, "test": test, "claim": claim_id}


def expected(row: Row, caller: tuple[str, str]) -> int:
    kind, whose = caller
    if row.scopes is ANYBODY:
        return row.done
    if kind not in ANY_KEY:
        return 401
    if kind not in row.scopes:
        return 403
    return row.elsewhere if whose == "there" else row.done


@pytest.mark.parametrize("caller", CALLERS, ids=" ".join)
@pytest.mark.parametrize("operation", TABLE)
def test_each_caller_gets_exactly_what_the_table_grants(operation: str, caller: tuple[str, str]) -> None:
    row = TABLE[operation]

    answered, has_changed = house().try_out(operation, caller)

    assert answered.status == expected(row, caller), answered.json
    owns_it = caller[1] == "here" or caller[0] == SETUP
    if not owns_it or answered.status >= 400:
        assert not has_changed
        assert SECRET not in json.dumps(answered.json)
    if answered.status in (401, 403):
        assert answered["code"] == ("unauthenticated" if answered.status == 401 else "wrong_scope")


THINGS = [op for op in TABLE if op.startswith(tuple(f"{m} {ONE}/" for m in METHODS)) and op.count("{") > 1]


@pytest.mark.parametrize("operation", THINGS)
def test_a_thing_of_others_is_not_found_under_ones_own_deployment_either(operation: str) -> None:
    answered, has_changed = house().try_out(operation, (MANAGE, "there"), deployment_id=house().named["there"])

    # An address may be a member of any deployment.
    assert answered.status == (200 if operation == f"PUT {ONE}/members/{{address}}" else 404)
    assert not has_changed
    assert SECRET not in json.dumps(answered.json)


def test_every_route_of_the_api_has_a_row_and_every_row_a_route() -> None:
    from nodback_core.api.app import app

    routes = {
        f"{method} {route.openapi_path}"
        for route in (*app._static_routes, *app._dynamic_routes)
        for method in ([route.method] if isinstance(route.method, str) else route.method)
    }
    document = call(World(), "GET", "/v1/openapi.json").json
    told = {f"{method.upper()} {path}" for path, found in document["paths"].items() for method in found}

    assert set(TABLE) == routes | told
    assert told - routes == {"POST /v1/callbacks/{token}"}, "all others are routes of the resolver"
    assert routes - told == {"GET /v1/openapi.json"}, "all others are in the document"


def test_what_the_document_calls_public_is_what_the_table_calls_public() -> None:
    document = call(World(), "GET", "/v1/openapi.json").json
    public = {
        f"{method.upper()} {path}"
        for path, found in document["paths"].items()
        for method, operation in found.items()
        if operation.get("security") == []
    }
    assert {name for name, row in TABLE.items() if row.scopes is ANYBODY} == public | {"GET /v1/openapi.json"}


def test_what_is_looked_for_in_answers_is_in_the_answers_to_its_owner() -> None:
    """So that nothing above is green because there was nothing to see."""
    shown = {op for op in TABLE if SECRET in json.dumps(house().try_out(op, (MANAGE, "here"))[0].json)}
    assert {f"GET {ONE}", "GET /v1/deployments", f"GET {HOOK}", f"GET {REQUEST}", f"GET {ONE}/keys"} <= shown
    assert SECRET in json.dumps(house().try_out("GET /v1/flows/{flow_id}/state", (FLOW, "here"))[0].json)
    changing = [op for op in TABLE if not op.startswith("GET") and op not in CHANGES_NOTHING_HERE]
    for operation in changing:
        scope = next(s for s in (MANAGE, RESPOND, FLOW) if s in (TABLE[operation].scopes or ()))
        assert house().try_out(operation, (scope, "here"))[1], operation


CHANGES_NOTHING_HERE = {
    "POST /v1/deployments",
    "POST /v1/callbacks/{token}",
    f"POST {ONE}/rules/explain",
    # Sends a message: the export's row follows when it goes on.
    f"POST {ONE}/exports/{{export_id}}/resume",
    # The member that a path names has these permissions already; PATCH changes them.
    f"PUT {ONE}/members/{{address}}",
}
