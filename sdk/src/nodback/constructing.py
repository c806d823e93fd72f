"""The constructor arguments of flow classes: a resume makes the flow anew, and has only what a factory gives it.

def make(flow_class):
    return {"client": Client()}

nodback worker package.module --factory package.module:make
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nodback.errors import BadSetting, FlowNotRestored

Factory = Callable[[type[Any]], Mapping[str, Any]]
"""Given a flow class, the arguments with which its constructor is called, besides `persistence`."""


@dataclass(frozen=True)
class Parameters:
    """What a flow class wants when it is made.

    Attributes:
        required, optional: the names of the author's own parameters, without those of crewAI's Flow.
        takes_persistence: whether crewAI can hand it the persistence that the flow is restored from.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    takes_persistence: bool


def parameters_of(flow_class: type[Any]) -> Parameters:
    """The parameters of a flow class's own constructor, or its own fields without a default."""
    from crewai.flow.flow import Flow

    from nodback.differences import own_parameters, required_fields

    if flow_class.__init__ is Flow.__init__:
        return Parameters(required_fields(flow_class), (), takes_persistence=True)
    _, *parameters = inspect.signature(flow_class.__init__).parameters.values()
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    own = [p for p in named if p.name not in own_parameters()]
    return Parameters(
        required=tuple(p.name for p in own if p.default is p.empty),
        optional=tuple(p.name for p in own if p.default is not p.empty),
        takes_persistence=any(p.kind is p.VAR_KEYWORD or p.name == "persistence" for p in parameters),
    )


def arguments_for(flow_class: type[Any], factory: Factory | None) -> dict[str, Any]:
    """The arguments with which a flow is made anew.

    Raises:
        FlowNotRestored: the factory failed, or gave something else than arguments by name.
    """
    if factory is None:
        return {}
    name = getattr(factory, "__qualname__", repr(factory))
    try:
        made = factory(flow_class)
    except Exception as error:  # the author's own code
        raise FlowNotRestored(
            f"The factory {name} failed for {flow_class.__qualname__}: {type(error).__name__}: {error}."
        ) from error
    if not isinstance(made, Mapping) or not all(isinstance(key, str) for key in made):
        raise FlowNotRestored(
            f"The factory {name} gave a {type(made).__qualname__} for {flow_class.__qualname__}: it must give a dict "
            "of constructor arguments by name."
        )
    return dict(made)


def check_constructor(flow_class: type[Any], factory: Factory | None) -> None:
    """Refuse to serve a class that could not be made when its answer comes.

    Raises:
        BadSetting: names the arguments that are missing, and how to give them.
    """
    problem = constructor_problem(flow_class, factory)
    if problem is not None:
        raise BadSetting(f"{flow_class.__qualname__} {problem}")


def constructor_problem(flow_class: type[Any], factory: Factory | None) -> str | None:
    """Why this class could not be made again, as the end of a sentence; None when it could."""
    parameters = parameters_of(flow_class)
    if not parameters.takes_persistence:
        return (
            "could not be made again when its answer comes: its constructor takes no `persistence`. Let it take "
            "**kwargs and pass them on to super().__init__(**kwargs)."
        )
    try:
        given = arguments_for(flow_class, factory)
    except FlowNotRestored as error:
        return f"could not be made again when its answer comes: {error}"
    missing = [name for name in parameters.required if name not in given]
    if missing:
        how = "The factory must give them" if factory is not None else "Give them by --factory package.module:function"
        return (
            f"could not be made again when its answer comes: its constructor needs {', '.join(missing)}. {how}, a "
            "function that is called with the class and returns a dict of arguments."
        )
    known = {*parameters.required, *parameters.optional}
    unknown = sorted(given.keys() - known)
    if unknown and not _takes_any(flow_class):
        return f"could not be made again when its answer comes: its constructor knows no {', '.join(unknown)}."
    return None


def _takes_any(flow_class: type[Any]) -> bool:
    parameters = inspect.signature(flow_class.__init__).parameters.values()
    return any(p.kind is p.VAR_KEYWORD for p in parameters)
