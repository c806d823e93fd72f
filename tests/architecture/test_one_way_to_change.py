"""One way to change: `commit`, `append` and the retry are called in the runner, and what decides imports no port."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "layers/core/python/nodback_core"
RUNNER = "usecases/shared/change.py"
NOTES = "domain/reviews/owing.py"
"""What the runner asks for the entry of a request, together with what the request owes because of it."""


def protocol_calls(path: Path) -> set[str]:
    """The calls of the writing protocol in a module: on a store, or by the imported name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in {"commit", "increment"}:
            found.add(function.attr)
        if isinstance(function, ast.Name) and function.id in {"append", "until_written", "note"}:
            found.add(function.id)
    return found


def test_only_the_runner_writes() -> None:
    writing = {
        path.relative_to(CORE).as_posix(): calls
        for layer in ("usecases", "domain", "api", "dashboard", "mail", "runtime")
        for path in sorted((CORE / layer).rglob("*.py"))
        if (calls := protocol_calls(path))
    }
    assert set(writing.pop(RUNNER)) == {"commit", "increment", "append", "until_written", "note"}
    assert writing.pop(NOTES) == {"append"}
    assert writing == {}


def test_what_decides_imports_no_port() -> None:
    """A decision is a function of `domain`, and `domain` imports nothing but itself (test_imports.py)."""
    deciding = {
        path.relative_to(CORE).as_posix()
        for path in sorted((CORE / "domain").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.returns is not None and "Outcome" in ast.unparse(node.returns)
    }
    assert len(deciding) >= 15
    for module in deciding:
        assert "nodback_core.ports" not in (CORE / module).read_text(), module


def test_the_steps_of_the_protocol_stand_in_one_place_each() -> None:
    """Reading one record, moving a chain on, and counting a version up, outside of what stores records."""
    reads, heads, versions = set(), set(), set()
    for path in sorted(CORE.rglob("*.py")):
        name, text = path.relative_to(CORE).as_posix(), path.read_text()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call):
                called = node.value.func
                if isinstance(called, ast.Attribute) and called.attr == "fetch":
                    reads.add(name)
        heads |= {name} if "head_hash=head.hash" in text else set()
        versions |= {name} if "record.version + 1" in text else set()
    assert reads == {"usecases/shared/reading.py"}
    assert heads == {"domain/shared/entries.py"}
    assert versions == {"domain/shared/records.py", "adapters/dynamodb/items.py"}
