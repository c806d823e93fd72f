"""Every line votes: whether a later line of a reply takes back the option on its first line, or makes it depend."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from nodback_core.domain.replies import words as reply_words
from nodback_core.domain.reviews.options import MAX_OPTION_CHARACTERS, fold

MAX_FILLERS = 3

_LIST_MARK = re.compile(r"\A(?:\d{1,2}|[a-z])[.)]\s+")
# "No. 12" is a number, not a refusal.
_NUMBER = re.compile(r"no\.?\s*\d")
_EDGE = re.compile(r"^[\W_]+")
_HARMLESS = re.compile("|".join(reply_words.HARMLESS))
# Their writers put no space between words, so a word may go on after an opening.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI")


def later_doubt(text: str, outcome: str, options: Sequence[str]) -> str | None:
    """The first later line that begins with another option, with a reversal or with a condition; None without one.

    text: a visible reply whose first line is `outcome`. A line that begins with it agrees, unless it goes on like that.
    """
    shown = [line.strip() for line in text.split("\n") if line.strip()]
    return next((line for line in shown[1:] if _is_against(line, outcome, options)), None)


def takes_back(line: str) -> bool:
    """Whether a line begins with a reversal or a condition, whatever the options are."""
    return _turns(_plain(line))


def _is_against(line: str, outcome: str, options: Sequence[str]) -> bool:
    text = _plain(line)
    for _ in range(MAX_FILLERS + 1):
        # The longest option counts: "approve with changes" is not "approve".
        named = max((o for o in options if _begins(text, fold(o))), key=lambda o: len(fold(o)), default=None)
        if named is not None and named != outcome:
            return True
        if named is not None:
            rest = text[len(fold(named)) :].lstrip()
            return rest.startswith("?") or _turns(_EDGE.sub("", rest))
        if _turns(text):
            return True
        shorter = _without_filler(text)
        if shorter == text:
            return False
        text = shorter
    return False


def _plain(line: str) -> str:
    return _LIST_MARK.sub("", fold(line[: MAX_OPTION_CHARACTERS + 20]), count=1)


def _without_filler(text: str) -> str:
    for filler in _folded(reply_words.FILLERS):
        if _begins(text, filler):
            return _EDGE.sub("", text[len(filler) :])
    return text


def _turns(text: str) -> bool:
    if not text or _HARMLESS.fullmatch(text) or _NUMBER.match(text):
        return False
    if any(_begins(text, word) for word in _folded(reply_words.REVERSALS)):
        return True
    # Alone on its line, such a word is somebody's name: Ali, Om, Ma.
    return any(
        _begins(text, word) and any(map(str.isalnum, text[len(word) :])) for word in _folded(reply_words.CONDITIONS)
    )


def _begins(text: str, opening: str) -> bool:
    if not opening or not text.startswith(opening):
        return False
    rest = text[len(opening) : len(opening) + 1]
    return not rest or not _goes_on(rest) or unicodedata.name(opening[-1], "").startswith(_UNSPACED)


def _goes_on(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


@lru_cache(maxsize=4)
def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(map(fold, words))
