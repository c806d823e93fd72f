"""The README's flow is the one in examples, which the tests of the SDK run."""

import ast
import builtins
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = ast.parse((ROOT / "examples/content_approval.py").read_text(encoding="utf-8"))


def shown() -> ast.Module:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    return ast.parse(code)


def statements(module: ast.Module) -> list[str]:
    """Imports, calls and methods, as code; the example has more of them than the page."""
    found = []
    for node in module.body:
        found += [ast.unparse(child) for child in node.body] if isinstance(node, ast.ClassDef) else [ast.unparse(node)]
    return found


def test_the_flow_on_the_page_is_that_of_the_example() -> None:
    assert len(statements(shown())) > 5
    assert set(statements(shown())) <= set(statements(EXAMPLE))


def test_every_name_on_the_page_is_imported_or_defined_there() -> None:
    tree = shown()
    bound = {
        alias.asname or alias.name
        for n in ast.walk(tree)
        if isinstance(n, ast.Import | ast.ImportFrom)
        for alias in n.names
    }
    bound |= {n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef | ast.FunctionDef)}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    assert used - bound - set(dir(builtins)) == set()
