"""Finding in a reply what was quoted: by what we sent first, by what mail programs write second."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from nodback_core.domain.replies import words as reply_words
from nodback_core.domain.replies.text import MAX_BODY_CHARACTERS, folded, is_blank, words

# A shorter piece of our text may be the reviewer's own words; a longer one is a copy.
MIN_COPIED_CHARACTERS = 20
MIN_COPIED_SENTENCE_CHARACTERS = 40
MIN_WRAPPED_LINE_CHARACTERS = 50
ATTRIBUTION_LINES = 4
HEADER_BLOCK_LINES = 10
MAX_QUOTE_LOOKAHEAD_LINES = 20
# A preview text or a logo may stand above the first line that we know.
LINES_ABOVE_OURS = 5
MIN_NUMBERS_OF_A_DATE = 3
MAX_TIP_CHARACTERS = 400

_YEAR_OR_TIME = re.compile(
    r"(?:19|20)\d\d|\d{1,2}[:.h時点시]\s?\d{2}|\d{1,2}\s?[ap]\.?m\b|\d{1,2}[./-]\d{1,2}[./-]\d{2}", re.IGNORECASE
)
_ADDRESS = re.compile(r"[^\s<@]@[^\s>@]")
_LONE_ADDRESS = re.compile(r"\s*[<(\[]?[^\s<>@]{1,200}@[^\s<>@]{1,200}[>)\]]?[;,]?\s*$")
_LABEL = re.compile(r"[\s>*_]*([^\W\d][^:：<>@\d]{0,28}?)\s*\**[:：]\**(?:\s|(?=\S))")
_BULLETS = frozenset({"* ", "- ", "• ", "| "})
_QUOTE_MARKS = (">", "＞")
# What may stand between a name and its address: "Nodback" <…>, Nodback [mailto:…], Nodback (…).
_BESIDE = re.compile(
    r"[\"'’”*_]{0,3}\s{0,3}(?:via [^<>@]{1,60})?[<(\[]\s?(?:mailto:)?[^\s<>@]{1,200}@|[\"'’”*_]{0,3}\s{0,3}<$"
)
_AROUND_NAMES = " *_\"'’”‪‬‎‏"
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True)
class SentMail:
    """What we sent and the reviewer answers: the surest way to know what they did not write.

    from_name: display name of our From header. reply_domain: domain of our reply addresses.
    lines: the lines of our notification's text part.
    """

    from_name: str
    reply_domain: str
    lines: tuple[str, ...]

    @cached_property
    def _name(self) -> str:
        return folded(self.from_name)

    @cached_property
    def _named(self) -> re.Pattern[str] | None:
        """Our name, as mail programs copy it: spelt as we spell it, and not as a part of another word."""
        spelt = r"\s+".join(map(re.escape, self.from_name.split()))
        if not spelt:
            return None
        # A name in Latin letters may stand beside others without a space: "Nodback님이".
        beside = r"[0-9A-Za-z_@]" if self.from_name.isascii() else r"[\w@]"
        return re.compile(rf"(?<!{beside})(?<![.@-]){spelt}(?!{beside})")

    @cached_property
    def _at_domain(self) -> str:
        return "@" + self.reply_domain.lower() if self.reply_domain else ""

    @cached_property
    def _places(self) -> dict[str, int]:
        shown = (line for line in map(words, self.lines) if line)
        return {line: place for place, line in enumerate(shown)}

    @cached_property
    def _running(self) -> str:
        return f" {' '.join(self._places)} "[:MAX_BODY_CHARACTERS]

    @cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(line.strip() for line in self.lines if line.strip()[:2] in _BULLETS)

    def lists(self, line: str) -> bool:
        """Whether this line is an entry of a list in our mail, bullet and all: nobody types the bullet."""
        return line.strip() in self._listed

    def has(self, line: str) -> bool:
        """Whether this line is one of ours, or a piece of one that some program wrapped anew."""
        text = words(line)
        return bool(text) and (
            text in self._places or (len(text) >= MIN_COPIED_CHARACTERS and f" {text} " in self._running)
        )

    def goes_on(self, line: str, following: str) -> bool:
        """Whether two lines stand in our mail one after the other."""
        first, second = self._places.get(words(line)), self._places.get(words(following))
        return first is not None and second == first + 1

    def is_wrapped(self, quoted: str, line: str) -> bool:
        """Whether this line is the rest of the quoted line above it, wrapped by a program that lost its mark."""
        start, rest = words(quoted), words(line)
        if len(start) < MIN_WRAPPED_LINE_CHARACTERS or not rest:
            return False
        return any(f"{start} {rest}" in place for place in self._places)

    def ends_with(self, line: str) -> bool:
        """Whether this line is the last of our mail."""
        text = words(line)
        last = next(reversed(self._places), "")
        if not text or min(len(text), len(last)) < MIN_COPIED_CHARACTERS:
            return bool(text) and text == last
        return last.endswith(text) or text.endswith(last)

    def is_named_in(self, line: str) -> bool:
        """Whether the line holds our name or our reply address."""
        return self.is_addressed_in(line) or bool(self._named and self._named.search(line))

    def is_sender_in(self, line: str) -> bool:
        """Whether the line holds our reply address, or our name beside an address: "Nodback <nodback@example.com>"."""
        if self.is_addressed_in(line):
            return True
        return any(_BESIDE.match(line, found.end()) for found in (self._named.finditer(line) if self._named else ()))

    def is_value_of(self, line: str) -> bool:
        """Whether the line is a header with us as its value: "From: Nodback <…>"."""
        if self.is_addressed_in(line):
            return True
        value = folded(line.replace("：", ":").partition(":")[2]).strip(" *\"'<[‪‎‏")
        rest = value[len(self._name) :].lstrip(_AROUND_NAMES)
        return bool(self._name) and value.startswith(self._name) and not rest[:1].isalnum()

    def follows(self, lines: Sequence[str], place: int, *, within: int) -> bool:
        """Whether one of the next `within` lines is quoted or ours; nothing at all will do as well.

        A mail that is not known to us cannot be looked for.
        """
        below = lines[place : place + MAX_QUOTE_LOOKAHEAD_LINES]
        shown = [line for line in below if line.strip() and (is_quoted(line) or not is_blank(line))][:within]
        return not self.lines or not shown or any(is_quoted(line) or self.has(line) for line in shown)

    def is_addressed_in(self, line: str) -> bool:
        """Whether the line holds one of our reply addresses."""
        return bool(self._at_domain) and self._at_domain in line.lower()


@dataclass(frozen=True)
class Quote:
    """A quoted stretch: lines from `start` up to `end`.

    is_marked: quoted line by line, so that what is unmarked was typed. is_headed: opened by a copy of mail headers.
    """

    start: int
    end: int
    is_marked: bool = False
    is_headed: bool = False


def next_quote(lines: Sequence[str], begin: int, sent: SentMail) -> Quote | None:
    """The first quoted stretch at or after line `begin`."""
    for place in range(begin, len(lines)):
        line = lines[place]
        if is_quoted(line):
            return Quote(place, _end_of_marked(lines, place), is_marked=True)
        if not line or line.isspace() or is_safety_tip(line):
            continue
        after = _after_attribution(lines, place, sent)
        if after and not _is_typed_above(lines, place, after, sent):
            return _opened_by(lines, _with_date_above(lines, begin, place), after, is_headed=False)
        if after := _after_header_block(lines, place, sent):
            return _opened_by(lines, place, after, is_headed=True)
        if _is_separator(line):
            return _opened_by(lines, place, place + 1, is_headed=True)
        if sent.lines and sent.has(line) and (copied := _copied(lines, place, sent)):
            return copied
    return None


def is_quoted(line: str) -> bool:
    """Whether the line bears a quote mark."""
    return line.lstrip().startswith(_QUOTE_MARKS)


def is_safety_tip(line: str) -> bool:
    """Whether this is what Outlook puts on top of mail from somebody who seldom writes."""
    text = folded(line[:MAX_TIP_CHARACTERS]).lstrip("[(<* ")
    return text.startswith(reply_words.SAFETY_TIPS) or "aka.ms/learnaboutsenderidentification" in text


def _is_separator(line: str) -> bool:
    """Whether this is "-----Original Message-----", in any language."""
    text = line.strip(" *")
    return text.startswith("----") and text.endswith("----") and not is_blank(text)


def _opened_by(lines: Sequence[str], start: int, after: int, *, is_headed: bool) -> Quote:
    following = _next_shown(lines, after)
    if following is not None and is_quoted(lines[following]):
        return Quote(start, _end_of_marked(lines, following), is_marked=True, is_headed=is_headed)
    return Quote(start, after, is_headed=is_headed)


def _end_of_marked(lines: Sequence[str], place: int) -> int:
    end = place
    while place < len(lines) and (is_quoted(lines[place]) or not lines[place].strip()):
        place += 1
        if is_quoted(lines[place - 1]):
            end = place
    return end


def _next_shown(lines: Sequence[str], place: int) -> int | None:
    return next((at for at in range(place, len(lines)) if lines[at].strip()), None)


def _after_attribution(lines: Sequence[str], place: int, sent: SentMail) -> int | None:
    """The line after "On Sunday, somebody wrote:", which may be wrapped; None when there is none here."""
    line = lines[place]
    if not (sent.is_named_in(line) or any(character.isdigit() for character in line)):
        return None
    joined = ""
    for end in range(place, min(place + ATTRIBUTION_LINES, len(lines))):
        if not lines[end].strip() or is_quoted(lines[end]):
            break
        joined = f"{joined} {lines[end].strip()}"
        if joined.rstrip(" *_\ufe55").endswith((":", "：", "wrote", "-----")) and _is_attribution(
            joined, lines, end + 1, sent
        ):
            return end + 1
    # Some programs end it without a colon; our own address is proof enough, our name beside an address too.
    if sent.is_sender_in(line) and not _label(line) and sent.follows(lines, place + 1, within=1):
        return place + 1
    return None


def _is_attribution(text: str, lines: Sequence[str], after: int, sent: SentMail) -> bool:
    if _label(text) and not _YEAR_OR_TIME.search(text):
        return False
    has_date = bool(_YEAR_OR_TIME.search(text))
    says_wrote = any(word in folded(text) for word in reply_words.WROTE)
    if sent.is_named_in(text):
        is_certain = (has_date or says_wrote) and (sent.is_sender_in(text) or (has_date and says_wrote))
        if is_certain and sent.follows(lines, after, within=LINES_ABOVE_OURS):
            return True
        if (has_date or says_wrote or sent.is_sender_in(text)) and sent.follows(lines, after, within=1):
            return True
    following = _next_shown(lines, after)
    if has_date and following is not None and (is_quoted(lines[following]) or sent.has(lines[following])):
        return True
    # Where we know what was sent, a line that names neither us nor a quote is a sentence.
    return not sent.lines and has_date and (says_wrote or bool(_ADDRESS.search(text)))


def _is_typed_above(lines: Sequence[str], place: int, after: int, sent: SentMail) -> bool:
    """Whether the attribution that ends before `after` begins below this line, which somebody typed with a digit."""
    if _is_date_part(lines[place]) or sent.is_named_in(lines[place]):
        return False
    return any(_after_attribution(lines, start, sent) == after for start in range(place + 1, after))


def _is_date_part(line: str) -> bool:
    """Whether an attribution may be wrapped behind this line: a date, or a part of one with a comma after it."""
    text = line.strip()
    if not _YEAR_OR_TIME.search(text) or len(text) > MIN_COPIED_SENTENCE_CHARACTERS * 2:
        return False
    return text.endswith((",", "،", "、", "<")) or len(_NUMBERS.findall(text)) >= MIN_NUMBERS_OF_A_DATE


def _with_date_above(lines: Sequence[str], begin: int, place: int) -> int:
    """An attribution may be wrapped right after its date; then the date's lines belong to it."""
    if _YEAR_OR_TIME.search(lines[place]):
        return place
    start = place
    while start > begin and place - start < 2:
        if not _is_date_part(lines[start - 1]):
            break
        start -= 1
    return start


