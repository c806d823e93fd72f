"""A flow's saved state: the newest one is there to be read, and nothing of the older ones is left."""

import pytest
from support.http import call, key_for
from support.unreadable import restore, spoil
from support.world import REVIEWER, World

from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.flows.flow import FlowState
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.contents import Content, ContentKind, JsonValue
from nodback_core.domain.shared.errors import NotFound
from nodback_core.ports import RowUnreadable
from nodback_core.usecases.audit.erase import erase_content
from nodback_core.usecases.flows.states import read_flow_state, save_flow_state

FLOW, MANAGE = Caller(Scope.FLOW, 1, "k8"), Caller(Scope.MANAGE, 1, "k9")
LARGE = "Secret words " * 4000


def save(world: World, state: JsonValue, flow_id: str = "flow-1") -> None:
    save_flow_state(
        flow_id,
        "draft",
        state,
        caller=FLOW,
        storage=world.storage,
        now=world.now,
    )


def read(world: World, flow_id: str = "flow-1") -> JsonValue:
    return read_flow_state(flow_id, caller=FLOW, storage=world.storage)[1]


def objects_of(world: World) -> list[str]:
    return sorted(name for name in world.objects.objects if name.startswith("content/flow/"))


def erase(world: World, request_id: str, *, force: bool = False) -> None:
    erase_content(
        request_id, even_unfinished=force, caller=MANAGE, store=world.store, objects=world.objects, now=world.now
    )


def answered(world: World, deployment: Deployment, flow_id: str = "flow-1") -> str:
    request_id = world.pause(deployment, flow_id=flow_id).request.request_id
    world.deliver()
    world.reply("approved", to=world.reply_address(REVIEWER))
    return request_id


def test_a_newer_state_leaves_no_object_of_the_older_one() -> None:
    world = World()
    world.deployment()
    save(world, {"text": LARGE})
    (first,) = objects_of(world)
    save(world, {"text": LARGE + "2"})
    (second,) = objects_of(world)
    assert second != first
    assert read(world) == {"text": LARGE + "2"}
    save(world, {"text": "small"})
    assert (objects_of(world), read(world)) == ([], {"text": "small"})


def test_a_state_that_is_replaced_while_it_is_read_is_read_anew() -> None:
    world = World()
    world.deployment()
    save(world, {"text": LARGE})
    found, was_replaced = world.objects.get, []

    def replaced_before(name: str, *, limit: int) -> bytes | None:
        if not was_replaced:
            was_replaced.append(name)
            save(world, {"text": LARGE + "2"})
        return found(name, limit=limit)

    world.objects.get = replaced_before  # type: ignore[method-assign]
    assert read(world) == {"text": LARGE + "2"}


@pytest.mark.parametrize("state", ["Secret words", LARGE])
def test_erasing_a_flows_last_request_destroys_the_saved_state(state: str) -> None:
    world = World()
    request_id = answered(world, world.deployment())
    save(world, {"text": state})
    save(world, {"text": state}, "flow-10")
    world.objects.put("content/flow/1/flow-1/state-of-a-writer-that-lost", b"left")
    erase(world, request_id, force=True)
    with pytest.raises(NotFound):
        read(world)
    assert world.store.fetch(FlowState.at(1, "flow-1"))[FlowState.at(1, "flow-1")] is None
    assert not world.objects.names("content/flow/1/flow-1/")
    assert read(world, "flow-10") == {"text": state}, "another flow's state is another's"


@pytest.mark.parametrize("other", ["order/7/state-machine", "order/7/state-", "order/7/x", "order/77", "order"])
def test_erasing_a_flow_leaves_the_states_of_flows_whose_ids_begin_alike(other: str) -> None:
    world = World()
    request_id = answered(world, world.deployment(), "order/7")
    save(world, {"text": LARGE}, "order/7")
    save(world, {"text": LARGE}, other)
    erase(world, request_id, force=True)
    with pytest.raises(NotFound):
        read(world, "order/7")
    assert read(world, other) == {"text": LARGE}


def test_what_a_flow_still_needs_stays_until_its_last_request_is_erased() -> None:
    world = World()
    deployment = world.deployment()
    first = answered(world, deployment)
    save(world, {"text": LARGE})
    second = answered(world, deployment)
    erase(world, first, force=True)
    assert read(world) == {"text": LARGE}
    erase(world, second, force=True)
    assert not objects_of(world)
    save(world, {"text": LARGE})
    erase(world, first)
    assert read(world) == {"text": LARGE}, "asking again takes nothing that was saved since"


def test_the_api_erases_it_too() -> None:
    world = World()
    deployment = world.deployment()
    request_id = answered(world, deployment)
    key = key_for(world, deployment, "flow")
    body = {"method_name": "draft", "state": {"text": LARGE}}
    assert call(world, "PUT", "/v1/flows/flow-1/state", key, body).status == 204
    path = f"/v1/requests/{request_id}/content?force=true"
    assert call(world, "DELETE", path, key_for(world, deployment, "manage")).status == 200
    assert call(world, "GET", "/v1/flows/flow-1/state", key).status == 404


def test_erasing_says_so_rather_than_leave_behind_what_it_cannot_read() -> None:
    world = World()
    request_id = answered(world, world.deployment())
    row = Content.at(request_id, ContentKind.SHOWN)
    stored = world.store.fetch(row)[row]
    assert stored is not None
    spoil(world, stored)
    with pytest.raises(RowUnreadable, match=f"Content request/{request_id} content/shown"):
        erase(world, request_id, force=True)
    restore(world, stored)
    erase(world, request_id, force=True)
    assert world.store.fetch(row)[row] is None
