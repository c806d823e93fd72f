"""API keys over HTTP: a key is good until it is revoked, and from then on it is unknown."""

from typing import Any

import pytest
from support.http import INSTALL_KEY, call
from support.world import World

ASKED = {
    "flow": ("GET", "/v1/flows/flow-1/pending"),
    "respond": ("GET", "/v1/requests"),
    "manage": ("GET", "/v1/deployments/1"),
}


def made(world: World, scope: str) -> Any:
    new = call(world, "POST", "/v1/deployments/1/keys", INSTALL_KEY, {"name": "a key", "scope": scope})
    assert new.status == 201
    return new


@pytest.mark.parametrize("scope", ASKED)
def test_a_revoked_key_opens_nothing_any_more(scope: str) -> None:
    world = World()
    world.pause(world.deployment())
    new, other = made(world, scope), made(world, scope)
    assert call(world, *ASKED[scope], new["key"]).status == 200

    assert call(world, "DELETE", f"/v1/deployments/1/keys/{new['id']}", INSTALL_KEY).status == 204

    refused = call(world, *ASKED[scope], new["key"])
    assert (refused.status, refused["code"]) == (401, "unauthenticated")
    assert call(world, *ASKED[scope], other["key"]).status == 200, "the others are as good as before"


def test_a_key_that_revokes_itself_is_gone_with_the_answer() -> None:
    world = World()
    world.deployment()
    new = made(world, "manage")
    path = f"/v1/deployments/1/keys/{new['id']}"
    assert call(world, "DELETE", path, new["key"]).status == 204
    assert call(world, "DELETE", path, new["key"]).status == 401
    assert call(world, "DELETE", path, INSTALL_KEY).status == 204, "revoking once more changes nothing"
    assert world.store.chains["deployment/1"][-1].action.value == "key.revoked"
    world.check_chains()


@pytest.mark.parametrize("scope", ASKED)
def test_a_key_is_not_known_by_its_id_alone_nor_under_another_scope_or_deployment(scope: str) -> None:
    world = World()
    world.deployment()
    world.deployment()
    new = made(world, scope)
    kind, number, key_id, secret = new["key"].split("_", 4)[1:]
    others = [other for other in ASKED if other != kind]
    for forged in (
        f"nodback_{kind}_{number}_{key_id}_{secret[:-1]}x",
        f"nodback_{kind}_2_{key_id}_{secret}",
        *(f"nodback_{other}_{number}_{key_id}_{secret}" for other in others),
    ):
        assert call(world, *ASKED[scope], forged).status == 401, forged
