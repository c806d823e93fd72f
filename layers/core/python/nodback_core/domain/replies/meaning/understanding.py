"""What a reviewer answers: read around the option, never inside it, and never guessed.

Greetings, courtesy, labels and ticks are taken away by closed tables (see `surroundings`). What is left must begin with
exactly one option. What follows it on its line is courtesy, a comment or a doubt; every later line votes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nodback_core.domain.replies import words as reply_words
from nodback_core.domain.replies.meaning import courtesies
from nodback_core.domain.replies.meaning.spelling import Named, Options, Phrases, ReplyLine, options_of, words_of
from nodback_core.domain.replies.meaning.surroundings import (
    COURTESIES,
    DOUBTS,
    PARTS,
    TAILS,
    THANKS_FOR,
    TICKED,
    UNTICKED,
    WRAPS,
    Surroundings,
    harmless_at,
    past_parts,
)
from nodback_core.domain.replies.meaning.votes import later_doubt, speaks_against, takes_back
from nodback_core.domain.reviews.options import match_option

MAX_LEADS = 8
MACHINE_LINES = 3
"""How many lines that say something are looked at for the words of machines."""
MIN_WORDS_OF_A_QUESTION = 4
"""A shorter one doubts the answer: "Approved. Really?" """

_MACHINES = Phrases(reply_words.MACHINES)
_CONDITIONS = Phrases(courtesies.CONDITIONS_INSIDE)
_NARROWINGS = Phrases(courtesies.NARROWINGS)
_REASONS = Phrases(courtesies.REASONS)
_REQUESTS = Phrases(courtesies.REQUESTS)
_SENTENCE_ENDS = frozenset(".!。！…")
_QUESTIONS = frozenset("?¿؟？՞")
_EXPLAINING = frozenset(":：–—-")
_OPENING_MARKS = frozenset("“\"„«‘'*_[")
_EMPTY_FORM = re.compile(r"[\[(]\s*[\])]|[☐□▢]|__+")
_UNSPACED_DOUBT = re.compile("|".join(courtesies.DOUBTS_UNSPACED))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reply means.

    outcome: the option that it names, or None. words: what is handed on beside it: the comment, else the line that
    says something; "" when nothing says anything. doubt: the line that speaks against the option on the first line,
    which may be that line itself; then there is no outcome.
    """

    outcome: str | None = None
    words: str = ""
    doubt: str | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether there is no answer in the reply: a greeting, thanks, a picture or a label at most."""
        return not self.words


def understand(
    text: str, options: Sequence[str], *, aliases: Mapping[str, Sequence[str]] | None = None, writer: str = ""
) -> Meaning:
    """What the visible text of a reply means.

    text: as `read_reply` gives it. aliases: further spellings of options, as the flow's author declared them. writer:
    the sender's display name, which may be a signature.
    """
    spelt = options_of(tuple(options), tuple((name, tuple(given)) for name, given in (aliases or {}).items()))
    reader = _Reader(spelt, Surroundings(spelt, frozenset(words_of(writer))))
    lines = reader.meaningful([line.strip() for line in text.split("\n")])
    if not lines:
        return Meaning()
    found = reader.answer_in(lines[0])
    if found is None:
        is_machines = any(ReplyLine(line).holds_any(_MACHINES) for line in lines[:MACHINE_LINES])
        return Meaning(words=lines[0], doubt=lines[0] if is_machines else None)
    if found.option is None:
        return Meaning(words=lines[0], doubt=lines[0])
    against = later_doubt(lines[1:], found.option, spelt)
    if against is not None:
        return Meaning(words=lines[0], doubt=against)
    comment = "\n".join([found.comment, *lines[1:]] if found.comment else lines[1:]).strip("\n")
    return Meaning(found.option, comment or lines[0])


def nearest_first(text: str, options: Sequence[str]) -> tuple[str, ...]:
    """The options, those first whose words stand in a text, in the order in which they stand there."""
    spelt, line = options_of(tuple(options)), ReplyLine(text)
    named = [found.option for place in range(len(line.words)) if (found := spelt.named_at(line, place))]
    return tuple(dict.fromkeys((*named, *options)))


@dataclass(frozen=True, slots=True)
class _Answer:
    """The option that a line begins with, and the comment behind it; no option when the line doubts it."""

    option: str | None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class _Reader:
    options: Options
    around: Surroundings

    def meaningful(self, lines: Sequence[str]) -> list[str]:
        """The lines without greetings, labels and courtesy above, courtesy and names below, and boxes left empty."""
        kept = list(lines)
        if any(TICKED.match(line) for line in kept):
            kept = [line for line in kept if not UNTICKED.match(line)]
        start, end = 0, len(kept)
        while start < end and self.around.says_nothing(kept[start]):
            start += 1
        while end > start + 1 and self.around.says_nothing(kept[end - 1]):
            end -= 1
        return kept[start:end]

    def answer_in(self, text: str) -> _Answer | None:
        """What the first line that says something answers; None when no option stands where an answer begins."""
        if text in self.options.options:
            return _Answer(text)
        line = ReplyLine(text)
        place, is_refused, needs_verb = 0, False, False
        for _ in range(MAX_LEADS):
            start, place = place, self.around.past_signs(line, place)
            is_refused = is_refused or _holds_refusal(line, start, place)
            rest = line.rest(place)
            if UNTICKED.match(rest):
                return None
            if needs_verb and rest and line.words[place].text.endswith("ed"):
                return None
            whole = None if _EMPTY_FORM.search(rest) else match_option(rest, self.options.options)
            if whole is not None:
                return _Answer(None if is_refused else whole)
            named = self.options.named_at(line, place)
            if named is not None:
                return _Answer(None) if is_refused else self._with_tail(line, named)
            further = self.around.past_lead(line, place)
            if further is None:
                return None
            place, needs_verb = further
        return None

    def _with_tail(self, line: ReplyLine, named: Named) -> _Answer | None:
        """The answer with what follows it on its line; None when its words go on as something else."""
        place = named.end
        while place < len(line.words) and line.words[place].text in WRAPS:
            place += 1
        stop = _sentence_end(line, place)
        if self._is_doubted(line, named, place, stop):
            return _Answer(None)
        end = self.around.past_courtesies(line, place, in_tail=True)
        rest = line.rest(end)
        if not rest:
            return _Answer(named.option)
        is_apart = stop <= end or any(word.text in PARTS for word in line.words[place:end])
        if not is_apart and not any(line.after_any(table, end) for table in (_REASONS, _REQUESTS, THANKS_FOR)):
            return None
        if speaks_against(rest, named.option, self.options):
            return _Answer(None)
        return _Answer(named.option, comment=self._comment(line, end))

    def _is_doubted(self, line: ReplyLine, named: Named, place: int, stop: int) -> bool:
        """Whether what follows an answer doubts it: a question, a condition, a negation, another option, an empty form.

        place: where it begins. stop: where its sentence ends.
        """
        behind = line.words[place:]
        is_asked = any(word.text in _QUESTIONS for word in line.words[stop : stop + 1])
        is_short = any(word.text in _QUESTIONS for word in behind) and len(line.words) - stop <= MIN_WORDS_OF_A_QUESTION
        if is_asked or is_short or _holds_refusal(line, place, len(line.words)):
            return True
        is_narrowed = line.after_any(_NARROWINGS, place) is not None
        if is_narrowed and line.after_any(TAILS, place) is None and line.after_any(COURTESIES, place) is None:
            return True
        if _EMPTY_FORM.search(line.rest(place)) or _is_list_of_numbers(line, named.end, place):
            return True
        if _UNSPACED_DOUBT.search(line.text[line.words[named.end - 1].end :]):
            return True
        if self.options.names_another(line, named.option, named.end, stop):
            return True
        return _holds_doubt(line, place, stop) or takes_back(line.rest(past_parts(line, place)))

    def _comment(self, line: ReplyLine, place: int) -> str:
        """The words from `place` on, without last sentences that say nothing and a bracket that was opened before."""
        while (
            line.words[place - 1].text in _OPENING_MARKS and line.is_joined(place - 1) and not line.is_joined(place - 2)
        ):
            place -= 1
        end = len(line.text)
        for at in range(len(line.words) - 1, place, -1):
            is_start = line.words[at - 1].text in _SENTENCE_ENDS
            if is_start and self.around.says_nothing(line.text[line.words[at].start : end]):
                end = line.words[at - 1].end
        rest = line.text[line.words[place].start : end].strip()
        return rest[:-1] if rest.endswith(")") and "(" not in rest else rest


def _sentence_end(line: ReplyLine, place: int) -> int:
    """The place of the sign that ends the sentence at `place`, or the end of the line."""
    for at in range(place, len(line.words)):
        text, behind = line.words[at].text, line.text[line.words[at].end : line.words[at].end + 1]
        if text in _QUESTIONS or (text in _SENTENCE_ENDS and (text != "." or not behind.isalnum())):
            return at
    return len(line.words)


def _holds_refusal(line: ReplyLine, start: int, stop: int) -> bool:
    """Whether a picture that says no stands between two places."""
    return any(word.text in courtesies.NEGATIVE_PICTURES for word in line.words[start:stop])


def _holds_doubt(line: ReplyLine, place: int, stop: int) -> bool:
    """Whether a condition stands in the rest of a sentence, or a negation where the rest explains nothing."""
    if place >= len(line.words):
        return False
    is_explained = line.words[place].text in _EXPLAINING or line.after_any(_REASONS, place) is not None
    table = _CONDITIONS if is_explained else DOUBTS
    while place < stop:
        harmless = harmless_at(line, place) or line.after_any(TAILS, place)
        if harmless is not None:
            place = max(harmless, place + 1)
            continue
        end = line.after_any(table, place)
        if end is not None and end <= stop:
            return True
        place += 1
    return False


def _is_list_of_numbers(line: ReplyLine, end: int, place: int) -> bool:
    """Whether "variant 1" goes on with ", 2": numbers or letters only."""
    last, rest = line.words[end - 1].text, [word.text for word in line.words[place:] if word.is_word]
    return bool(rest) and all(
        (last.isdigit() and word.isdigit()) or (len(last) == 1 and len(word) == 1) for word in rest
    )
