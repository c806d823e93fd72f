"""What a caller writes into a key of the table is held to what DynamoDB takes; it answers longer ones with an error."""

import pytest
from support.http import INSTALL_KEY, call, key_for
from support.world import World

from nodback_core.domain.shared.records import Key, Record
from nodback_core.ports import Rows

LONG = "x" * 1100


def world_like_dynamodb() -> World:
    """A world whose store refuses the keys that DynamoDB refuses."""
    world = World()
    fetch = world.store.fetch

    def careful(*keys: Key[Record]) -> Rows:
        for key in keys:
            assert 0 < len(key.partition.encode()) <= 2048, "ValidationException: size of the partition key"
            assert 0 < len(key.sort.encode()) <= 1024, "ValidationException: size of the sort key"
        return fetch(*keys)

    world.store.fetch = careful  # type: ignore[method-assign]
    return world


@pytest.mark.parametrize(
    "key",
    [f"nodback_flow_1_{LONG}_secret", f"nodback_flow_1_{'é' * 40}_secret", f"nodback_flow_{'9' * 5000}_k1_secret"],
)
def test_a_key_that_no_install_ever_made_is_unknown(key: str) -> None:
    assert call(world_like_dynamodb(), "GET", "/v1/requests", key).status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/deployments/1/keys/{}"),
        ("GET", "/v1/deployments/1/exports/{}"),
        ("POST", "/v1/deployments/1/exports/{}/resume"),
        ("GET", "/v1/deployments/1/webhooks/{}"),
        ("GET", "/v1/deployments/1/webhooks/w1/deliveries/{}"),
        ("GET", "/v1/deployments/1/test-requests/{}"),
        ("PUT", "/v1/deployments/1/members/{}@example.com"),
        ("DELETE", "/v1/deployments/1/members/{}@example.com"),
        ("GET", "/v1/requests/{}"),
        ("GET", "/v1/flows/{}/state"),
        ("GET", "/v1/flows/{}/pending"),
        ("POST", "/v1/resumes/{}/renew"),
    ],
)
@pytest.mark.parametrize("part", [LONG, "é" * 600])
def test_an_id_in_a_path_that_is_too_long_is_refused(method: str, path: str, part: str) -> None:
    world = world_like_dynamodb()
    deployment = world.deployment()
    key = key_for(world, deployment, "flow") if "/flows/" in path or "/resumes/" in path else INSTALL_KEY
    body = (
        {"permissions": ["manage_human_feedback"]}
        if method == "PUT"
        else {"claim_id": "c"}
        if "renew" in path
        else None
    )
    answered = call(world, method, path.format(part), key, body)
    assert answered.status in (404, 422)


def test_a_version_of_thousands_of_digits_is_no_version() -> None:
    world = World()
    world.deployment()
    headers = {"If-Match": f'"{"9" * 5000}"'}
    refused = call(world, "PUT", "/v1/deployments/1/settings", INSTALL_KEY, {}, headers=headers)
    assert (refused.status, refused.fields) == (422, ["If-Match"])
