"""Opening over HTTP: the id that the SDK chose is the idempotency key of one body."""

from typing import Any

import pytest
from support.http import call, key_for
from support.world import World

BODY: dict[str, Any] = {
    "request_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "flow_id": "f1",
    "flow_name": "MyFlow",
    "flow_class": "my.module.MyFlow",
    "method_name": "ask",
    "message": "Is this fine?",
    "output": {"text": "a draft"},
    "emit": ["approved", "rejected"],
    "default_outcome": "rejected",
    "metadata": {"team": "a"},
    "state": {"n": 1},
    "history": ["write"],
    "snapshot": {"context": {}},
}
OTHERWISE: dict[str, Any] = {
    "flow_id": "f2",
    "flow_name": "Other",
    "flow_class": "my.module.Other",
    "method_name": "tell",
    "message": "Is this fine??",
    "output": {"text": "another draft"},
    "emit": ["approved", "rejected", "later"],
    "default_outcome": None,
    "metadata": {"team": "b"},
    "state": {"n": 2},
    "history": [],
    "snapshot": {"context": {"n": 1}},
}


def test_the_table_names_every_field_of_the_body() -> None:
    document = call(World(), "GET", "/v1/openapi.json").json
    fields = set(document["components"]["schemas"]["PauseBody"]["properties"])
    assert set(BODY) == set(OTHERWISE) | {"request_id"} == fields


def test_the_same_pause_sent_again_is_the_same_request() -> None:
    world = World()
    key = key_for(world, world.deployment(), "flow")
    first = call(world, "POST", "/v1/requests", key, BODY)
    again = call(world, "POST", "/v1/requests", key, dict(reversed(BODY.items())))
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json


@pytest.mark.parametrize("field", OTHERWISE)
def test_the_same_id_with_another_body_is_a_conflict(field: str) -> None:
    world = World()
    key = key_for(world, world.deployment(), "flow")
    assert call(world, "POST", "/v1/requests", key, BODY).status == 201
    before = (dict(world.store.rows), {name: list(chain) for name, chain in world.store.chains.items()})

    refused = call(world, "POST", "/v1/requests", key, {**BODY, field: OTHERWISE[field]})

    assert (refused.status, refused["code"]) == (409, "request_id_reused")
    assert (world.store.rows, world.store.chains) == before, "nothing was written"


def test_the_same_id_in_another_deployment_is_a_conflict_that_tells_nothing() -> None:
    world = World()
    here, there = (key_for(world, world.deployment(), "flow") for _ in range(2))
    assert call(world, "POST", "/v1/requests", here, BODY).status == 201
    refused = call(world, "POST", "/v1/requests", there, BODY)
    assert (refused.status, refused["code"]) == (409, "request_id_reused")
    assert not {"number", "assigned_to_email", "status_of_request"} & set(refused.json)
