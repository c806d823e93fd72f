"""What stands around an answer on its line and around its lines: greetings, courtesy, labels, ticks and names.

Everything here works by the closed tables of `courtesies`, on places in a `ReplyLine`.
"""

import re
from dataclasses import dataclass

from nodback_core.domain.replies import words as reply_words
from nodback_core.domain.replies.meaning import courtesies
from nodback_core.domain.replies.meaning.spelling import Options, Phrases, ReplyLine, words_of
from nodback_core.domain.replies.meaning.votes import takes_back
from nodback_core.domain.replies.text import is_blank
from nodback_core.domain.reviews.options import match_option

MAX_NAME_WORDS = 4
MAX_THANKS_WORDS = 12
MAX_CLASSIFICATION_CHARACTERS = 60

COURTESIES = Phrases((*courtesies.COURTESIES, *reply_words.CLOSINGS))
TAILS = Phrases(courtesies.TAILS)
THANKS_FOR = Phrases(courtesies.THANKS_FOR)
DOUBTS = Phrases((*courtesies.CONDITIONS_INSIDE, *courtesies.NEGATIONS_INSIDE))
_PRAISE = Phrases(courtesies.PRAISE)
_SALUTATIONS = Phrases(courtesies.SALUTATIONS)
_LABELS = Phrases(courtesies.LABELS)
_BARE_LABELS = Phrases(courtesies.BARE_LABELS)
_LEADS = Phrases(courtesies.LEADS)
_SUBJECTS = Phrases(courtesies.SUBJECTS)
_CLASSIFYING = Phrases(courtesies.CLASSIFYING)

PARTS = frozenset(",.;:!–—-―…(（。，、！：；")
"""Signs that part an answer from what follows it."""
WRAPS = frozenset("*_\"'“”„‘’»«)]}>）」』")
"""Signs that close something around an answer."""
_COLONS = frozenset(":：-–—=→")
_NEUTRAL = PARTS | WRAPS | frozenset("&+/")
_OPENING = WRAPS | frozenset(",.:;…(（「『")
_PICTURES = frozenset(courtesies.POSITIVE_PICTURES + courtesies.NEGATIVE_PICTURES)
_TITLES = frozenset({"dr", "mr", "mrs", "ms", "prof"})
TICKED = re.compile(r"\s*[-*•]?\s*[\[(]\s?[xX✓✔]\s?[\])]\s*")
UNTICKED = re.compile(r"\s*[-*•]?\s*(?:\[\s{0,3}\]|\(\s{0,3}\)|[☐□▢])")
_LIST_MARK = re.compile(r"\s*(?:\d{1,2}|[a-zA-Z])[.)]\s+(?=\S)")
_BRACKETED = re.compile(r"\s*[\[【(<*]{1,2}([^\[\]【】()<>*]{1,40})[\]】)>*]{1,2}\s*")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around the answers of one reply. writer: the words of the sender's name."""

    options: Options
    writer: frozenset[str]

    def says_nothing(self, text: str) -> bool:
        """Whether a whole line is a greeting, thanks, a label, a picture or the writer's name, and no option."""
        line = ReplyLine(text)
        if is_blank(text):
            return True
        if self._names_an_option(line):
            return False
        if not any(word.is_word for word in line.words):
            return text.strip() in courtesies.SMILEYS or all(not word.text.isascii() for word in line.words)
        if _is_classification(text) or self._is_writer(line) or _is_label(line):
            return True
        return self.past_courtesies(line, self._past_salutation(line, 0, is_alone=True)) >= len(line.words)

    def _names_an_option(self, line: ReplyLine) -> bool:
        if match_option(line.text, self.options.options) is not None:
            return True
        return self.options.named_at(line, self.past_signs(line, 0)) is not None

    def _is_writer(self, line: ReplyLine) -> bool:
        words = [word.text for word in line.words if word.is_word]
        return 0 < len(words) <= MAX_NAME_WORDS and self.writer.issuperset(words)

    def past_signs(self, line: ReplyLine, place: int) -> int:
        """The place behind ticks, bullets, list marks, pictures and classifications in brackets."""
        while place < len(line.words):
            further = self._past_mark(line, place)
            if further == place:
                return place
            place = further
        return place

    def _past_mark(self, line: ReplyLine, place: int) -> int:
        start, rest = line.words[place].start, line.rest(place)
        for mark in (TICKED, _LIST_MARK):
            if (found := mark.match(rest)) and self.options.named_at(line, place) is None:
                return line.place_at(start + found.end())
        bracketed = _BRACKETED.match(rest)
        if bracketed and " ".join(words_of(bracketed.group(1))) in courtesies.CLASSIFICATIONS:
            return line.place_at(start + bracketed.end())
        return place + _is_sign(line, place)

    def past_lead(self, line: ReplyLine, place: int) -> tuple[int, bool] | None:
        """The place behind one thing that may stand before an answer, and whether a verb must follow; None without."""
        if place >= len(line.words):
            return None
        label = line.after_any(_LABELS, place)
        if label is not None and label < len(line.words) and line.words[label].text in _COLONS:
            return label + 1, False
        if (label := line.after_any(_BARE_LABELS, place)) is not None:
            return label, False
        thanks = line.after_any(THANKS_FOR, place)
        if thanks is not None and (end := _past_sentence(line, thanks)) is not None:
            return end, False
        if (end := self._past_salutation(line, place, is_alone=False)) > place:
            return end, False
        tables = ((COURTESIES, False), (_PRAISE, False), (_SUBJECTS, True), (_LEADS, False))
        found = [(end, needs) for table, needs in tables if (end := line.after_any(table, place)) is not None]
        if not found:
            return None
        end, needs_verb = max(found, key=lambda one: one[0])
        return past_parts(line, end), needs_verb

    def _past_salutation(self, line: ReplyLine, place: int, *, is_alone: bool) -> int:
        """The place behind "Hi", "Hello Dana," or "Dear all" at `place`; `place` itself without one."""
        end = line.after_any(_SALUTATIONS, place)
        if end is None:
            return place
        greeted = self._past_names(line, end)
        is_over = greeted >= len(line.words) or line.words[greeted].text in PARTS
        if greeted > end and not is_over:
            return place if is_alone else end
        return past_parts(line, greeted)

    def _past_names(self, line: ReplyLine, place: int) -> int:
        """The place behind up to a few names of people."""
        start = place
        while place < len(line.words) and place - start < MAX_NAME_WORDS and self._is_name(line, place):
            place += 1
            if place < len(line.words) and line.words[place].text == "." and line.words[place - 1].text in _TITLES:
                place += 1
        return place

    def _is_name(self, line: ReplyLine, place: int) -> bool:
        word = line.words[place]
        if not word.is_word:
            return word.text in "&-" and place + 1 < len(line.words)
        if self.options.named_at(line, place) is not None or line.after_any(DOUBTS, place) is not None:
            return False
        if takes_back(line.rest(place)):
            return False
        if word.text in courtesies.GROUPS or word.text in self.writer:
            return True
        shown = line.text[word.start]
        return line.after_any(_LEADS, place) is None and shown.isalpha() and not shown.islower()

    def past_courtesies(self, line: ReplyLine, place: int, *, in_tail: bool = False) -> int:
        """The place behind thanks, wishes, pictures and names; behind praise as well in the tail of an answer."""
        started = place
        tables = (COURTESIES, _PRAISE, TAILS) if in_tail else (COURTESIES,)
        while place < len(line.words):
            word = line.words[place]
            ends = [end for table in tables if (end := line.after_any(table, place)) is not None]
            apart = [end for end in ends if self._is_apart(line, end)]
            if apart:
                place = max(apart)
            elif not word.is_word and (word.text in _NEUTRAL or _is_picture(word.text)):
                place += 1
            elif further := _smiley_at(line, place) or harmless_at(line, place):
                place = further
            elif place > started and (named := self._past_names(line, place)) > place and named >= len(line.words):
                return named
            else:
                return place
        return place

    def _is_apart(self, line: ReplyLine, place: int) -> bool:
        """Whether what ends at `place` stands alone there: names at most go on."""
        if place >= len(line.words) or not line.words[place].is_word:
            return True
        if any(line.after_any(table, place) for table in (COURTESIES, TAILS)):
            return True
        names = self._past_names(line, place)
        return names > place and (names >= len(line.words) or not line.words[names].is_word)


