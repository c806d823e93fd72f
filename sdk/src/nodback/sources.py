"""The source of flow classes: where things stand, what a method calls, and which findings its author has accepted."""

import ast
import functools
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_IGNORE = re.compile(r"#\s*nodback:\s*ignore\[([^\]]*)\]")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file, read and parsed.

    Attributes:
        ignored: for each line with a `# nodback: ignore[code]`, the codes.
    """

    path: str
    tree: ast.Module
    ignored: Mapping[int, frozenset[str]]


@dataclass(frozen=True)
class Place:
    """Where a class or a method stands.

    Attributes:
        header: its decorators and its first lines, up to the body: where an ignoring comment counts.
        node: what stands there, or None when there is no source.
    """

    path: str = ""
    line: int = 0
    header: range = range(0)
    node: ast.AST | None = None


NOWHERE = Place()


@functools.lru_cache(maxsize=64)
def source_at(path: str) -> Source | None:
    """The file at a path; None when it cannot be read as Python."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return None
    ignored: dict[int, frozenset[str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        found = _IGNORE.search(line)
        if found:
            ignored[number] = frozenset(code.strip() for code in found.group(1).split(","))
    return Source(path, tree, ignored)


def source_of(module_name: str) -> Source | None:
    """The source of a module that is loaded."""
    path = getattr(sys.modules.get(module_name), "__file__", None)
    return source_at(path) if path else None


def place_of_class(flow_class: type[Any]) -> Place:
    """Where a class is defined."""
    source = source_of(flow_class.__module__)
    if source is None:
        return NOWHERE
    node: ast.AST | None = source.tree
    for name in flow_class.__qualname__.split("."):
        if name != "<locals>" and node is not None:
            node = next((child for child in ast.walk(node) if _is_named(child, name)), None)
    return _place(source, node) if isinstance(node, ast.ClassDef) else NOWHERE


def place_of_method(flow_class: type[Any], name: str) -> Place:
    """Where a method is defined, in the class itself or in one that it extends."""
    for owner in flow_class.__mro__:
        if name not in vars(owner) or owner.__module__.startswith(("crewai.", "pydantic.")):
            continue
        around = place_of_class(owner)
        source = source_of(owner.__module__)
        for node in getattr(around.node, "body", ()):
            if isinstance(node, Function) and node.name == name and source is not None:
                return _place(source, node)
        return around
    return NOWHERE


def ignored_at(place: Place, line: int) -> frozenset[str]:
    """The codes that the author accepts at a line, or for all of the method or class around it."""
    source = source_at(place.path) if place.path else None
    if source is None:
        return frozenset()
    return frozenset().union(*(source.ignored.get(number, frozenset()) for number in (line, *place.header)))


def calls_in(node: ast.AST | None) -> Iterator[ast.Call]:
    """All calls in a piece of source, in order."""
    if node is not None:
        found = [child for child in ast.walk(node) if isinstance(child, ast.Call)]
        yield from sorted(found, key=lambda call: (call.lineno, call.col_offset))


def resolved(expression: ast.expr, method: Any, module_name: str) -> Any:
    """What a name or a dotted name refers to where the method is defined; None when that is not known."""
    parts: list[str] = []
    while isinstance(expression, ast.Attribute):
        parts.append(expression.attr)
        expression = expression.value
    if not isinstance(expression, ast.Name):
        return None
    value = _names_of(method, module_name).get(expression.id)
    for part in reversed(parts):
        value = getattr(value, part, None)
    return value


def _names_of(method: Any, module_name: str) -> dict[str, Any]:
    names = dict(vars(sys.modules.get(module_name, object())) if module_name in sys.modules else {})
    function = inspect.unwrap(method) if callable(method) else method
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    for name, cell in zip(getattr(code, "co_freevars", ()), cells or (), strict=False):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # not set yet
            continue
    return names


def _place(source: Source, node: "ast.ClassDef | Function") -> Place:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return Place(source.path, node.lineno, range(first, max(node.lineno, node.body[0].lineno - 1) + 1), node)


def _is_named(node: ast.AST, name: str) -> bool:
    return isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name
