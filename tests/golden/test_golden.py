"""Nothing changes of what is stored, sent or handed out, whatever moves in the code: bytes are compared with a file.

The file has one part for each family of labels (see domain/shared/labels.py), and the test takes the part of the
family in force. Whoever changes the bytes on purpose writes it down in docs/decisions.md and makes the file anew, with
`NODBACK_WRITE_GOLDEN=1 python -m pytest tests/golden`, and looks at the difference.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from golden import stories
from nodback_core.domain.shared import labels
from nodback_core.domain.shared.entries import Action

FILE = Path(__file__).with_name("golden.json")
NOT_PLAYED: dict[str, str] = {}
"""Actions that no story here plays, with the reason."""


def golden() -> dict[str, dict[str, object]]:
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def compare(name: str, found: object) -> None:
    found = json.loads(json.dumps(found))
    if os.environ.get("NODBACK_WRITE_GOLDEN"):
        known = golden()
        known.setdefault(labels.FAMILY, {})[name] = found
        FILE.write_text(json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    assert found == golden()[labels.FAMILY][name]


STORIES: dict[str, Callable[[], object]] = {
    "entries": stories.entries,
    "tokens": stories.tokens,
    "webhooks": stories.webhooks,
    "receipt": stories.receipts,
}


@pytest.mark.parametrize("name", STORIES)
def test_the_bytes_are_those_of_the_file(name: str) -> None:
    compare(name, STORIES[name]())


def test_the_files_of_an_export_are_those_of_the_file(tmp_path: Path) -> None:
    compare("export", stories.exports(tmp_path))


def test_every_action_of_the_trail_is_held() -> None:
    played = {kind.partition(" ")[0] for kind in stories.entries()}
    missing = {action.value for action in Action} - played - set(NOT_PLAYED)
    assert not missing, f"play them in stories.py: {sorted(missing)}"
