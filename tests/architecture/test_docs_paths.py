"""Every file and folder that the documentation names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "layers/core/python/nodback_core"
TOPS = {"layers", "sdk", "infra", "tests", "functions", "examples", "bench"}
PARTS = {path.name for path in CORE.iterdir() if path.is_dir() and path.name != "__pycache__"}
NAMED = re.compile(r"`([^`\s]+)`")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
HOMES = (ROOT, CORE, *(CORE / part for part in sorted(PARTS)), ROOT / "sdk/src", ROOT / "docs")


def named_paths(page: Path) -> set[str]:
    """What a page names in backticks: below a folder of the repository or of the service, or `room/file.py`."""
    fenced = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.S | re.M)
    found = set()
    for name in NAMED.findall(fenced):
        path = name.rstrip("/:").removeprefix("…/").partition(":")[0]
        top, slash, _ = path.partition("/")
        is_ours = (top in TOPS | PARTS and (slash or name.startswith("…/"))) or re.fullmatch(r"[\w/]*/\w+\.py", path)
        if is_ours and not re.search(r"[<>{}*]", path):
            found.add(path)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    missing = [path for path in sorted(named_paths(page)) if not any((home / path).exists() for home in HOMES)]
    assert missing == []


def test_the_architecture_names_every_part_and_room() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    rooms = {path.name for path in (CORE / "usecases").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert [room for room in sorted(rooms) if f"| `{room}` |" not in text] == []
    assert [part for part in sorted(PARTS) if f"/{part}`" not in text] == []


def test_one_reply_is_read_in_ten_files() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    steps = re.findall(r"^\d+\. `([^`]+)`", text.partition("## One reply")[2], re.M)
    assert 5 <= len(steps) == len(set(steps)) <= 10
    assert all((ROOT / step).exists() or (CORE / step).exists() for step in steps)


def test_no_page_cites_a_document_that_readers_do_not_have() -> None:
    """The design notes and the platform's documentation that this was built from are not in the repository."""
    pages = [*PAGES, ROOT / "CHANGELOG.md", *CORE.rglob("*.py")]
    cited = [page.name for page in pages if re.search(r"\bDESIGN\.md|\b[Tt]he reference\b", page.read_text())]
    assert cited == []
