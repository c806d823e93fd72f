"""Emit options at the opening: what nobody could tell apart is refused, before anybody is asked."""

import uuid
from typing import Any

import pytest
from support.http import call, key_for
from support.options import ALIKE, APART, BLANK
from support.world import World


def opened(*emit: str) -> Any:
    world = World()
    key = key_for(world, world.deployment(), "flow")
    body = {
        "request_id": str(uuid.UUID(int=1, version=4)),
        "flow_id": "f1",
        "flow_name": "F",
        "flow_class": "m.F",
        "method_name": "review",
        "message": "?",
        "emit": list(emit),
        "snapshot": {},
    }
    answered = call(world, "POST", "/v1/requests", key, body)
    assert bool(world.store.chains.get(f"request/{body['request_id']}")) is (answered.status == 201)
    return answered


@pytest.mark.parametrize("name", ALIKE)
@pytest.mark.parametrize("turned", [False, True])
def test_options_that_nobody_could_tell_apart_are_refused(name: str, turned: bool) -> None:
    pair = ALIKE[name][::-1] if turned else ALIKE[name]
    refused = opened("something else", *pair)

    assert (refused.status, refused["code"], refused.fields) == (422, "invalid_request", ["emit.2"])
    (error,) = refused["errors"]
    if name == "the very same":
        assert error["message"] == "'approved' is there twice"
    else:
        assert "cannot be told from" in error["message"]
        shown = error["message"].split(": options must")[0].split(" cannot be told from ")
        assert shown[0] != shown[1], "whoever reads it sees the difference"
        assert error["message"].isprintable()


@pytest.mark.parametrize("pair", APART.values(), ids=APART)
def test_options_that_anybody_can_tell_apart_are_taken(pair: tuple[str, str]) -> None:
    assert opened(*pair).status == 201
    assert opened(*reversed(pair)).status == 201


@pytest.mark.parametrize("option", BLANK)
def test_an_option_that_shows_nothing_is_blank(option: str) -> None:
    refused = opened("approved", option)
    assert (refused.status, refused["errors"]) == (
        422,
        [{"field": "emit.1", "message": "an option cannot be blank"}],
    )


def test_each_option_that_is_like_an_earlier_one_is_named() -> None:
    refused = opened("yes", "no", "Yes", "N\u043e", "maybe", "")
    assert refused.fields == ["emit.2", "emit.3", "emit.5"]
