"""Saving and loading a flow's state between its methods, for crewAI's persistence."""

import hashlib
import json
from datetime import datetime
from typing import cast

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.flows.flow import FlowState, check_flow_id
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.contents import INLINE_CONTENT_BYTES, JsonValue
from nodback_core.domain.shared.errors import NotFound
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import DataKey, Objects, Storage, Store
from nodback_core.usecases.shared.change import change
from nodback_core.usecases.shared.contents import MAX_CONTENT_BYTES
from nodback_core.usecases.shared.reading import read_one

STATE = "state"


def save_flow_state(
    flow_id: str,
    method_name: str,
    state: JsonValue,
    *,
    caller: Caller,
    storage: Storage,
    now: datetime,
) -> None:
    """Keep the newest state of a flow, sealed; the one before it is replaced."""
    caller.require(Scope.FLOW)
    check_flow_id(flow_id)
    deployment_id = caller.own_deployment()
    address = FlowState.at(deployment_id, flow_id)

    replaced: FlowState | None = None

    def decide(rows: Rows) -> Outcome:
        nonlocal replaced
        replaced = rows[address]
        owner = _owner(deployment_id, flow_id)
        key = storage.vault.open(owner, replaced.wrapped_key) if replaced else storage.vault.create(owner)
        sealed, name = _seal(owner, state, key=key, storage=storage)
        version = replaced.version if replaced else 0
        return Outcome(rows=(FlowState(deployment_id, flow_id, method_name, now, sealed, name, key.wrapped, version),))

    change(decide, address, on=storage.store, now=now)
    if replaced is not None and replaced.object_key:
        storage.objects.delete(replaced.object_key)


def read_flow_state(flow_id: str, *, caller: Caller, storage: Storage) -> tuple[FlowState, JsonValue]:
    caller.require(Scope.FLOW)
    deployment_id = caller.own_deployment()
    address = FlowState.at(deployment_id, flow_id)
    tried: set[str | None] = set()
    while (row := read_one(address, store=storage.store)) is not None:
        key = storage.vault.open(_owner(deployment_id, flow_id), row.wrapped_key)
        sealed = row.sealed or storage.objects.get(row.object_key or "", limit=MAX_CONTENT_BYTES)
        if sealed is not None:
            return row, cast("JsonValue", json.loads(storage.vault.unseal(key, STATE, sealed)))
        if row.object_key in tried:
            raise NotFound(f"the state of flow {flow_id} has expired")
        # A newer state has just replaced it: look again.
        tried.add(row.object_key)
    raise NotFound(f"no state of flow {flow_id} was saved in your deployment")


def remove_left_states(deployment_id: int, flow_id: str, *, store: Store, objects: Objects) -> None:
    """Delete the objects of a flow's states that no row names any more."""
    row = read_one(FlowState.at(deployment_id, flow_id), store=store)
    for name in objects.names(f"content/{_owner(deployment_id, flow_id)}/"):
        if row is None or name != row.object_key:
            objects.delete(name)


def _owner(deployment_id: int, flow_id: str) -> str:
    return f"flow/{deployment_id}/{flow_id}"


def _seal(owner: str, state: JsonValue, *, key: DataKey, storage: Storage) -> tuple[bytes | None, str | None]:
    """The sealed state itself when small, else the name of its object."""
    sealed = storage.vault.seal(key, STATE, json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode())
    if len(sealed) <= INLINE_CONTENT_BYTES:
        return sealed, None
    name = f"content/{owner}/{STATE}-{hashlib.sha256(sealed).hexdigest()[:32]}"
    storage.objects.put(name, sealed)
    return None, name
