"""The recipes for contributors name files that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/contributing.md"
CORE = "layers/core/python/nodback_core"


def test_every_file_of_a_recipe_is_there() -> None:
    named = re.findall(r"`((?:core|tests)/[\w./]+)`", PAGE.read_text(encoding="utf-8"))
    missing = [name for name in named if not (ROOT / re.sub(r"^core/", f"{CORE}/", name)).exists()]

    assert len(named) > 20
    assert not missing, missing


def test_every_word_of_the_recipe_for_an_action_stands_on_the_class() -> None:
    happening = (ROOT / CORE / "domain/shared/happenings.py").read_text()
    recipe = PAGE.read_text(encoding="utf-8").split("## A new letter")[0]
    named = re.findall(r"\(`(\w+)`\)|its `(\w+)` and `(\w+)`", recipe)

    for word in filter(None, (word for words in named for word in words)):
        assert f"    {word}: ClassVar" in happening, word
