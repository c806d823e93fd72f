"""Every line votes: whether a later line of a reply takes back the option on its first line, or makes it depend."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from nodback_core.domain.replies import words as reply_words
from nodback_core.domain.replies.meaning import courtesies
from nodback_core.domain.replies.meaning.spelling import Options, Phrases, ReplyLine
from nodback_core.domain.reviews.options import MAX_OPTION_CHARACTERS, fold

MAX_FILLERS = 3
NEGATION_WORDS = 4
"""How far before an option a negation is looked for."""
MIN_TELLING_CHARACTERS = 5
"""Shorter options, such as "no" and "A", are common words: they count where a clause begins or a sentence ends."""

_LIST_MARK = re.compile(r"\A\s*(?:\d{1,2}|[a-zA-Z])[.)]\s+")
# "No. 12" is a number, not a refusal.
_NUMBER = re.compile(r"no\.?\s*\d")
_EDGE = re.compile(r"^[\W_]+")
_HARMLESS = re.compile("|".join(reply_words.HARMLESS))
_SENTENCE_ENDS = re.compile(r"[.!?;…]+(?:\s+|$)|[。！？；]|\s+[-–—]+\s+|[—]|\s*[()（）]\s*")
_ABBREVIATED = re.compile(r"(?:\b(?:no|nr)|(?<![^\W\d_])[^\W\d_])\Z", re.IGNORECASE)
_CLAUSE_ENDS = re.compile(r"[,:،]\s+|[，、：]")
# Their writers put no space between words, so a word may go on after an opening.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI")
_FILLERS = Phrases(reply_words.FILLERS)
_NARRATING = Phrases(courtesies.NARRATING)
_NEGATIONS = Phrases(courtesies.NEGATIONS_INSIDE)
_STRONG = Phrases(courtesies.STRONG_INSIDE)
_REVERSALS = tuple({fold(word) for word in reply_words.REVERSALS})
_CONDITIONS = tuple({fold(word) for word in reply_words.CONDITIONS})


def later_doubt(lines: Sequence[str], outcome: str, options: Options) -> str | None:
    """The first of these lines that speaks against an outcome: see `speaks_against`; None without one."""
    return next((line for line in lines if line.strip() and speaks_against(line, outcome, options)), None)


def speaks_against(line: str, outcome: str, options: Options) -> bool:
    """Whether a clause of this line begins with another option, with a reversal or with a condition.

    A clause that begins with the outcome itself agrees, unless it goes on like that.
    """
    if ReplyLine(line).holds_any(_STRONG):
        return True
    return any(
        _names_against(ReplyLine(sentence), outcome, options)
        or any(_is_against(clause, outcome, options) for clause in _clauses(sentence))
        for sentence in _sentences(line)
        if not _is_harmless(sentence)
    )


def takes_back(line: str) -> bool:
    """Whether a line begins with a reversal or a condition, whatever the options are."""
    return _turns(_plain(line))


def _sentences(line: str) -> Iterator[str]:
    """The sentences of a line, after its list mark; a question keeps its mark."""
    text = _LIST_MARK.sub("", line, count=1)
    start = 0
    for found in _SENTENCE_ENDS.finditer(text):
        if found.group().startswith(".") and _ABBREVIATED.search(text, max(start, found.start() - 3), found.start()):
            continue
        yield text[start : found.start() + ("?" in found.group())]
        start = found.end()
    yield text[start:]


def _clauses(sentence: str) -> Iterator[str]:
    """The sentence from the beginning of each of its clauses on."""
    yield sentence
    for found in _CLAUSE_ENDS.finditer(sentence):
        yield sentence[found.end() :]


def _is_harmless(sentence: str) -> bool:
    return bool(_HARMLESS.fullmatch(_plain(sentence)))


def _names_against(line: ReplyLine, outcome: str, options: Options) -> bool:
    """Whether a sentence names another option anywhere, or this one behind a negation, and does not tell of before."""
    for place in range(len(line.words)):
        named = options.named_at(line, place)
        if named is None or line.holds_any(_NARRATING, 0, place):
            continue
        is_long = line.words[named.end - 1].end - line.words[place].start >= MIN_TELLING_CHARACTERS
        is_last = not any(word.is_word for word in line.words[named.end :])
        if named.option != outcome and (is_long or is_last):
            return True
        if named.option == outcome and line.holds_any(_NEGATIONS, max(0, place - NEGATION_WORDS), place):
            return True
    return False


def _is_against(clause: str, outcome: str, options: Options) -> bool:
    line = ReplyLine(clause[: MAX_OPTION_CHARACTERS + 20])
    place = 0
    for _ in range(MAX_FILLERS + 1):
        while place < len(line.words) and not line.words[place].is_word:
            place += 1
        if place >= len(line.words):
            return False
        named = options.named_at(line, place)
        if named is not None and named.option != outcome:
            return True
        if named is not None:
            rest = line.text[line.words[named.end - 1].end :].lstrip()
            return rest.startswith("?") or _turns(_EDGE.sub("", fold(rest)))
        if _turns(_plain(line.text[line.words[place].start :])):
            return True
        further = line.after_any(_FILLERS, place)
        if further is None:
            return False
        place = further
    return False


def _plain(line: str) -> str:
    return fold(line[: MAX_OPTION_CHARACTERS + 20])


def _turns(text: str) -> bool:
    if not text or _HARMLESS.fullmatch(text) or _NUMBER.match(text):
        return False
    if text.startswith(_REVERSALS) and any(_begins(text, word) for word in _REVERSALS):
        return True
    # Alone on its line, such a word is somebody's name: Ali, Om, Ma.
    return text.startswith(_CONDITIONS) and any(
        _begins(text, word) and any(map(str.isalnum, text[len(word) :])) for word in _CONDITIONS
    )


def _begins(text: str, opening: str) -> bool:
    if not opening or not text.startswith(opening):
        return False
    rest = text[len(opening) : len(opening) + 1]
    return not rest or not _goes_on(rest) or unicodedata.name(opening[-1], "").startswith(_UNSPACED)


def _goes_on(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"
