"""Finding in a flow what a review would lose, before it pauses: `nodback lint package.module`, offline.

A finding that is meant to be so is accepted where it stands:

    @human_feedback(message="OK?", emit=["approved", "rejected"])  # nodback: ignore[unheard-outcome]
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nodback.constructing import Factory, constructor_problem, parameters_of
from nodback.errors import FlowRefused
from nodback.listening import Condition, Method, events_of, methods_of
from nodback.names import qualified_name
from nodback.sources import (
    Place,
    calls_in,
    ignored_at,
    place_of_class,
    place_of_method,
    resolved,
    source_of,
)
from nodback.version import PRODUCT

CODES: Mapping[str, str] = {
    "parallel-review": "two reviews may wait at the same time, and only one of them is opened",
    "beside-review": "a method runs at the same time as a review, and what it does is lost",
    "join-across-review": "an `and_()` has parts on both sides of a review, so it never happens",
    "unheard-outcome": "nobody listens to an option, so the flow ends when it is chosen",
    "conditional-start": 'an outcome is heard by a `@start("…")` alone, which does not run after a review',
    "child-flow": "a method starts a flow with a review, which is refused when it pauses",
    "inherited-review": "a reviewed method of a base class is no part of the flow",
    "constructor-arguments": "the constructor takes arguments that a resume does not have without `--factory`",
    "options": "options between which no reply could choose",
    "metadata-key": f"the metadata has a key that belongs to {PRODUCT}",
    "learn": "`learn=True` remembers nothing from replies, unless the worker is told to",
    "provider": f"`provider=` is set, so the review is not asked through {PRODUCT}",
    "ask": "`self.ask()` cannot wait for an answer",
    "human-input": "`human_input=True` waits at the console",
}
"""What is looked for, by the code of the finding."""

KICKOFFS = frozenset({"kickoff", "kickoff_async", "akickoff"})


@dataclass(frozen=True)
class Finding:
    """One thing that a flow author should know, and what to do about it.

    Attributes:
        code: one of `CODES`.
        flow: the qualified name of the flow class; the module's where no class is concerned.
        method_name: empty when it is about the class.
        path, line: where it stands; empty and 0 when there is no source.
    """

    code: str
    flow: str
    method_name: str
    text: str
    path: str = ""
    line: int = 0

    @property
    def where(self) -> str:
        """Class and method without the module."""
        return ".".join(filter(None, [self.flow.rpartition(".")[2], self.method_name]))

    def as_json(self) -> dict[str, str | int]:
        """What `nodback lint --json` prints."""
        return {
            "code": self.code,
            "flow": self.flow,
            "method": self.method_name,
            "text": self.text,
            "path": self.path,
            "line": self.line,
        }


@dataclass(frozen=True)
class _Found:
    """A finding before it is placed."""

    code: str
    method_name: str
    text: str
    line: int = 0


def lint_flows(flow_classes: Iterable[type[Any]], *, factory: Factory | None = None) -> list[Finding]:
    """What would go wrong with the reviews of these flows, without what their authors have accepted.

    Args:
        factory: gives the constructor arguments of a flow class, as the worker has it.
    """
    classes = sorted(set(flow_classes), key=qualified_name)
    findings = [finding for flow_class in classes for finding in lint_flow(flow_class, factory=factory)]
    for module_name in sorted({flow_class.__module__ for flow_class in classes}):
        findings += _about_tasks(module_name)
    return findings


def lint_flow(flow_class: type[Any], *, factory: Factory | None = None) -> list[Finding]:
    """What would go wrong with this flow's reviews; none when all is well."""
    methods = methods_of(flow_class)
    reviewed = [method for method in methods.values() if method.feedback is not None]
    found: list[_Found] = []
    if reviewed:
        found += _about_constructor(flow_class, factory)
    for method in methods.values():
        if method.feedback is not None:
            found += _about_review(flow_class, method)
            found += _about_outcomes(method, methods)
            found += _about_siblings(method, methods)
        found += _about_join(method, methods)
        found += _about_calls(flow_class, method)
    found += _about_inherited(flow_class, methods)
    return [finding for one in found if (finding := _placed(one, flow_class)) is not None]


def _placed(found: _Found, flow_class: type[Any]) -> Finding | None:
    place = place_of_method(flow_class, found.method_name) if found.method_name else place_of_class(flow_class)
    line = found.line or place.line
    if found.code in ignored_at(place, line):
        return None
    return Finding(found.code, qualified_name(flow_class), found.method_name, found.text, place.path, line)


