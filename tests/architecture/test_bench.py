"""What `bench` takes from the service and the SDK is there; benchmarks run too seldom to notice by themselves."""

import ast
import importlib
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
OURS = ("nodback_core", "nodback", "infra", "support")


@pytest.mark.parametrize("path", sorted(BENCH.rglob("*.py")), ids=lambda path: path.relative_to(BENCH).as_posix())
def test_a_benchmark_imports_what_exists(path: Path) -> None:
    missing = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in OURS:
            module = importlib.import_module(node.module)
            missing += [f"{node.module}.{a.name}" for a in node.names if not _has(module, node.module, a.name)]
    assert missing == []


def _has(module: object, name: str, wanted: str) -> bool:
    if hasattr(module, wanted):
        return True
    try:
        importlib.import_module(f"{name}.{wanted}")
    except ImportError:
        return False
    return True
