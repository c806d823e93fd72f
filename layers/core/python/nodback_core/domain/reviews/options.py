"""Emit options: telling whether a line of text is one of them, exactly, and whether they can be told apart."""

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

# What shows nothing and is no format character: control characters, fillers, joiners, variation selectors, the blank of
# Braille. White space is none of it.
_UNSEEN = dict.fromkeys(
    c
    for c in (*range(0xA0), 0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, 0xFFA0)
    if c > 0xA0 or (unicodedata.category(chr(c)) == "Cc" and not chr(c).isspace())
) | dict.fromkeys(range(0xFE00, 0xFE10))
# Letters of other scripts with the Latin ones that they look like, capitals and small letters each by their own shape.
_LATIN_SHAPES = (
    str.maketrans("АВЕЅІЈКМНОРСТУХҮҺԌԚԜӀЗ", "ABESIJKMHOPCTYXYHGQWI3")
    | str.maketrans("аеорсухѕіјһԁԛԝӏѵҽк", "aeopcyxsijhdqwlvek")
    | str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγικνορυχ", "ABEZHIKMNOPTYXayikvopux")
    | str.maketrans("ՕՏՍԼօոսհցզıɑɡ", "OSULonuhgqiag")
)
# One shape for I, l, | and 1, and one for O and 0; the small letters i and o are neither.
_SHAPES = str.maketrans("Il|O", "1110")


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


def option_problems(options: Sequence[str]) -> list[tuple[int, str]]:
    """What is wrong with emit options, as (position, sentence): blank ones, and those that cannot be told apart.

    Between two options that differ only by case, punctuation, spaces and hyphens, or by characters that look alike or
    show nothing, no reply could choose, and no reviewer could see which one a button means.
    """
    problems: list[tuple[int, str]] = []
    seen: dict[str, str] = {}
    for position, option in enumerate(options):
        if not _bare(option).strip():
            problems.append((position, "an option cannot be blank"))
            continue
        keys = _keys(option)
        other = next((seen[key] for key in keys if key in seen), None)
        if other == option:
            problems.append((position, f"{option!r} is there twice"))
        elif other is not None:
            problems.append((position, _alike(option, other)))
        seen |= {key: option for key in keys if key not in seen}
    return problems


def _alike(option: str, other: str) -> str:
    # Characters that look alike are told by their codes.
    name = repr if fold(option) == fold(other) else ascii
    return (
        f"{name(option)} cannot be told from {name(other)}: options must differ in more than case, punctuation, spaces "
        "and hyphens, and in more than characters that look alike or show nothing"
    )


def _keys(option: str) -> tuple[str, str]:
    """What two options may not share: their words, and their shape. Each begins with a mark of its kind."""
    bare = _bare(option)
    letters = unicodedata.normalize("NFKC", bare.translate(_BEFORE_FOLDING))
    shape = letters.translate(_LATIN_SHAPES).translate(_SHAPES)
    return f"words {_words(bare)}", f"shape {_words(shape)}"


def _words(text: str) -> str:
    """The folded text without the marks around it, doubts too; of nothing but marks, these marks."""
    folded = fold(text)
    start, end = 0, len(folded)
    while start < end and unicodedata.category(folded[start])[0] in "PZ":
        start += 1
    while start < end and unicodedata.category(folded[end - 1])[0] in "PZ":
        end -= 1
    return folded[start:end] or "".join(text.split())


def _bare(text: str) -> str:
    """The text without what shows nothing."""
    return "".join(c for c in text.translate(_UNSEEN) if unicodedata.category(c) != "Cf")


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
