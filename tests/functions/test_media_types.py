"""What kind of body the API takes: JSON, whatever the operation; anything else is 415 as a problem document."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from support.http import INSTALL_KEY, call, key_for
from support.world import World

FILLED = {
    "deployment_id": "1",
    "request_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "webhook_id": "wh1",
    "delivery_id": "d1",
    "export_id": "e1",
    "key_id": "k1",
    "address": "a@example.com",
    "flow_id": "f1",
}
OTHERS = [
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "text/plain",
    "text/json",
    "application/xml",
    "nonsense",
    "application/json-seq",
]
TAKEN = [
    "application/json",
    "Application/JSON; charset=utf-8",
    " application/json ",
    "application/merge-patch+json",
    "",
]


@cache
def document() -> Any:
    return call(World(), "GET", "/v1/openapi.json").json


def operations() -> Iterator[tuple[str, str]]:
    """Every operation that takes a body, callbacks apart: they take forms too."""
    for path, found in document()["paths"].items():
        for method, operation in found.items():
            if "requestBody" in operation and "callbacks" not in path:
                yield method.upper(), path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "method" in metafunc.fixturenames:
        metafunc.parametrize(("method", "path"), [pytest.param(m, p, id=f"{m} {p}") for m, p in operations()])


def send(method: str, path: str, body: str | None, media: str) -> Any:
    world = World()
    deployment = world.deployment()
    key = key_for(world, deployment, "flow") if "/flows/" in path or "/resumes" in path else INSTALL_KEY
    return call(world, method, path.format(**FILLED), key, body, headers={"content-type": media})


@pytest.mark.parametrize("media", OTHERS)
@pytest.mark.parametrize("body", ["{}", "a=b", "--x--"])
def test_a_body_of_another_kind_is_415_for_every_operation(method: str, path: str, media: str, body: str) -> None:
    refused = send(method, path, body, media)

    assert (refused.status, refused.json.get("code")) == (415, "unsupported_media_type")
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("media", OTHERS)
def test_no_body_at_all_is_judged_by_its_absence_not_by_its_kind(method: str, path: str, media: str) -> None:
    without, named = send(method, path, None, "application/json"), send(method, path, None, media)

    assert (named.status, named.json) == (without.status, without.json)
    assert named.status < 500


@pytest.mark.parametrize("media", TAKEN)
def test_every_way_to_say_json_is_json(method: str, path: str, media: str) -> None:
    plain, said = send(method, path, '{"x": 1}', "application/json"), send(method, path, '{"x": 1}', media)

    assert (said.status, said.json) == (plain.status, plain.json)
    assert said.status != 415


def test_the_document_says_so_of_every_operation_that_takes_a_body() -> None:
    for method, path in operations():
        operation: Mapping[str, Any] = document()["paths"][path][method.lower()]
        assert "415" in operation["responses"], path
        assert set(operation["requestBody"]["content"]) == {"application/json"}


def test_who_is_unknown_hears_that_first() -> None:
    refused = call(World(), "POST", "/v1/requests", "nobody", "x", headers={"content-type": "text/plain"})
    assert refused.status == 401