def _about_constructor(flow_class: type[Any], factory: Factory | None) -> Iterator[_Found]:
    problem = constructor_problem(flow_class, factory)
    if problem is not None:
        yield _Found("constructor-arguments", "", problem)
        return
    optional = parameters_of(flow_class).optional
    if optional and factory is None:
        yield _Found(
            "constructor-arguments",
            "",
            f"the constructor takes {', '.join(optional)}, and a resume makes the flow with the defaults. If others "
            "matter after a review, give them by --factory package.module:function.",
        )


def _about_review(flow_class: type[Any], method: Method) -> Iterator[_Found]:
    from nodback.differences import learns
    from nodback.provider import check_options

    config = method.feedback
    try:
        check_options(f"{flow_class.__name__}.{method.name}", config.emit, config.default_outcome)
    except FlowRefused as refusal:
        yield _Found("options", method.name, str(refusal))
    if config.provider is not None:
        yield _Found(
            "provider",
            method.name,
            f"provider=... is set, so this review is not asked through {PRODUCT}: remove it.",
        )
    if learns(config):
        yield _Found(
            "learn",
            method.name,
            f"learn=True: {PRODUCT} keeps replies out of the agents' memory unless the worker runs with "
            "--learn-from-replies, since a reply may come from anybody with an email address.",
        )
    if "nodback" in (config.metadata or {}):
        yield _Found(
            "metadata-key",
            method.name,
            f"the metadata key 'nodback' belongs to {PRODUCT}: call yours something else.",
        )


def _about_outcomes(method: Method, methods: Mapping[str, Method]) -> Iterator[_Found]:
    heard = frozenset().union(*(events_of(other.listen) for other in methods.values()))
    started = {event: other.name for other in methods.values() for event in events_of(other.start)}
    for event in method.outcomes or (method.name,):
        if event in heard:
            continue
        if event in started:
            yield _Found(
                "conditional-start",
                method.name,
                f"{event!r} is heard by @start({event!r}) of {started[event]} alone, and crewAI does not run that when "
                f"an answer comes: write @listen({event!r}) there.",
            )
        elif method.outcomes:
            yield _Found(
                "unheard-outcome",
                method.name,
                f"nobody listens to {event!r}, so the flow ends when it is chosen. Write @listen({event!r}), or accept "
                "it by # nodback: ignore[unheard-outcome].",
            )


def _about_siblings(method: Method, methods: Mapping[str, Method]) -> Iterator[_Found]:
    beside = [other for other in methods.values() if _runs_beside(other, method, methods)]
    reviews = sorted(
        other.name for other in methods.values() if other.feedback is not None and _parallel(method, other, methods)
    )
    if reviews:
        yield _Found(
            "parallel-review",
            method.name,
            f"may wait at the same time as the review {', '.join(reviews)}, and of two reviews at once only one is "
            "opened. Put them one after the other.",
        )
    names = sorted(other.name for other in beside if other.name not in reviews)
    if names:
        yield _Found(
            "beside-review",
            method.name,
            f"runs at the same time as {', '.join(names)}. While it waits for a reviewer, what they do is not part of "
            "the snapshot, and they may not run at all. Put them before or after the review.",
        )


def _runs_beside(other: Method, method: Method, methods: Mapping[str, Method]) -> bool:
    """Whether the same event, or the start of the flow, sets both going."""
    if other.name == method.name:
        return False
    if method.is_start and other.is_start:
        return True
    causes = method.triggers - {method.name}
    return any(_fires(condition, causes, method, methods) for condition in (other.listen, other.start))


def _fires(condition: Condition | None, causes: frozenset[str], method: Method, methods: Mapping[str, Method]) -> bool:
    """Whether one of these events may fulfil the condition while the review has not been answered."""
    if condition is None:
        return False
    if isinstance(condition, str):
        return condition in causes
    if "or" in condition:
        return any(_fires(part, causes, method, methods) for part in condition["or"])
    parts = condition.get("and", ())
    waits = any(_last_reviews(event, methods) == {method.name} for part in parts for event in events_of(part))
    return not waits and any(_fires(part, causes, method, methods) for part in parts)


def _parallel(one: Method, other: Method, methods: Mapping[str, Method]) -> bool:
    """Whether two reviews stand in branches of which the flow runs both."""
    if one.name == other.name:
        return False
    mine, theirs = _way_to(one.name, methods), _way_to(other.name, methods)
    return any(
        _runs_beside(methods[b], methods[a], methods)
        for a in mine - theirs
        for b in theirs - mine
        if a in methods and b in methods
    )


def _way_to(name: str, methods: Mapping[str, Method]) -> set[str]:
    """A method and what leads to it, as far as the reviews before it."""
    way: set[str] = set()
    left = [name]
    while left:
        current = left.pop()
        if current in way or (current != name and current in methods and methods[current].feedback is not None):
            continue
        way.add(current)
        left += _causes_of(current, methods)
    return way


