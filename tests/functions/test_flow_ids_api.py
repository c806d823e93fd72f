"""Every flow id that is taken works on every route, whether the gateway hands the path on encoded or decoded."""

from collections.abc import Callable, Iterable
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from support.http import Answered, call, key_for
from support.world import World
from support.wsgi import Gateway, Start

from nodback.client import Client
from nodback.settings import read_settings

CARRIED = [
    "order/7",
    "order/7/state-machine",
    "order/7/state",
    "order/7/pending",
    "team:a+b=c,d;e&f@g!h$i'j(k)*~_.-",
    '"quoted"<id>',
    "flüge/東京",
    "東" * 200,
]
REFUSED = ["", ".", "..", "a/../b", "a//b", "a b", "a?b", "a#b", "100%", "a\\b", "x" * 201, "a\u0000b"]

AsSent = Callable[[str], str]


def encoded(flow_id: str) -> str:
    return quote(flow_id, safe="")


def decoded(flow_id: str) -> str:
    """What API Gateway makes of the path of an HTTP API."""
    return flow_id


def a_pause(flow_id: str) -> dict[str, object]:
    return {
        "request_id": str(uuid4()),
        "flow_id": flow_id,
        "flow_name": "F",
        "flow_class": "m.F",
        "method_name": "review",
        "message": "?",
        "snapshot": {"of": flow_id},
    }


@pytest.mark.parametrize("as_sent", [encoded, decoded])
@pytest.mark.parametrize("flow_id", CARRIED)
def test_a_flow_saves_and_loads_its_state_and_finds_its_pause(flow_id: str, as_sent: AsSent) -> None:
    world = World()
    key = key_for(world, world.deployment(), "flow")

    def asked(method: str, what: str, body: object = None) -> Answered:
        return call(world, method, f"/v1/flows/{as_sent(flow_id)}/{what}", key, body)

    assert call(world, "POST", "/v1/requests", key, a_pause(flow_id)).status == 201
    assert asked("PUT", "state", {"method_name": "draft", "state": {"of": flow_id}}).status == 204
    assert asked("GET", "state")["state"] == {"of": flow_id}
    assert asked("GET", "pending")["snapshot"] == {"of": flow_id}


def test_flows_whose_ids_begin_alike_are_told_apart() -> None:
    world = World()
    key = key_for(world, world.deployment(), "flow")
    ids = ["order", "order/7", "order/7/state", "order/7/state-machine"]
    for flow_id in ids:
        body = {"method_name": "draft", "state": {"of": flow_id}}
        assert call(world, "PUT", f"/v1/flows/{flow_id}/state", key, body).status == 204
    found = [call(world, "GET", f"/v1/flows/{flow_id}/state", key)["state"] for flow_id in ids]
    assert found == [{"of": flow_id} for flow_id in ids]


@pytest.mark.parametrize("flow_id", REFUSED)
def test_an_id_that_no_route_can_carry_is_refused_when_the_request_is_opened(flow_id: str) -> None:
    world = World()
    key = key_for(world, world.deployment(), "flow")
    refused = call(world, "POST", "/v1/requests", key, a_pause(flow_id))
    assert (refused.status, refused["code"], refused.fields) == (422, "invalid_request", ["flow_id"])


@pytest.mark.parametrize("flow_id", ["a b", "100%", "a\\b"])
def test_no_state_is_saved_under_an_id_that_could_not_be_opened(flow_id: str) -> None:
    world = World()
    key = key_for(world, world.deployment(), "flow")
    body = {"method_name": "draft", "state": {}}
    refused = call(world, "PUT", f"/v1/flows/{encoded(flow_id)}/state", key, body)
    assert (refused.status, refused.fields) == (422, ["flow_id"])


@pytest.mark.parametrize("flow_id", CARRIED)
def test_the_sdk_reaches_every_flow_through_a_gateway_that_decodes(flow_id: str) -> None:
    world = World()
    key = key_for(world, world.deployment(), "flow")
    settings = read_settings("http://127.0.0.1:1", key, give_up_after_seconds=1)
    gateway = Gateway(world)

    def app(environ: dict[str, str], start: Start) -> Iterable[bytes]:
        # WSGI wants the path's bytes as Latin-1; httpx leaves it as text.
        return gateway({**environ, "PATH_INFO": environ["PATH_INFO"].encode().decode("latin-1")}, start)

    client = Client(settings, transport=httpx.WSGITransport(app=app))
    assert client.load_state(flow_id) is None
    client.save_state(flow_id, "draft", {"of": flow_id})
    assert client.load_state(flow_id) == {"of": flow_id}
    assert client.load_pending(flow_id) is None
    client.close()