def _label(line: str) -> str | None:
    found = _LABEL.match(line)
    return folded(found.group(1)).strip(" *_") if found else None


def _after_header_block(lines: Sequence[str], place: int, sent: SentMail) -> int | None:
    """The line after a copy of mail headers ("From: …", "Sent: …"), in any language when it names us."""
    first = _label(lines[place])
    if first is None:
        return None
    known = first in reply_words.FROM_LABELS
    if not known and first not in reply_words.OTHER_LABELS and not sent.is_named_in(lines[place]):
        return None
    block = lines[place : place + HEADER_BLOCK_LINES]
    labels: list[str] = []
    end = place
    for at, line in enumerate(block, start=place):
        label = _label(line)
        if label is None:
            # A long address is wrapped to a line of its own; some programs write an empty line after the first.
            if _LONE_ADDRESS.match(line) or (known and len(labels) == 1 and not line.strip()):
                end = at + 1
                continue
            break
        labels.append(label)
        end = at + 1
    copied = lines[place:end]
    others = sum(label in reply_words.OTHER_LABELS for label in labels)
    names_us = any(sent.is_value_of(line) for line in copied)
    has_address = any(_ADDRESS.search(line) for line in copied)
    has_date = any(_YEAR_OR_TIME.search(line) for line in copied)
    if known:
        is_block = (
            others >= 2
            or (others == 1 and (names_us or has_address))
            or (sent.is_value_of(lines[place]) and sent.follows(lines, end, within=1))
        )
    else:
        is_block = (names_us and len(labels) >= 2 and (others > 0 or has_date)) or (
            others >= 3 and has_date and has_address
        )
    return end if is_block else None


def _copied(lines: Sequence[str], place: int, sent: SentMail) -> Quote | None:
    """Our own text without any mark. One short line of it is not enough: options are listed in our mail."""
    shown = [at for at in range(place, min(place + 30, len(lines))) if not is_blank(lines[at])]
    run = 0
    while run < len(shown) and sent.has(lines[shown[run]]):
        run += 1
    line = lines[place]
    follows = run >= 2 and sent.goes_on(line, lines[shown[1]])
    if not follows and len(words(line)) < MIN_COPIED_SENTENCE_CHARACTERS:
        return None
    if run >= 3:
        return Quote(place, place + 1)
    return Quote(place, shown[run - 1] + 1, is_marked=True)
