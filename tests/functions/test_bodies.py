"""Bodies that Python would read and nobody else could are refused, wherever they come in."""

from typing import Any

import pytest
from support.http import call, key_for
from support.world import World

from nodback_core.api.shared.bodies import json_object
from nodback_core.domain.reviews.contents import json_text
from nodback_core.domain.shared.errors import InvalidInput

NO_JSON = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", '"half \\ud800"', '"\\uDFFF"', '{"\\udbff": 1}']


@pytest.mark.parametrize("value", NO_JSON)
@pytest.mark.parametrize("field", ["output", "state", "metadata", "snapshot", "message", "unknown"])
def test_what_is_no_json_for_others_is_refused_in_every_field(value: str, field: str) -> None:
    world = World()
    key = key_for(world, world.deployment(), "flow")
    refused = call(world, "POST", "/v1/requests", key, f'{{"{field}": {{"deep": [{value}]}}}}')
    assert (refused.status, refused["code"], refused.fields) == (422, "invalid_request", ["body"])


@pytest.mark.parametrize("value", NO_JSON)
def test_a_state_of_such_values_is_refused(value: str) -> None:
    world = World()
    key = key_for(world, world.deployment(), "flow")
    body = f'{{"method_name": "write", "state": {{"x": {value}}}}}'
    assert call(world, "PUT", "/v1/flows/f-1/state", key, body).status == 422


@pytest.mark.parametrize("value", NO_JSON)
def test_the_reader_of_callbacks_refuses_them_in_bytes(value: str) -> None:
    with pytest.raises(InvalidInput):
        json_object(f'{{"feedback": "x", "other": {value}}}'.encode())


def test_a_half_pair_in_the_very_text_is_refused() -> None:
    world = World()
    key = key_for(world, world.deployment(), "flow")
    assert call(world, "POST", "/v1/requests", key, '{"message": "half \ud800"}').status == 422


def test_whole_pairs_and_great_numbers_are_taken_as_they_are() -> None:
    taken: dict[str, Any] = {"smile": "\U0001f600", "great": 1.5e308, "text": "\\ud800 in words"}
    body = r'{"smile": "\ud83d\ude00", "great": 1.5e308, "text": "\\ud800 in words"}'
    assert json_object(body) == taken
    assert json_object(body.encode()) == taken


def test_no_text_of_a_value_is_made_that_is_no_json() -> None:
    with pytest.raises(ValueError):
        json_text(float("nan"))
