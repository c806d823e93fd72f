"""What crewAI's versions do differently, in one place: the other modules read the same for all of them.

    1.8.0    the oldest: no `Flow.ask`, no name of the running method, `llm=` is demanded with `emit`
    1.10.0   has these; a flow's state is a proxy from here to 1.14.7
    1.13.0   Flow and FlowPersistence are pydantic models
    1.14.7   the persistence has a factory, a class has a definition of its methods

`crew.py` knows which version is installed, without importing it.
"""

import contextvars
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import crewai.flow.persistence as persistence_package
from crewai.flow.async_feedback import HumanFeedbackPending
from crewai.flow.flow import Flow
from crewai.flow.persistence import base, decorators, sqlite
from pydantic import BaseModel

try:
    from crewai.flow.flow_context import current_flow_method_name
except ImportError:
    current_flow_method_name = contextvars.ContextVar("nodback_method_name", default="unknown")
    TELLS_METHOD = False
else:
    TELLS_METHOD = True

try:
    from crewai.flow.persistence import factory
except ImportError:
    factory = None  # type: ignore[assignment]

EXECUTE = "_execute_method"
SQLITE = "SQLiteFlowPersistence"
NO_METHOD = "unknown"

if TYPE_CHECKING or issubclass(base.FlowPersistence, BaseModel):
    FlowPersistence = base.FlowPersistence
else:

    class FlowPersistence(BaseModel, base.FlowPersistence):
        """crewAI's class as the pydantic model that it became later."""


def use_persistence(persistence: Any) -> Any:
    """Let every flow without a persistence of its own take this one; returns what `give_back` needs to undo it."""
    if factory is not None:
        before = factory._factory
        # crewAI asks for it several times per flow: it must be the same one each time.
        factory.set_flow_persistence_factory(lambda: persistence)
        return before
    # Without a factory, crewAI makes the class of this name, which it looks up in these two modules.
    before = vars(persistence_package)[SQLITE]
    vars(persistence_package)[SQLITE] = vars(decorators)[SQLITE] = _unless_asked_for(persistence)
    return before


def give_back(before: Any) -> None:
    """Give crewAI the default persistence back that it had before."""
    if factory is not None:
        factory.set_flow_persistence_factory(before)
        return
    vars(persistence_package)[SQLITE] = vars(decorators)[SQLITE] = before


def _unless_asked_for(persistence: Any) -> Callable[..., Any]:
    """Stands for the class: who names a file gets crewAI's own, who names none gets the default."""

    def make(*args: Any, **kwargs: Any) -> Any:
        return sqlite.SQLiteFlowPersistence(*args, **kwargs) if args or kwargs else persistence

    return make


def default_persistence() -> Any:
    """The persistence that crewAI takes for a flow that has none."""
    if factory is not None:
        return factory.default_flow_persistence()
    return vars(persistence_package)[SQLITE]()


def persistence_of_flow(flow: Any) -> Any:
    """What a flow was given as its persistence, or None."""
    return getattr(flow, "persistence" if issubclass(Flow, BaseModel) else "_persistence", None)


def state_of(flow: Any) -> Any:
    """A flow's state itself, without the proxy that some versions put around it."""
    state = flow.state
    return state._unwrap() if hasattr(type(state), "_unwrap") else state


def returned(flow: Any, value: Any) -> Any:
    """What a resumed flow returns: what its last method did, or the next pause.

    Before 1.13 crewAI returns the review's own result, whatever runs after it.
    """
    if issubclass(Flow, BaseModel) or isinstance(value, HumanFeedbackPending):
        return value
    outputs = flow.method_outputs
    return outputs[-1] if outputs else value


def own_parameters() -> frozenset[str]:
    """The names that crewAI's own constructor of a flow knows."""
    if issubclass(Flow, BaseModel):
        return frozenset(Flow.model_fields)
    return frozenset(inspect.signature(Flow.__init__).parameters)


def required_fields(flow_class: type[Any]) -> tuple[str, ...]:
    """The fields without a default of a flow class that is a model; none where it is not."""
    fields: Mapping[str, Any] = getattr(flow_class, "model_fields", {})
    return tuple(name for name, info in fields.items() if name not in own_parameters() and info.is_required())


def learns(config: Any) -> bool:
    """Whether a method was decorated with `learn=True`, which old versions do not know."""
    return bool(getattr(config, "learn", False))


def running_method() -> str | None:
    """The name of the flow's method that runs here, or None outside of one."""
    name = current_flow_method_name.get(NO_METHOD)
    return None if name == NO_METHOD else str(name)


def naming_methods(execute: Callable[..., Any]) -> Callable[..., Any]:
    """crewAI's `Flow._execute_method`, telling the name of the method, for versions that do not."""

    @functools.wraps(execute)
    async def named(self: Any, method_name: str, *args: Any, **kwargs: Any) -> Any:
        token = current_flow_method_name.set(str(method_name))
        try:
            return await execute(self, method_name, *args, **kwargs)
        finally:
            current_flow_method_name.reset(token)

    return named


def definitions_of(flow_class: type[Any]) -> Iterator[tuple[str, bool, Any, Any, frozenset[str]]]:
    """The methods of a flow class: name, whether it is a plain start, conditions of start and listen, what it emits."""
    if hasattr(flow_class, "flow_definition"):
        for name, definition in flow_class.flow_definition().methods.items():
            start = definition.start if isinstance(definition.start, (str, dict)) else None
            emits = frozenset(map(str, definition.emit or ()))
            yield str(name), definition.start is True, start, definition.listen, emits
        return
    starts, conditions, paths = flow_class._start_methods, flow_class._listeners, flow_class._router_paths
    for name in vars(flow_class):
        if name not in starts and name not in conditions:
            continue
        condition = _condition(conditions[name]) if name in conditions else None
        is_start = name in starts
        yield (
            name,
            is_start and condition is None,
            condition if is_start else None,
            None if is_start else condition,
            frozenset(map(str, paths.get(name, ()))),
        )


def _condition(written: Any) -> Any:
    """A condition as the older versions keep it, in the form of the newer."""
    if isinstance(written, str):
        return str(written)
    if isinstance(written, Mapping):
        kind, parts = written["type"], written.get("conditions") or written.get("methods") or ()
    else:
        kind, parts = written
    conditions = [_condition(part) for part in parts]
    return conditions[0] if len(conditions) == 1 else {str(kind).lower(): conditions}
