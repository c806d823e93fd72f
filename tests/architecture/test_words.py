"""One word, one thing: no two classes of the service share a name."""

import ast
from collections import defaultdict
from pathlib import Path

CORE = Path(__file__).parents[2] / "layers/core/python/nodback_core"


def test_no_two_classes_share_a_name() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in sorted(CORE.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(path.relative_to(CORE).as_posix())
    shared = {name: where for name, where in homes.items() if len(where) > 1}
    assert len(homes) > 300
    assert shared == {}
