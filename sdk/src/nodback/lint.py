"""Finding in a flow what a review would lose: crewAI keeps one pause per flow, and not what runs beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodback.errors import FlowRefused
from nodback.version import PRODUCT


@dataclass(frozen=True)
class Finding:
    """One thing that a flow author should know, and what to do about it."""

    method_name: str
    text: str


@dataclass(frozen=True)
class _Method:
    name: str
    triggers: frozenset[str]
    joins: frozenset[str]
    is_start: bool
    emits: frozenset[str]
    feedback: Any


def lint_flow(flow_class: type[Any]) -> list[Finding]:
    """What would go wrong with this flow's reviews.

    Returns:
        Findings in the order of the methods; none when all is well.
    """
    methods = _methods_of(flow_class)
    reviewed = {name: method for name, method in methods.items() if method.feedback is not None}
    findings: list[Finding] = []
    for method in methods.values():
        if method.feedback is not None:
            findings += _about_review(flow_class, method)
            findings += _about_siblings(method, methods)
        findings += _about_join(method, methods, reviewed)
    return findings


def _about_review(flow_class: type[Any], method: _Method) -> list[Finding]:
    from nodback.provider import check_options

    config = method.feedback
    findings = []
    try:
        check_options(f"{flow_class.__name__}.{method.name}", config.emit, config.default_outcome)
    except FlowRefused as refusal:
        findings.append(Finding(method.name, str(refusal)))
    if config.provider is not None:
        findings.append(
            Finding(method.name, f"provider=... is set, so this review is not asked through {PRODUCT}: remove it.")
        )
    if config.learn:
        findings.append(
            Finding(
                method.name,
                f"learn=True: {PRODUCT} keeps replies out of the agents' memory unless the worker runs with "
                "--learn-from-replies, since a reply may come from anybody with an email address.",
            )
        )
    if "nodback" in (config.metadata or {}):
        findings.append(
            Finding(method.name, f"the metadata key 'nodback' belongs to {PRODUCT}: call yours something else.")
        )
    return findings


def _about_siblings(method: _Method, methods: Mapping[str, _Method]) -> list[Finding]:
    siblings = sorted(
        other.name
        for other in methods.values()
        if other.name != method.name
        and ((method.is_start and other.is_start) or (method.triggers - {method.name}) & other.triggers)
    )
    if not siblings:
        return []
    return [
        Finding(
            method.name,
            f"runs at the same time as {', '.join(siblings)}. While it waits for a reviewer, what they do is not part "
            "of the snapshot, and of two reviews at once only one is opened. Put them one after the other.",
        )
    ]


def _about_join(method: _Method, methods: Mapping[str, _Method], reviewed: Mapping[str, _Method]) -> list[Finding]:
    if not method.joins:
        return []
    waits_across = sorted(part for part in method.joins if _comes_after_review(part, methods, reviewed))
    if not waits_across:
        return []
    return [
        Finding(
            method.name,
            f"and_({', '.join(sorted(method.joins))}) spans a review ({', '.join(waits_across)}): crewAI forgets the "
            "parts that came before the pause, and this method would never run. Keep what it needs in the state and "
            "listen to the last step only.",
        )
    ]


def _comes_after_review(name: str, methods: Mapping[str, _Method], reviewed: Mapping[str, _Method]) -> bool:
    seen: set[str] = set()
    left = [name]
    while left:
        current = left.pop()
        if current in seen:
            continue
        seen.add(current)
        if current in reviewed:
            return True
        makers = [
            method.name
            for method in methods.values()
            if current in method.emits or (method.name in reviewed and current in (method.feedback.emit or ()))
        ]
        left += makers + sorted(methods[current].triggers if current in methods else ())
    return False


def _methods_of(flow_class: type[Any]) -> dict[str, _Method]:
    found: dict[str, _Method] = {}
    for name, definition in flow_class.flow_definition().methods.items():
        triggers: set[str] = set()
        joins: set[str] = set()
        for condition in (definition.start, definition.listen):
            _collect(condition, triggers, joins)
        found[name] = _Method(
            name=name,
            triggers=frozenset(triggers),
            joins=frozenset(joins),
            is_start=definition.start is True,
            emits=frozenset(definition.emit or ()),
            feedback=getattr(getattr(flow_class, name, None), "__human_feedback_config__", None),
        )
    return found


def _collect(condition: Any, triggers: set[str], joins: set[str]) -> None:
    """Conditions are names, or `{"or": [...]}` and `{"and": [...]}` of conditions."""
    if isinstance(condition, str):
        triggers.add(condition)
    elif isinstance(condition, dict):
        for kind, parts in condition.items():
            inside: set[str] = set()
            for part in parts:
                _collect(part, inside, joins)
            triggers |= inside
            if kind == "and":
                joins |= inside
