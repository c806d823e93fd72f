"""Whether a flow's state comes back as it is: found at the pause, and not after a person has answered."""

import dataclasses
import logging
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from nodback.encoding import decode, encode
from nodback.errors import FlowRefused

logger = logging.getLogger(__name__)

# Methods that run beside the review may change the state while it is looked at.
TRIES = 3
MAX_NAMED = 5

_warned: set[tuple[str, tuple[str, ...]]] = set()


@dataclass(frozen=True)
class Change:
    """One part of a state that does not come back as it is.

    Attributes:
        path: such as `state.customer.name`; never a value, which may be a secret.
        why: in words, what the flow gets instead.
        is_loss: False when it becomes what the documentation says it becomes, such as a model in a dict.
    """

    path: str
    why: str
    is_loss: bool


def check_state(where: str, state: Any) -> None:
    """Refuse a state that would come back as another one, and warn of what changes its class.

    Raises:
        FlowRefused: names what would be lost and what to do about it.
    """
    changes = changes_of(state)
    losses = [change for change in changes if change.is_loss]
    if losses:
        named = "; ".join(f"{loss.path} {loss.why}" for loss in losses[:MAX_NAMED])
        more = f"; and {len(losses) - MAX_NAMED} more" if len(losses) > MAX_NAMED else ""
        raise FlowRefused(
            f"{where}: the state would not come back after the review as it is now: {named}{more}. Nobody was asked. "
            "Keep what the flow needs in plain fields of the state, and build the rest anew after the review."
        )
    paths = tuple(change.path for change in changes)
    if paths and (where, paths) not in _warned:
        _warned.add((where, paths))
        told = "; ".join(f"{change.path} {change.why}" for change in changes[:MAX_NAMED])
        logger.warning("%s: after the review, %s", where, told)


def changes_of(state: Any) -> list[Change]:
    """What would be different in this state after a review.

    Raises:
        FlowRefused: it cannot be stored at all.
    """
    found: list[Change] = []
    for _ in range(TRIES):
        stored = _stored(state)
        found = list(_changes(state, stored))
        if not found or _same(_stored(state), stored):
            return found
    return []


def dropped(stored: Mapping[str, Any], state: Any) -> list[str]:
    """The fields of a stored state that the class of today does not take up with their value; new ones may be there.

    Example:
        >>> class Order(BaseModel):
        ...     sum: int = 0
        >>> dropped({"total": 7, "sum": 1}, Order(sum=1))
        ['state.total']
    """
    if not isinstance(state, BaseModel):
        return []
    return list(_dropped(stored, decode(encode(state)), "state"))


def _stored(state: Any) -> Any:
    """The state as a worker reads it: plain values of a dict."""
    try:
        return decode(encode(state.model_dump() if isinstance(state, BaseModel) else state))
    except ValueError as error:
        raise FlowRefused(f"The flow's state cannot be stored: {error}") from error


def _changes(state: Any, stored: Any) -> Iterator[Change]:
    if not isinstance(state, BaseModel):
        yield from _differences(state, stored, "state")
        return
    try:
        restored = type(state).model_validate(stored)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            path = ".".join(["state", *map(str, problem["loc"])])
            yield Change(path, f"cannot be built again from what is stored ({problem['msg']})", is_loss=True)
        return
    yield from _differences(state, restored, "state")


def _differences(live: Any, restored: Any, path: str) -> Iterator[Change]:
    if isinstance(live, BaseModel) and type(live) is type(restored):
        yield from _differences_of_models(live, restored, path)
    elif type(live) is type(restored) and isinstance(live, dict) and live.keys() == restored.keys():
        for key, value in live.items():
            yield from _differences(value, restored[key], f"{path}.{key}")
    elif type(live) is type(restored) and isinstance(live, (list, tuple, deque)) and len(live) == len(restored):
        for number, (value, other) in enumerate(zip(live, restored, strict=True)):
            yield from _differences(value, other, f"{path}.{number}")
    elif not _same(live, restored):
        if _same(_stored(live), restored):
            yield Change(path, f"is a {_kind(live)} and comes back as a {_kind(restored)}", is_loss=False)
        else:
            yield Change(path, "would have another value", is_loss=True)


def _differences_of_models(live: BaseModel, restored: BaseModel, path: str) -> Iterator[Change]:
    kind = type(live)
    by_name = kind.model_config.get("populate_by_name") or kind.model_config.get("validate_by_name")
    for name, info in kind.model_fields.items():
        for change in _differences(getattr(live, name), getattr(restored, name), f"{path}.{name}"):
            if change.is_loss and info.exclude:
                yield dataclasses.replace(change, why="is excluded and would be its default")
            elif change.is_loss and info.validation_alias is not None and not by_name:
                yield dataclasses.replace(change, why="has an alias and would be its default (set populate_by_name)")
            else:
                yield change
    private, again = live.__pydantic_private__ or {}, restored.__pydantic_private__ or {}
    for name, value in private.items():
        if any(change.is_loss for change in _differences(value, again.get(name), name)):
            yield Change(f"{path}.{name}", "is private and would be its default", is_loss=True)
    yield from _differences(live.__pydantic_extra__ or {}, restored.__pydantic_extra__ or {}, path)


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        # A field of floats takes up an int as a float, and that is no loss.
        return _is_number(one) and _is_number(other) and bool(one == other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, (list, tuple, deque)):
        return len(one) == len(other) and all(map(_same, one, other))
    if dataclasses.is_dataclass(one):
        return _same(vars(one), vars(other)) if hasattr(one, "__dict__") else bool(one == other)
    if isinstance(one, float) and one != one:
        return bool(other != other)
    # A lock or a client that knows no equality is built anew, and one is as good as the other.
    knows_equality: bool = type(one).__eq__ is not object.__eq__  # type: ignore[comparison-overlap]
    return not knows_equality or bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _dropped(stored: Any, restored: Any, path: str) -> Iterator[str]:
    if isinstance(stored, Mapping) and isinstance(restored, Mapping):
        for key, value in stored.items():
            if key in restored:
                yield from _dropped(value, restored[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(stored, list) and isinstance(restored, list) and len(stored) == len(restored):
        for number, value in enumerate(stored):
            yield from _dropped(value, restored[number], f"{path}.{number}")
    elif not _same(stored, restored):
        yield path


def _kind(value: Any) -> str:
    return type(value).__qualname__
