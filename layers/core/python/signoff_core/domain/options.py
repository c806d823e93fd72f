"""Emit options: telling whether a line of text is one of them, exactly."""

import re
import unicodedata
from collections.abc import Sequence

# Longer lines are prose; folding them would only cost time.
MAX_OPTION_CHARACTERS = 300

_APOSTROPHES = dict.fromkeys(map(ord, "‘’‚‛`´ʼ′"), "'") | dict.fromkeys(map(ord, "“”„‟«»″"), '"')
# U+037E is the Greek question mark; NFKC would turn it into a semicolon. U+2212 is the minus sign.
_BEFORE_FOLDING = {0x037E: "?", 0x2212: "-", 0xFE0E: None, 0xFE0F: None} | _APOSTROPHES
# The sign of a number is not a separator: "-1" is not "1".
_MINUS = re.compile(r"(?<!\w)[-\u2010-\u2015](?=\d)")
_SEPARATORS = re.compile(r"[\s_]+")
_EMPTY_BRACKETS = re.compile(r"\[\s*\]|\(\s*\)|\{\s*\}")
# A question is a doubt, not a decision: "approved?" is free text.
_DOUBT = frozenset("?¿؟‽⁇⁈⁉⸮՞፧")


def match_option(text: str, options: Sequence[str]) -> str | None:
    """The option that this text names, or None when it is free text.

    Case, spaces, underscores, hyphens and dashes, typographic quotes and surrounding punctuation do not matter;
    everything else does. It is never a prefix or a part: "not approved" and "approved – thanks" are free text. So are
    "approved?" (a doubt), "!approved" (a programmer's not) and "[ ] approved" (a box that is not ticked).
    Where two options fold to the same text, only the one written exactly so is meant.
    """
    plain = text.strip()
    if plain in options:
        return plain
    if not plain or len(plain) > MAX_OPTION_CHARACTERS or len(plain.splitlines()) > 1:
        return None
    wanted = fold(plain)
    if not wanted or _EMPTY_BRACKETS.search(plain):
        return None
    same = {option for option in options if fold(option) == wanted}
    return same.pop() if len(same) == 1 else None


def fold(text: str) -> str:
    """Text reduced to what matters when it is compared: see `match_option`."""
    text = unicodedata.normalize("NFKC", text.translate(_BEFORE_FOLDING)).translate(_APOSTROPHES)
    text = unicodedata.normalize("NFKC", text.casefold()).replace("i\u0307", "i")
    text = _MINUS.sub("\u2212", text)
    text = _SEPARATORS.sub(" ", "".join(map(_spaced, text))).strip()
    start, end = 0, len(text)
    while start < end and _is_around(text[start]) and text[start] != "!":
        start += 1
    while start < end and _is_around(text[end - 1]):
        end -= 1
    return text[start:end]


def _spaced(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":  # invisible: soft hyphens, zero-width spaces, direction marks
        return ""
    return " " if category[0] == "Z" or category in {"Pd", "Pc"} else character


def _is_around(character: str) -> bool:
    return character == " " or (unicodedata.category(character)[0] == "P" and character not in _DOUBT)
