"""Who listens to what in a flow class, as crewAI's own definition of it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Condition = str | Mapping[str, Any]
"""The name of an event, or `{"or": [...]}` and `{"and": [...]}` of conditions."""


@dataclass(frozen=True)
class Method:
    """One method of a flow.

    Attributes:
        start: the condition of a `@start("event")`; None for a plain `@start()` and for all others.
        listen: the condition of a `@listen` or `@router`.
        emits: the events that a router is known to cause.
        feedback: what was given to `@human_feedback`, or None.
    """

    name: str
    is_start: bool
    start: Condition | None
    listen: Condition | None
    emits: frozenset[str]
    feedback: Any

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The options of its review."""
        return tuple(self.feedback.emit or ()) if self.feedback is not None else ()

    @property
    def triggers(self) -> frozenset[str]:
        """The events that it waits for, alone or together with others."""
        return frozenset().union(*(events_of(condition) for condition in (self.start, self.listen)))


def methods_of(flow_class: type[Any]) -> dict[str, Method]:
    """The methods of a flow class by name, in its order."""
    from nodback.differences import definitions_of

    return {
        name: Method(
            name=name,
            is_start=is_start,
            start=start,
            listen=listen,
            emits=emits,
            feedback=getattr(getattr(flow_class, name, None), "__human_feedback_config__", None),
        )
        for name, is_start, start, listen, emits in definitions_of(flow_class)
    }


def events_of(condition: Condition | None) -> frozenset[str]:
    """All events that a condition names.

    Example:
        >>> sorted(events_of({"or": ["a", {"and": ["b", "c"]}]}))
        ['a', 'b', 'c']
    """
    if condition is None:
        return frozenset()
    if isinstance(condition, str):
        return frozenset([condition])
    return frozenset().union(*(events_of(part) for parts in condition.values() for part in parts))


def starts_of(flow_class: type[Any], event: str) -> tuple[str, ...]:
    """The methods with a `@start("event")`."""
    return tuple(name for name, method in methods_of(flow_class).items() if event in events_of(method.start))


def listeners_of(flow_class: type[Any], event: str) -> tuple[str, ...]:
    """The methods that an answer with this outcome wakes; a `@start("event")` is not among them.

    crewAI runs such a start only after a router of the same process, never after a resume.
    """
    return tuple(name for name, method in methods_of(flow_class).items() if event in events_of(method.listen))
