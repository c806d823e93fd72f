"""The served OpenAPI document is true: whatever is sent, with a key or without, it describes the answer."""

import ast
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as openapi_checks
from support.hooks import Network, a_webhook, log, take_all
from support.http import INSTALL_KEY, call, key_for
from support.world import World
from support.wsgi import Gateway

from nodback_core.domain.webhooks.events import EventType

SCALE = float(os.environ.get("NODBACK_FUZZ_SCALE", "1"))
EXAMPLES = 4
ROOT = Path(__file__).parents[2]
OF_THE_DASHBOARD = ("sign_in", "signing_in", "respond_by_person")
PUBLIC = {"GET /health", "POST /v1/callbacks/{token}"}
CHECKS = [
    not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]


class Api:
    """A world with one of everything, and the ids under which it is found."""

    def __init__(self) -> None:
        self.world = World()
        deployment = self.world.deployment()
        new = a_webhook(self.world, deployment, "https://hooks.example.com/in", EventType.REQUEST_RESPONDED)
        opened = self.world.pause(deployment)
        self.world.deliver()
        network = Network()
        take_all(self.world, network)
        self.keys = {scope: key_for(self.world, deployment, scope) for scope in ("flow", "respond", "manage")}
        self.keys["install"] = INSTALL_KEY
        self.ids: Mapping[str, Any] = {
            "deployment_id": deployment.deployment_id,
            "request_id": opened.request.request_id,
            "flow_id": "flow-1",
            "webhook_id": new.webhook.webhook_id,
            "delivery_id": log(self.world, new)[0].delivery_id,
            "token": network.posts[0].json["callback_url"].rpartition("/")[2],
            "address": "lead@company.com",
        }


@cache
def schema() -> Any:
    return schemathesis.openapi.from_wsgi("/v1/openapi.json", Gateway(World()))


@cache
def operations() -> Mapping[str, Any]:
    found = [result.ok() for result in schema().get_all_operations()]
    return {operation.label: operation for operation in found}


# One test for each route, so that a finding names it.
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "label" in metafunc.fixturenames:
        metafunc.parametrize("label", sorted(operations()))


@cache
def strategy(label: str, mode: GenerationMode) -> st.SearchStrategy[Any]:
    """What the document allows, or what it forbids; where nothing is forbidden, what it allows."""
    try:
        return operations()[label].as_strategy(generation_mode=mode)  # type: ignore[no-any-return]
    except Unsatisfiable:
        return operations()[label].as_strategy()  # type: ignore[no-any-return]


def search(label: str, credentials: str, examples: int) -> None:
    """Send what the document allows and what it does not, and check each answer against it."""
    api = Api()

    @seed(7)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def send(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
        case = data.draw(strategy(label, mode))
        # Ids that exist, most of the time: behind a 404 there is nothing to find.
        if case.path_parameters and data.draw(st.integers(0, 5)):
            known = {name: api.ids[name] for name in case.path_parameters if name in api.ids}
            case.path_parameters = {**case.path_parameters, **known}
        headers = {}
        if credentials != "none":
            scope = credentials if credentials != "any" else data.draw(st.sampled_from(sorted(api.keys)))
            headers["Authorization"] = f"Bearer {api.keys[scope]}"
        response = case.call(headers=headers, app=Gateway(api.world))
        case.validate_response(response, checks=CHECKS)
        if credentials == "none" and label not in PUBLIC:
            assert response.status_code == 401, f"{label} has no guard: {response.status_code}"

    send()
    api.world.check_chains()


def test_with_keys_of_every_scope_no_answer_is_outside_the_document(label: str) -> None:
    search(label, "any", EXAMPLES)


def test_without_a_key_every_route_but_the_public_ones_is_closed(label: str) -> None:
    search(label, "none", 2)


@pytest.mark.fuzz
@pytest.mark.parametrize("credentials", ["any", "manage", "flow"])
def test_a_longer_search_finds_nothing_either(label: str, credentials: str) -> None:
    search(label, credentials, max(1, int(EXAMPLES * SCALE)))


def test_the_document_names_who_may_call_and_what_callbacks_and_webhooks_say() -> None:
    document = call(World(), "GET", "/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    open_routes = {
        f"{method.upper()} {path}"
        for path, found in document["paths"].items()
        for method, operation in found.items()
        if operation.get("security") == []
    }
    assert open_routes == PUBLIC
    assert set(document["webhooks"]) == {event.value for event in EventType}
    assert {"200", "404", "409", "410", "413", "415", "422", "429"} <= set(
        document["paths"]["/v1/callbacks/{token}"]["post"]["responses"]
    )


def test_every_operation_has_an_id_of_its_own_and_a_summary() -> None:
    found = [
        operation
        for path in call(World(), "GET", "/v1/openapi.json").json["paths"].values()
        for operation in path.values()
    ]
    ids = [operation["operationId"] for operation in found]
    assert len(ids) == len(set(ids))
    assert all(operation["summary"] and operation["tags"] for operation in found)


def test_what_a_webhook_receives_is_what_the_document_says() -> None:
    import jsonschema

    document = call(World(), "GET", "/v1/openapi.json").json
    world, network = World(), Network()
    deployment = world.deployment()
    a_webhook(world, deployment, "https://hooks.example.com/", *[EventType.REQUEST_RESPONDED])
    world.pause(deployment, state={"text": "x" * 300_000})
    world.deliver()
    world.reply("approved", to=world.reply_address())
    world.deliver()
    take_all(world, network)
    schema = {**document["components"]["schemas"]["WebhookMessage"], "components": document["components"]}
    assert [post.json["event"] for post in network.posts] == ["new_request", "request_responded"]
    for post in network.posts:
        jsonschema.validate(post.json, schema)
        named = {p["name"].lower() for p in document["webhooks"][post.json["event"]]["post"]["parameters"]}
        assert named == {name.lower() for name in post.headers}


def test_what_a_receiver_gets_is_what_the_document_says() -> None:
    import jsonschema

    document = call(World(), "GET", "/v1/openapi.json").json
    world, network = World(), Network()
    deployment = world.deployment()
    a_webhook(world, deployment, "https://flows.example.com/", resumes=True)
    world.pause(deployment)
    world.deliver()
    world.reply("approved", to=world.reply_address())
    world.deliver()
    take_all(world, network)
    (post,) = network.posts
    named = document["webhooks"]["resume_ready"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert named == {"$ref": "#/components/schemas/ResumeMessage"}
    jsonschema.validate(post.json, document["components"]["schemas"]["ResumeMessage"])


def test_every_code_that_a_caller_can_be_told_is_explained() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    told = set(codes_of_the_service())
    assert len(told) > 20
    assert {code for code in told if f"`{code}`" not in page} == set()


def codes_of_the_service() -> Iterator[str]:
    """Every code in the source of what the API can run, the dashboard's own pages apart."""
    service = ROOT / "layers" / "core" / "python" / "nodback_core"
    for path in service.rglob("*.py"):
        if path.relative_to(service).parts[0] in ("dashboard", "mail") or path.stem in OF_THE_DASHBOARD:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "code":
                yield from _texts([node.value])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("problem", "document", "Refusal"):
                yield from _texts(node.args[1:2])


def _texts(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            yield node.value
