"""The helper that calls the API in memory does what the HTTP API does."""

from support.http import INSTALL_KEY, call, key_for
from support.world import World


def test_health_needs_no_key_and_all_else_does() -> None:
    world = World()
    assert call(world, "GET", "/health").status == 200
    refused = call(world, "GET", "/v1/deployments")
    assert (refused.status, refused["code"]) == (401, "unauthenticated")
    assert call(world, "GET", "/v1/deployments", INSTALL_KEY).status == 200


def test_a_key_of_a_deployment_reaches_what_is_its_own() -> None:
    world = World()
    mine, other = world.deployment(), world.deployment()
    key = key_for(world, mine, "manage")
    assert call(world, "GET", f"/v1/deployments/{mine.deployment_id}", key)["id"] == mine.deployment_id
    assert call(world, "GET", f"/v1/deployments/{other.deployment_id}", key).status == 404