def _about_join(method: Method, methods: Mapping[str, Method]) -> Iterator[_Found]:
    for parts in _joins(method.listen) + _joins(method.start):
        lasts = [_last_reviews(part, methods) for part in parts]
        if all(last == lasts[0] for last in lasts):
            continue
        across = sorted(part for part, last in zip(parts, lasts, strict=True) if last - {""})
        yield _Found(
            "join-across-review",
            method.name,
            f"and_({', '.join(sorted(parts))}) spans a review ({', '.join(across)}): crewAI forgets the parts that "
            "came before the pause, and this method would never run. Keep what it needs in the state and listen to the "
            "last step only.",
        )


def _joins(condition: Condition | None) -> list[tuple[str, ...]]:
    if condition is None or isinstance(condition, str):
        return []
    inner = [join for parts in condition.values() for part in parts for join in _joins(part)]
    own = [tuple(sorted(events_of(condition)))] if "and" in condition else []
    return own + inner


def _last_reviews(event: str, methods: Mapping[str, Method]) -> set[str]:
    """The reviews that were answered last before an event may come; "" for a way from the start without one."""
    found: set[str] = set()
    seen: set[str] = set()
    left = [event]
    while left:
        current = left.pop()
        if current in seen:
            continue
        seen.add(current)
        reviews = [m.name for m in methods.values() if m.feedback is not None and _causes(m, current)]
        if reviews:
            found.update(reviews)
        elif current in methods and methods[current].is_start:
            found.add("")
        left += [] if current in reviews else _causes_of(current, methods, reviewed=False)
    return found


def _causes_of(event: str, methods: Mapping[str, Method], *, reviewed: bool = True) -> list[str]:
    """What may lead to an event: what its method waits for, and the methods that emit it."""
    makers = [m.name for m in methods.values() if m.name != event and _causes(m, event)]
    if not reviewed:
        makers = [name for name in makers if methods[name].feedback is None]
    return makers + sorted(methods[event].triggers if event in methods else ())


def _causes(method: Method, event: str) -> bool:
    return event == method.name or event in method.emits or event in method.outcomes


def _about_calls(flow_class: type[Any], method: Method) -> Iterator[_Found]:
    place = place_of_method(flow_class, method.name)
    calls = list(calls_in(place.node))
    function = getattr(flow_class, method.name, None)
    starts = any(isinstance(call.func, ast.Attribute) and call.func.attr in KICKOFFS for call in calls)
    for call in calls:
        if _is_own(call, place, "ask"):
            yield _Found(
                "ask",
                method.name,
                "self.ask() waits at the console of the process, and a worker has none: it is refused. Ask by "
                "@human_feedback instead.",
                call.lineno,
            )
        child = resolved(call.func, function, flow_class.__module__) if starts else None
        if isinstance(child, type) and _is_reviewed(child):
            yield _Found(
                "child-flow",
                method.name,
                f"starts {child.__qualname__}, which has a review: its pause is refused, because this flow would run "
                "on to its end. Put the review into this flow.",
                call.lineno,
            )


def _is_own(call: ast.Call, place: Place, name: str) -> bool:
    arguments = place.node.args.args if isinstance(place.node, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    func = call.func
    return (
        bool(arguments)
        and isinstance(func, ast.Attribute)
        and func.attr == name
        and isinstance(func.value, ast.Name)
        and func.value.id == arguments[0].arg
    )


def _is_reviewed(kind: type[Any]) -> bool:
    from crewai.flow.flow import Flow

    if not issubclass(kind, Flow) or kind.__module__.startswith("crewai."):
        return False
    return any(method.feedback is not None for method in methods_of(kind).values())


def _about_inherited(flow_class: type[Any], methods: Mapping[str, Method]) -> Iterator[_Found]:
    for name in dir(flow_class):
        inherited = getattr(flow_class, name, None) if name not in methods and not name.startswith("__") else None
        if getattr(inherited, "__human_feedback_config__", None) is not None:
            yield _Found(
                "inherited-review",
                name,
                "this reviewed method comes from a base class, and crewAI does not run it in "
                f"{flow_class.__qualname__}: define it there.",
            )


def _about_tasks(module_name: str) -> Iterator[Finding]:
    source = source_of(module_name)
    if source is None:
        return
    place = Place(source.path)
    for call in calls_in(source.tree):
        told = next((k for k in call.keywords if k.arg == "human_input" and _is_true(k.value)), None)
        if told is None:
            continue
        if not {"human-input"} & (ignored_at(place, told.lineno) | ignored_at(place, told.value.lineno)):
            yield Finding(
                "human-input",
                module_name,
                "",
                "human_input=True waits at the console of the process, and a worker has none: it is refused. Review "
                "what the crew made in a @human_feedback method instead.",
                source.path,
                told.lineno,
            )


def _is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True
