"""One word, one thing: no two classes of the service share a name."""

import ast
from collections import defaultdict
from pathlib import Path

CORE = Path(__file__).parents[2] / "layers/core/python/nodback_core"
LETTERS = "mail/letters/kinds.py"
"""A letter is named for the happening or the row that it tells of; so are its templates and its sample."""


def test_no_two_classes_share_a_name() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in sorted(CORE.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(path.relative_to(CORE).as_posix())
    shared = {name: where for name, where in homes.items() if len([w for w in where if w != LETTERS]) > 1}
    assert len(homes) > 300
    assert shared == {}


def test_a_letter_shares_its_name_only_with_what_it_tells_of() -> None:
    letters = {node.name for node in ast.parse((CORE / LETTERS).read_text()).body if isinstance(node, ast.ClassDef)}
    others = {
        node.name
        for path in CORE.rglob("*.py")
        if path.name not in ("happenings.py", "kinds.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    assert letters & others == {"SignIn"}
