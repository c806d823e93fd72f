"""How an option may be spelt in a line: its words, one of their forms, or an alias that the flow's author declared.

A line is looked at word by word, so that what stands around an option stays exactly as it was written.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

MIN_STEM_CHARACTERS = 4
"""Shorter stems are other words: "need" is no form of a "ne"."""
MAX_LINE_WORDS = 400

_JOINERS = frozenset("_-‐‑‒–—―−")
_APOSTROPHES = frozenset("'’‘ʼ`´")
# What makes a picture of a sign.
_UNSEEN = frozenset("\ufe0e\ufe0f\u200d\u20e3")
_DOUBLED = frozenset("bdgklmnprtvz")


@dataclass(frozen=True, slots=True)
class Word:
    """One word or sign of a line: its folded text, where it stands, and whether it is a word."""

    text: str
    start: int
    end: int
    is_word: bool


class ReplyLine:
    """One line as words and signs."""

    def __init__(self, text: str):
        self.text = text

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Its words and signs in order, without white space."""
        found: list[Word] = []
        start = 0
        while start < len(self.text) and len(found) < MAX_LINE_WORDS:
            end = start + 1
            if self.text[start] in _UNSEEN:
                start = end
                continue
            if _is_letter(self.text[start]):
                while end < len(self.text) and self._goes_on(end):
                    end += 1
                found.append(Word(_fold(self.text[start:end]), start, end, is_word=True))
            elif not self.text[start].isspace() and unicodedata.category(self.text[start]) != "Cf":
                found.append(Word(self.text[start], start, end, is_word=False))
            start = end
        return tuple(found)

    def _goes_on(self, place: int) -> bool:
        character = self.text[place]
        if _is_letter(character):
            return True
        return character in _APOSTROPHES and place + 1 < len(self.text) and _is_letter(self.text[place + 1])

    def after(self, phrase: tuple[str, ...], place: int) -> int | None:
        """The place behind these words when they stand at `place`; blanks, hyphens and underscores may join them."""
        for number, wanted in enumerate(phrase):
            while number and place < len(self.words) and self.words[place].text in _JOINERS:
                place += 1
            if place >= len(self.words) or self.words[place].text != wanted:
                return None
            place += 1
        return place

    def after_any(self, phrases: "Phrases", place: int) -> int | None:
        """The place behind the longest of these phrases that stands at `place`."""
        if place >= len(self.words):
            return None
        for phrase in phrases.beginning_with(self.words[place].text):
            if (end := self.after(phrase, place)) is not None:
                return end
        return None

    def rest(self, place: int) -> str:
        """The line from a place on."""
        return self.text[self.words[place].start :] if place < len(self.words) else ""

    def is_joined(self, place: int) -> bool:
        """Whether the word at a place touches the next one."""
        return self.words[place].end == self.words[place + 1].start

    def place_at(self, offset: int) -> int:
        """The place of the first word at or behind a character."""
        return next((place for place, word in enumerate(self.words) if word.start >= offset), len(self.words))

    def holds_any(self, phrases: "Phrases", start: int = 0, stop: int | None = None) -> bool:
        """Whether one of these phrases stands between two places."""
        stop = len(self.words) if stop is None else stop
        return any(
            end is not None and end <= stop for end in (self.after_any(phrases, place) for place in range(start, stop))
        )


class Phrases:
    """A closed table of phrases, found by their first words."""

    def __init__(self, phrases: Iterable[str]):
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        for phrase in phrases:
            if words := words_of(phrase):
                self._by_first.setdefault(words[0], []).append(words)
        for table in self._by_first.values():
            table.sort(key=len, reverse=True)

    def beginning_with(self, word: str) -> Sequence[tuple[str, ...]]:
        """The phrases whose first word is this, the longest first."""
        return self._by_first.get(word, ())


@dataclass(frozen=True, slots=True)
class Named:
    """An option that a line names: which, up to which place, and whether by its own words."""

    option: str
    end: int
    is_form: bool


class Options:
    """The options of a request in all their spellings."""

    def __init__(self, options: Sequence[str], aliases: Mapping[str, Sequence[str]] | None = None):
        self.options = tuple(options)
        own = {option: (option, *(aliases or {}).get(option, ())) for option in options}
        self._spelt: dict[tuple[str, ...], str | None] = {}
        for option, spellings in own.items():
            for spelling in spellings:
                self._add(self._spelt, words_of(spelling), option)
        self._forms: dict[tuple[str, ...], str | None] = {}
        for option, spellings in own.items():
            for form in {form for spelling in spellings for form in forms_of(words_of(spelling))}:
                if form not in self._spelt:
                    self._add(self._forms, form, option)
        self._longest = max(map(len, (*self._spelt, *self._forms)), default=0)
        self._firsts = {words[0] for words in (*self._spelt, *self._forms)}

    @staticmethod
    def _add(table: dict[tuple[str, ...], str | None], words: tuple[str, ...], option: str) -> None:
        # What two options share names neither.
        if words:
            table[words] = option if table.get(words, option) == option else None

    def named_at(self, line: ReplyLine, place: int) -> Named | None:
        """The option whose longest spelling stands at this place of a line."""
        if place >= len(line.words) or line.words[place].text not in self._firsts:
            return None
        for is_form, table in ((False, self._spelt), (True, self._forms)):
            found = [(end, option) for words, option in table.items() if (end := line.after(words, place)) is not None]
            longest = max(found, key=lambda one: one[0], default=None)
            if longest is not None and longest[1] is not None:
                return Named(longest[1], longest[0], is_form)
        return None

    def names_another(self, line: ReplyLine, than: str, start: int, stop: int | None = None) -> bool:
        """Whether a line names another option between two places."""
        stop = len(line.words) if stop is None else stop
        found = (self.named_at(line, place) for place in range(start, stop))
        return any(named is not None and named.option != than for named in found)


@lru_cache(maxsize=256)
def options_of(options: tuple[str, ...], aliases: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> Options:
    """The spellings of these options, made once."""
    return Options(options, dict(aliases))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a phrase, with the signs inside it, as lines are compared with it."""
    words = [word for word in ReplyLine(text).words if word.text not in _JOINERS]
    while words and not words[0].is_word:
        words.pop(0)
    while words and not words[-1].is_word:
        words.pop()
    return tuple(word.text for word in words)


def forms_of(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """The same words with one of them in another form: approve and approved, need and needs. English alone."""
    return frozenset(
        (*words[:place], form, *words[place + 1 :]) for place, word in enumerate(words) for form in _forms(word)
    )


def _forms(word: str) -> frozenset[str]:
    if not word.isascii() or not word.isalpha():
        return frozenset()
    bases = _bases(word)
    forms = set(bases)
    for base in bases:
        forms |= {f"{base}s", f"{base}d" if base.endswith("e") else f"{base}ed"}
    return frozenset(form for form in forms if form != word and len(form) >= MIN_STEM_CHARACTERS)


def _bases(word: str) -> frozenset[str]:
    if word.endswith("ed") and len(word) - 2 >= MIN_STEM_CHARACTERS:
        stem = word[:-2]
        doubled = {stem[:-1]} if stem[-1] == stem[-2] and stem[-1] in _DOUBLED else set()
        return frozenset({stem, f"{stem}e"} | doubled)
    if word.endswith("s") and not word.endswith("ss") and len(word) - 1 >= MIN_STEM_CHARACTERS:
        return frozenset({word[:-1]})
    return frozenset({word})


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


def _fold(word: str) -> str:
    plain = "".join("'" if c in _APOSTROPHES else c for c in word if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).casefold()).replace("i\u0307", "i")