def past_parts(line: ReplyLine, place: int) -> int:
    """The place behind the signs that part two things."""
    while place < len(line.words) and line.words[place].text in PARTS and not _is_programmers_not(line, place):
        place += 1
    return place


def harmless_at(line: ReplyLine, place: int) -> int | None:
    """The place behind "no comments", "no changes needed" and the like, when they stand at `place`."""
    found = reply_words.HARMLESS_AT.match(line.rest(place).casefold())
    return None if found is None else line.place_at(line.words[place].start + found.end())


def _smiley_at(line: ReplyLine, place: int) -> int | None:
    rest = line.rest(place)
    found = next((smiley for smiley in courtesies.SMILEYS if rest.startswith(smiley)), None)
    return None if found is None else line.place_at(line.words[place].start + len(found))


def _is_sign(line: ReplyLine, place: int) -> bool:
    """Whether a tick, a bullet, a picture or an opening sign stands here, and not the sign of a number."""
    word = line.words[place]
    if word.is_word or _is_programmers_not(line, place):
        return False
    before_digit = line.text[word.end : word.end + 1].isdigit()
    if word.text == "#":
        return before_digit
    if word.text in "-–—−+" and before_digit:
        return False
    return word.text in _PICTURES or word.text in courtesies.TICKS or word.text in _OPENING


def _is_programmers_not(line: ReplyLine, place: int) -> bool:
    """Whether this is the mark of "!approved"."""
    word = line.words[place]
    before, behind = line.text[: word.start][-1:], line.text[word.end : word.end + 1]
    return word.text == "!" and behind.isalnum() and not before.isalnum()


def _is_picture(sign: str) -> bool:
    return sign in courtesies.POSITIVE_PICTURES or (not sign.isascii() and not is_blank(sign))


def _is_label(line: ReplyLine) -> bool:
    end = line.after_any(_LABELS, 0)
    return end is not None and end < len(line.words) and all(word.text in _COLONS for word in line.words[end:])


def _is_classification(text: str) -> bool:
    if len(text) > MAX_CLASSIFICATION_CHARACTERS:
        return False
    inner = _BRACKETED.fullmatch(text)
    line = ReplyLine(inner.group(1) if inner else text)
    end = line.after_any(_CLASSIFYING, 0) or 0
    if end and not (end < len(line.words) and line.words[end].text in _COLONS):
        return False
    said = " ".join(words_of(line.text[line.words[end].end :] if end else line.text))
    return said in courtesies.CLASSIFICATIONS


def _past_sentence(line: ReplyLine, place: int) -> int | None:
    """The place behind the sentence that "Thanks for …" opens; None when it is long or doubts something."""
    for at in range(place, min(place + MAX_THANKS_WORDS, len(line.words))):
        if line.words[at].text in ".!,–—-;。！，":
            return None if line.holds_any(DOUBTS, place, at) else at + 1
    return None
