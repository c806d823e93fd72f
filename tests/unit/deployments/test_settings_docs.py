"""docs/settings.md says what the code does: every name, every default, every example."""

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from nodback_core.domain.deployments import warnings as warnings_module
from nodback_core.domain.deployments.document import as_document
from nodback_core.domain.deployments.parsing import InvalidSettings, parse_settings
from nodback_core.domain.deployments.routing import Verdict
from nodback_core.domain.deployments.rules import Operator
from nodback_core.domain.deployments.settings import DEFAULTS, MAX_SETTINGS_BYTES
from nodback_core.domain.reviews.deadlines import Off

PAGE = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}
EXAMPLES = [
    json.loads(block)
    for title, part in SECTIONS.items()
    if title != "Errors"
    for block in re.findall(r"```json\n(.*?)```", part, re.DOTALL)
]


def rows(section: str, table: int = 0) -> list[list[str]]:
    """The rows of a table of that section, without its head."""
    tables = re.findall(r"(?:^\|.*\n?)+", SECTIONS[section], re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in tables[table].splitlines()[2:]]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


def leaves(document: Mapping[str, object], path: str = "") -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield path + name, value


def test_every_setting_is_documented_with_its_default():
    documented = {codes(name)[0]: json.loads(codes(default)[0]) for name, default, _ in rows("All settings")}
    assert documented == dict(leaves(as_document(DEFAULTS)))
    assert f"{MAX_SETTINGS_BYTES:,} bytes" in PAGE


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_valid(example: dict[str, object]):
    assert parse_settings(example) != DEFAULTS


def test_there_are_examples():
    assert len(EXAMPLES) >= 4


def test_the_example_of_errors_is_refused_in_these_words():
    (block,) = re.findall(r"```json\n(.*?)```", SECTIONS["Errors"], re.DOTALL)
    with pytest.raises(InvalidSettings) as refused:
        parse_settings(json.loads(block))
    documented = [(codes(field)[0], message.rstrip(" |")) for field, message in rows("Errors")]
    assert [(error.field, error.message) for error in refused.value.errors] == documented


def test_every_operator_outcome_and_reason_is_documented():
    assert [code for row in rows("Routing rules") for code in codes(row[0])] == list(Operator)
    assert [codes(row[0])[0] for row in rows("Routing rules", 1)] == list(Verdict)
    assert [codes(row[0])[0] for row in rows("Deadlines")] == list(Off)


def test_every_warning_is_documented():
    calls = (node for node in ast.walk(ast.parse(inspect.getsource(warnings_module))) if isinstance(node, ast.Call))
    made = {
        str(call.args[1].value)
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "SettingsWarning"
        and isinstance(call.args[1], ast.Constant)
    }
    assert {codes(row[0])[0] for row in rows("Warnings")} == made
