"""The product's name: people see the one of a constant, and the earlier name stands in one line of the changelog."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodback.version import PRODUCT as PRODUCT_OF_THE_SDK
from nodback_core.version import PRODUCT

ROOT = Path(__file__).parents[2]
EARLIER = "sign" + "off"
MADE_HERE = {
    *(".git", ".nodback", ".tools", "node_modules", "cdk.out", "dist", "__pycache__"),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"),
}
CODE = [ROOT / "layers", ROOT / "sdk/src"]
HOMES = {ROOT / "layers/core/python/nodback_core/version.py", ROOT / "sdk/src/nodback/version.py"}
NAME = re.compile(rf"(?<![A-Za-z]){PRODUCT}(?![A-Za-z])")
TEXTS = {".html", ".txt", ".js", ".css", ".svg", ".json"}
COMMENTS = re.compile(r"\{#.*?#\}|<!--.*?-->|/\*.*?\*/|^\s*//[^\n]*", re.S | re.M)


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Every file of the repository, also where there is no git: all but what is made here."""
    for path in sorted(folder.iterdir()):
        if path.name in MADE_HERE or path.suffix == ".egg-info" or (folder == ROOT and path.name.startswith(".venv")):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files(path)
        elif path.is_file():
            yield path


def test_the_earlier_name_is_gone() -> None:
    found = []
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        if EARLIER in name.lower():
            found.append(name)
        lines = path.read_bytes().lower().split(b"\n")
        found += [f"{name}:{number}" for number, line in enumerate(lines, start=1) if EARLIER.encode() in line]
    assert [place.partition(":")[0] for place in found] == ["CHANGELOG.md"], found


@pytest.mark.parametrize("folder", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_name_that_people_see_is_written_once(folder: Path) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in HOMES
        for line in lines_with_the_name(path)
    ]
    assert found == []


def test_service_sdk_and_infra_use_the_same_name() -> None:
    assert PRODUCT == PRODUCT_OF_THE_SDK
    assert (ROOT / "infra/settings.py").read_text().count(f'"mail_from_name", "{PRODUCT}"') == 1


def lines_with_the_name(path: Path) -> list[int]:
    """Where the name stands in a text of the code: in Python a string that is no docstring, elsewhere no comment."""
    if path.suffix in TEXTS:
        text = COMMENTS.sub(lambda comment: "\n" * comment[0].count("\n"), path.read_text())
        return [number for number, line in enumerate(text.splitlines(), start=1) if NAME.search(line)]
    if path.suffix != ".py":
        return []
    tree = ast.parse(path.read_text())
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in described
        and NAME.search(node.value)
    ]
