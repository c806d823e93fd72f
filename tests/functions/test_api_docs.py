"""docs/api.md says what the code does: routes exist, codes are those of the errors, examples are accepted."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from support.http import call, key_for
from support.route_table import table
from support.world import World

from nodback_core.domain.shared import errors
from nodback_core.statuses import STATUS

CORE = Path(__file__).parents[2] / "layers/core/python/nodback_core"
OF_THE_DASHBOARD = ("sign_in", "signing_in", "respond_by_person")
PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_route_of_the_page_is_in_the_openapi_document() -> None:
    document = call(World(), "GET", "/v1/openapi.json")
    known = {re.sub(r"[{<]\w+[}>]", "{}", path): operations for path, operations in document["paths"].items()}
    told = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/v1/[^`\s?]*)", PAGE)
    assert len(told) >= 10
    for method, path in told:
        if path != "/v1/openapi.json":
            assert method.lower() in known.get(re.sub(r"{\w+}", "{}", path), {}), f"{method} {path}"


def test_the_table_of_routes_is_that_of_the_openapi_document_and_of_the_access_tests() -> None:
    (written,) = re.findall(r"<!-- routes: begin[^>]*-->\n(.*?)\n<!-- routes: end -->", PAGE, flags=re.DOTALL)
    assert written == table(), "run: python -m tests.support.route_table --write"


def test_every_body_and_query_that_the_page_shows_is_that_of_the_openapi_document() -> None:
    """Such as `POST /v1/…/webhooks` `{"name", "url", "events"?}`; the table of all routes is written from there."""
    document = call(World(), "GET", "/v1/openapi.json").json
    known = {re.sub(r"{\w+}", "{}", path): operations for path, operations in document["paths"].items()}
    prose = PAGE.partition("## All routes")[0]
    bodies = re.findall(r"`(POST|PUT|PATCH) (/v1/[^`\s?]*)` `({[^`]*})`", prose)
    queries = re.findall(r"`(GET|DELETE) (/v1/[^`\s?]*)\?([^`]*)`", prose)
    assert len(bodies) >= 3
    assert len(queries) >= 3

    for method, path, body in bodies:
        fields = known[re.sub(r"{\w+}", "{}", path)][method.lower()]["requestBody"]["content"]["application/json"]
        schema = document["components"]["schemas"][fields["schema"]["$ref"].rpartition("/")[2]]
        shown = {name: not mark for name, mark in re.findall(r'"(\w+)"(\??)', body)}
        assert shown == {name: name in schema.get("required", ()) for name in schema["properties"]}, path
    for method, path, query in queries:
        asked = known[re.sub(r"{\w+}", "{}", path)][method.lower()]["parameters"]
        assert re.findall(r"(\w+)=", query) == [one["name"] for one in asked if one["in"] == "query"], path


def test_every_code_of_an_error_class_is_explained() -> None:
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.NodbackError)]
    generic = {"error", "refused"}
    codes = {k.code for k in kinds} - generic
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()


def test_every_error_has_the_status_on_the_page_that_it_is_answered_with() -> None:
    rows = re.findall(r"^\| (\d{3}) \| ([^|]*) \|", PAGE, re.M)
    told = {(code, int(status)) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    raised = set(raised_by_the_service())
    assert len(raised) > 20
    assert raised - told == set()


def raised_by_the_service() -> Iterator[tuple[str, int]]:
    """Code and status of every error that the source makes, the dashboard's own apart."""
    statuses = {kind.__name__: (kind.code, int(status)) for kind, status in STATUS.items() if hasattr(kind, "code")}
    for path in CORE.rglob("*.py"):
        room = path.relative_to(CORE).parts[0]
        if room in ("dashboard", "mail") or path.stem in OF_THE_DASHBOARD:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in statuses:
                usual, status = statuses[node.func.id]
                given = [key.value for key in node.keywords if key.arg == "code"]
                if not given:
                    yield usual, status
                elif isinstance(given[0], ast.Constant):
                    yield str(given[0].value), status


def test_the_example_of_an_error_has_the_shape_of_one() -> None:
    world = World()
    deployment = world.deployment()
    request_id = world.pause(deployment).request.request_id
    key = key_for(world, deployment, "manage")
    path = f"/v1/requests/{request_id}/response"
    assert call(world, "POST", path, key, {"outcome": "approved"}).status == 200
    refused = call(world, "POST", path, key, {"outcome": "rejected"})
    (example,) = re.findall(r"```json\n(\{\n  \"type\".*?)```", PAGE, re.DOTALL)
    assert set(refused.json) == set(json.loads(example))
    assert refused["detail"].startswith("this request was answered with 'approved' by key/")


def test_the_example_of_explain_is_what_is_answered() -> None:
    world = World()
    rules = [
        {"name": "Approvals to Finance", "match": {"method_name": "approve_*"}, "assign_to_email": "f@company.com"},
        {"name": "Route to Sales Rep", "match": {"method_name": "review_*"}, "assign_from_input": "sales_rep_email"},
    ]
    key = key_for(world, world.deployment(rules=rules), "manage")
    body = {"method_name": "review_content", "state": {"sales_rep_email": "alice@company.com"}}
    told = call(world, "POST", "/v1/deployments/1/rules/explain", key, body)
    (example,) = re.findall(r"```json\n(\{\n  \"assigned_to_email\".*?)```", PAGE, re.DOTALL)
    assert told.json == json.loads(example)
