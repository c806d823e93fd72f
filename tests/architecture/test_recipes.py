"""The recipes for contributors use the words of the code; test_docs_paths.py holds the files that they name."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/contributing.md"
CORE = "layers/core/python/nodback_core"


def test_every_word_of_the_recipe_for_an_action_stands_on_the_class() -> None:
    happening = (ROOT / CORE / "domain/shared/happenings.py").read_text()
    recipe = PAGE.read_text(encoding="utf-8").split("## A new letter")[0]
    named = re.findall(r"\(`(\w+)`\)|its `(\w+)` and `(\w+)`", recipe)

    for word in filter(None, (word for words in named for word in words)):
        assert f"    {word}: ClassVar" in happening, word
