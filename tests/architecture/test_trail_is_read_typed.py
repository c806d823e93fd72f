"""What an entry says is read as the class of its action: `entry.data` is for the trail, the hash and exports alone."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "layers/core/python/nodback_core"
MAY = {
    "domain/shared/entries.py": "hashes it, and numbers new entries",
    "domain/audit/trail.py": "makes happenings of it",
    "domain/audit/exports.py": "writes it down as it stands",
    "domain/reviews/owing.py": "writes new entries, which have no class yet",
}


def reads_of_data(path: Path) -> list[int]:
    """The lines in which a module reads an attribute `data`."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "data" and isinstance(node.ctx, ast.Load)
    ]


def test_only_the_trail_reads_the_data_of_an_entry() -> None:
    found = {
        path.relative_to(CORE).as_posix(): lines
        for folder in ("domain", "usecases", "mail", "api", "dashboard", "runtime")
        for path in sorted((CORE / folder).rglob("*.py"))
        if (lines := reads_of_data(path))
    }
    assert set(found) == set(MAY), {name: lines for name, lines in found.items() if name not in MAY}
