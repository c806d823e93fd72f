"""What changed between two rounds of a review, line by line."""

import difflib
import json
from dataclasses import dataclass

from nodback_core.mail.letters.wording import clean

MAX_LINES = 1500
CONTEXT_LINES = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison: `same`, `gone`, `new` or `gap`."""

    kind: str
    text: str


def compare(before: object, after: object) -> tuple[Line, ...] | None:
    """What differs, with a little around it; empty when nothing does, None when it is too long to compare."""
    old, new = _lines(before), _lines(after)
    if len(old) > MAX_LINES or len(new) > MAX_LINES:
        return None
    told: list[Line] = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT_LINES):
        if told:
            told.append(Line("gap", ""))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                told += [Line("same", text) for text in old[old_from:old_to]]
                continue
            told += [Line("gone", text) for text in old[old_from:old_to]]
            told += [Line("new", text) for text in new[new_from:new_to]]
    return tuple(told)


def _lines(value: object) -> list[str]:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return clean(text).split("\n")
