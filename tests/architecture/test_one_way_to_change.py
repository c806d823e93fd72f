"""One way to change: `commit`, `append` and the retry are called in the runner, and what decides imports no port."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "layers/core/python/nodback_core"
RUNNER = {"usecases/shared/change.py", "domain/reviews/closing.py"}
NOT_YET = {}
"""Modules that still write by themselves."""


def protocol_calls(path: Path) -> set[str]:
    """The calls of the writing protocol in a module: on a store, or by the imported name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in {"commit", "increment"}:
            found.add(function.attr)
        if isinstance(function, ast.Name) and function.id in {"append", "until_written", "record"}:
            found.add(function.id)
    return found


def test_only_the_runner_writes() -> None:
    writing = {
        path.relative_to(CORE).as_posix(): calls
        for path in sorted((CORE / "usecases").rglob("*.py"))
        if (calls := protocol_calls(path)) and path.relative_to(CORE).as_posix() not in RUNNER
    }
    assert set(writing) == NOT_YET, writing
