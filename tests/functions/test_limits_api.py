"""What the API takes at its limits fits into the tables, and what is beyond them is refused with the field's name."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from support.http import Answered, call, key_for
from support.moto_world import Clients, clients
from support.world import World

WIDE = "😀"
"""Four bytes in the tables."""


@pytest.fixture(scope="module")
def aws() -> Iterator[Clients]:
    with clients() as made:
        yield made


@pytest.fixture
def world(aws: Clients) -> World:
    return aws.world()


def send(world: World, method: str, path: str, key: str, body: dict[str, object]) -> Answered:
    # As UTF-8: escapes would reach the limit of the whole body first.
    return call(world, method, path, key, json.dumps(body, ensure_ascii=False))


def a_pause(**changes: object) -> dict[str, object]:
    return {
        "request_id": str(uuid4()),
        "flow_id": "東" * 200,
        "flow_name": WIDE * 200,
        "flow_class": WIDE * 400,
        "method_name": WIDE * 200,
        "message": WIDE * 64_000,
        "emit": [f"{n:02d}{WIDE * 98}" for n in range(50)],
        "metadata": {"m": WIDE * 60_000},
        "state": {"s": WIDE * 60_000},
        "history": [WIDE * 200] * 1000,
        "snapshot": "y" * 100_000,
        **changes,
    }


def test_a_pause_with_everything_at_its_limit_is_kept_read_and_answered(world: World) -> None:
    deployment = world.deployment()
    flow, respond = key_for(world, deployment, "flow"), key_for(world, deployment, "respond")
    pause = a_pause()
    assert send(world, "POST", "/v1/requests", flow, pause).status == 201
    read = call(world, "GET", f"/v1/requests/{pause['request_id']}", flow)
    for name in ("message", "metadata", "state", "emit", "history"):
        assert read[name] == pause[name], name
    path = f"/v1/requests/{pause['request_id']}/response"
    assert send(world, "POST", path, respond, {"feedback": WIDE * 64_000}).status == 200
    assert call(world, "GET", f"/v1/requests/{pause['request_id']}", flow)["feedback"] == WIDE * 64_000


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"message": "x" * 64_001}, "message"),
        ({"emit": [str(n) for n in range(51)]}, "emit"),
        ({"emit": ["x" * 101]}, "emit.0"),
        ({"history": ["m"] * 1001}, "history"),
        ({"flow_name": "x" * 201}, "flow_name"),
        ({"method_name": "x" * 201}, "method_name"),
        ({"flow_class": "x" * 401}, "flow_class"),
    ],
)
def test_a_pause_beyond_a_limit_is_refused_with_the_field(world: World, changes: dict[str, object], field: str) -> None:
    key = key_for(world, world.deployment(), "flow")
    refused = send(world, "POST", "/v1/requests", key, a_pause(**changes))
    assert (refused.status, refused.fields) == (422, [field])


def rules(name: str, values: int) -> list[dict[str, object]]:
    """Rules with so many values of 3,000 bytes each; the entry of a change holds them before and after."""
    match = {"state": {"a": {"in": ["東" * 1000] * 10}}}
    return [{"name": f"{name} {n}", "match": match, "assign_to_email": "a@example.com"} for n in range(values // 10)]


def test_settings_at_their_limit_are_replaced_by_others_at_their_limit(world: World) -> None:
    deployment = world.deployment()
    key, path = key_for(world, deployment, "manage"), f"/v1/deployments/{deployment.deployment_id}/settings"
    for name in ("one", "two"):
        assert send(world, "PATCH", path, key, {"rules": rules(name, 50)}).status == 200
    refused = send(world, "PATCH", path, key, {"rules": rules("three", 60)})
    assert (refused.status, refused.fields) == (422, ["rules"])
    kept = call(world, "GET", path, key)["settings"]["rules"]
    assert [rule["name"] for rule in kept] == [f"two {n}" for n in range(5)]
