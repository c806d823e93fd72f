"""Addresses are read the same way on every Python, the strict patch versions included."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from infra.local.mailroom.addresses import NOBODY, first_address, only_address, read_addresses

ROOT = Path(__file__).parents[2]
ODD = (
    ("maria@example.com", ("", "maria@example.com")),
    ("<maria@example.com>", ("", "maria@example.com")),
    ("Maria Silva <maria@example.com>", ("Maria Silva", "maria@example.com")),
    ('"Silva, Maria" <maria@example.com>', ("Silva, Maria", "maria@example.com")),
    ("Silva, Maria <maria@example.com>", ("Maria", "maria@example.com")),
    (r'"Maria \"M\" Silva" <maria@example.com>', ('Maria "M" Silva', "maria@example.com")),
    ("Maria (the boss) <maria@example.com>", ("Maria (the boss)", "maria@example.com")),
    ("maria@example.com (Maria)", ("Maria", "maria@example.com")),
    ("boss@corp.example <evil@example.com>", ("boss@corp.example", "evil@example.com")),
    ('"two words"@example.com', ("", '"two words"@example.com')),
    ("Ганна Ü <hanna@bücher.example>", ("Ганна Ü", "hanna@bücher.example")),
    ("Team: maria@example.com, joe@example.com;", ("", "maria@example.com")),
    ("maria@example.com, joe@example.com", ("", "maria@example.com")),
    ("maria(", ("", "")),
    ("maria", ("", "")),
    ("a@b@example.com", ("", "")),
    ("undisclosed-recipients:;", ("", "")),
    ("Maria <", ("", "")),
    ("", ("", "")),
)


@pytest.mark.parametrize(("header", "expected"), ODD)
def test_a_header_is_read_as_it_is_written_here(header: str, expected: tuple[str, str]) -> None:
    assert first_address(header) == expected


def test_lists_and_groups_are_read_whole() -> None:
    found = read_addresses("Team: maria@example.com, Joe <joe@example.com>;", "nobody, ann@example.com")

    assert [address for _, address in found] == ["maria@example.com", "joe@example.com", "ann@example.com"]


def test_two_addresses_are_not_one() -> None:
    assert only_address("Maria <maria@example.com>") == ("Maria", "maria@example.com")
    assert only_address("maria@example.com, joe@example.com") == NOBODY
    assert only_address("Silva, Maria <maria@example.com>") == NOBODY


def test_nothing_depends_on_how_strict_the_standard_library_is() -> None:
    """Python 3.11.10, 3.12.5, 3.13 and Debian's 3.11.2 give ('', '') where earlier ones give an address."""
    strict = {"parseaddr", "getaddresses"}
    wrong = [
        str(path.relative_to(ROOT))
        for part in ("functions", "infra", "layers/core", "sdk/src", "tests", "examples", "bench")
        for path in sorted((ROOT / part).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if (node.name if isinstance(node, ast.alias) else node.attr if isinstance(node, ast.Attribute) else "")
        in strict
    ]

    assert not wrong
