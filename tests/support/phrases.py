"""The phrases of tests/data/phrases.txt, with what a careful secretary would file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PHRASES = Path(__file__).parents[1] / "data" / "phrases.txt"
DEFAULT_OPTIONS = ("approved", "rejected", "needs_revision")
NO_OUTCOME = ("words", "unclear", "nothing")

_HEADING = re.compile(r"== (?P<filed>.*?)(?P<comment> with a comment)?(?: \((?P<options>[^()]*)\))?$")


@dataclass(frozen=True)
class Phrase:
    """What somebody writes, and what is filed: an option or one of NO_OUTCOME, and the comment beside an option."""

    text: str
    options: tuple[str, ...]
    filed: str
    comment: str | None

    @property
    def outcome(self) -> str | None:
        return None if self.filed in NO_OUTCOME else self.filed


def phrases() -> Iterator[Phrase]:
    """Every phrase, in order."""
    filed, options = "", DEFAULT_OPTIONS
    for line in PHRASES.read_text(encoding="utf-8").splitlines():
        if heading := _HEADING.match(line):
            filed, given = heading["filed"], heading["options"]
            options = DEFAULT_OPTIONS if given is None else tuple(filter(None, given.split(", ")))
        elif line and line != "#" and not line.startswith("# "):
            text, _, comment = line.partition(" => ")
            # A slash between blanks is the end of a line.
            yield Phrase(
                text.replace(" / ", "\n").replace("\n/ ", "\n\n"), options, filed, comment.replace(" / ", "\n") or None
            )
