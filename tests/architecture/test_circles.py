"""No module imports itself by way of others; what is imported for types alone does not count."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {"infra": ROOT, "nodback_core": ROOT / "layers/core/python", "nodback": ROOT / "sdk/src"}
"""The top package of each part, and the folder that it is imported from."""


def modules_of(top: str, root: Path) -> dict[str, Path]:
    """The modules under a top package, by name; a package is known by its `__init__`."""
    named = {}
    for path in sorted((root / top).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def imported(body: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Imports at any depth, but for those under `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from (each for other in node.orelse for each in imported(ast.Module([other], [])))
        else:
            yield from imported(node)


def leads_to(source: str, modules: Mapping[str, Path]) -> set[str]:
    """The modules that a source text names in its imports: of a package, the part that it takes from there."""
    names = set()
    for node in imported(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif node.module is not None and node.level == 0:
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {part if part in modules else node.module for part in parts}
    return names & set(modules)


def find_circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The first way from a module back to itself; empty when there is none."""
    done: set[str] = set()

    def follow(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph[name]):
            if circle := follow(other, [*path, name]):
                return circle
        done.add(name)
        return []

    return next((circle for name in sorted(graph) if (circle := follow(name, []))), [])


@pytest.mark.parametrize("top", SOURCES)
def test_no_module_imports_itself_by_way_of_others(top: str) -> None:
    modules = modules_of(top, SOURCES[top])
    assert modules, f"there is nothing in {top}"

    circle = find_circle({name: leads_to(path.read_text(), modules) for name, path in modules.items()})

    assert not circle, " -> ".join(circle)


def test_a_circle_is_found_at_any_length_and_depth() -> None:
    sources = {
        "a": "from b import thing",
        "b": "def late():\n    import c",
        "c": "from d import x\nfrom a import y",
        "d": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a",
    }
    modules = dict.fromkeys(sources, Path())

    assert find_circle({name: leads_to(text, modules) for name, text in sources.items()}) == ["a", "b", "c", "a"]
    assert not find_circle({name: leads_to(text, modules) for name, text in (sources | {"c": sources["d"]}).items()})


def test_who_holds_the_mailbox_knows_nothing_of_the_pages_that_show_it() -> None:
    folder = ROOT / "infra/local/mailroom"
    knows = {
        path.name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("infra.local.mailroom.web")
    }
    assert knows == {"opening.py"}
