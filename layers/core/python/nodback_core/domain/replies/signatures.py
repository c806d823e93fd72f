"""Telling what a reviewer typed from what was put around it: gateway banners, phone lines, signatures, disclaimers."""

import re
from collections.abc import Sequence
from itertools import takewhile

from nodback_core.domain.replies import words as reply_words
from nodback_core.domain.replies.meaning.votes import takes_back
from nodback_core.domain.replies.quotes import is_safety_tip
from nodback_core.domain.replies.text import folded, is_blank, words

MAX_SIGNATURE_LINES = 12
MAX_NAME_WORDS = 2
MAX_SIGNATURE_LINE_CHARACTERS = 80
MAX_PHONE_LINE_CHARACTERS = 140
MIN_DISCLAIMER_CHARACTERS = 60
MIN_BANNER_CHARACTERS = 20
MIN_WRAPPED_BANNER_CHARACTERS = 30

_DELIMITERS = frozenset({"--", "—", "–", "- -", "__", "‐‐", "——", "—-", "-—"})
_TAG = re.compile(
    r"\s*[\[(*<【]{1,2}\s*(?:external|extern|externe|externo|esterno|ext|外部|社外)[^\])>*】]{0,40}[\])>*】]{1,2}",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"[^.!?:。！？：\])>*】]\s*$")
_GOES_ON = re.compile(r"[,،;]\s*[a-zа-яà-ÿ]|[.!?:]\s+\w")
_LINK = re.compile(r"<[^<>]{0,400}>")


def typed(lines: Sequence[str], *, writer: str, is_top: bool) -> list[str]:
    """The lines of one stretch between quotes that a person typed, without blank edges."""
    kept = _without_banner(list(lines)) if is_top else list(lines)
    kept = [line for line in kept if not is_phone_line(line)]
    for place in range(len(kept)):
        if _ends_the_text(kept, place, writer):
            kept = kept[:place]
            break
    while kept and is_blank(kept[0]):
        kept.pop(0)
    while kept and is_blank(kept[-1]):
        kept.pop()
    return kept


def is_phone_line(line: str) -> bool:
    """Whether a phone or a mail program appended this line by itself: "Sent from my iPhone", in any language."""
    if not line or len(line) > MAX_PHONE_LINE_CHARACTERS + 400:
        return False
    # Outlook's line names its own page, whatever the language.
    if "https://aka.ms/" in line and "outlook" in line.lower():
        return True
    text = folded(_LINK.sub("", line)).strip(" *_-–—.。[]()")
    if not text or len(text) > MAX_PHONE_LINE_CHARACTERS:
        return False
    starts = text.startswith(reply_words.SENT_FROM_START)
    if not starts and not text.endswith(reply_words.SENT_FROM_END):
        return False
    # A sentence may begin like this too: "Sent from my desk, is much easier than my phone."
    return not _GOES_ON.search(line) and any(thing in text for thing in reply_words.SENDING_THINGS)


def _ends_the_text(lines: Sequence[str], place: int, writer: str) -> bool:
    line = lines[place].strip()
    if not line:
        return False
    if line in _DELIMITERS:
        return True
    if len(line) <= MAX_SIGNATURE_LINE_CHARACTERS and _is_closing(line, writer):
        return _is_signature(lines[place + 1 :])
    return _is_disclaimer(lines, place)


def _is_closing(line: str, writer: str) -> bool:
    text = words(line)
    return text in _CLOSINGS or (bool(writer) and text == words(writer))


_CLOSINGS = frozenset(words(closing) for closing in reply_words.CLOSINGS)


def _is_signature(rest: Sequence[str]) -> bool:
    """Names, titles and numbers: few short lines and no sentence. A postscript makes it text again."""
    shown = 0
    for place, line in enumerate(rest):
        text = line.strip()
        if text in _DELIMITERS or _is_disclaimer(rest, place):
            return True
        if is_blank(text):
            continue
        shown += 1
        if shown > MAX_SIGNATURE_LINES or len(text) > MAX_SIGNATURE_LINE_CHARACTERS:
            return False
        if _is_sentence(text) or words(text).startswith(("ps ", "p s ")):
            return False
        if len(text.split()) > MAX_NAME_WORDS and takes_back(text):
            return False
    return True


def _is_sentence(line: str) -> bool:
    return line.endswith((".", "!", "?", "。", "！", "？")) and len(line.split()) >= 4


def _is_disclaimer(lines: Sequence[str], place: int) -> bool:
    if not lines[place].strip() or (place > 0 and lines[place - 1].strip()):
        return False
    # A few lines are read together, since a disclaimer is often wrapped before its telling word.
    paragraph = takewhile(str.strip, lines[place : place + 3])
    text = folded(" ".join(paragraph))
    if len(text) < MIN_DISCLAIMER_CHARACTERS or not any(word in text for word in reply_words.CONFIDENTIAL):
        return False
    return any(word in text for word in reply_words.BANNER_MAIL) or "environment" in text


def _without_banner(lines: list[str]) -> list[str]:
    """Skip what a mail gateway put on top: a tag, a warning about mail from outside."""
    place = 0
    in_banner = False
    while place < len(lines):
        line = lines[place]
        if line.strip() in _DELIMITERS:
            break
        if is_blank(line):
            in_banner = False
            place += 1
            continue
        untagged = _TAG.sub("", line, count=1) if _TAG.match(line) else line
        if is_safety_tip(untagged):
            place += 1
            continue
        if _is_banner(untagged, tagged=untagged is not line) or (in_banner and _ends_a_banner(line)):
            in_banner = bool(_UNFINISHED.search(line))
            place += 1
            continue
        if is_blank(untagged):
            place += 1
            continue
        return [untagged.strip() if untagged is not line else line, *lines[place + 1 :]]
    return lines[place:]


def _ends_a_banner(line: str) -> bool:
    """A wrapped warning goes on; a word or two below it are the reviewer's."""
    return len(line) >= MIN_WRAPPED_BANNER_CHARACTERS or line.rstrip().endswith(".")


def _is_banner(line: str, *, tagged: bool) -> bool:
    text = folded(line)
    if len(text) < MIN_BANNER_CHARACTERS and text.isascii():
        return False
    signs = sum(
        any(word in text for word in table)
        for table in (reply_words.BANNER_WARNINGS, reply_words.BANNER_OUTSIDE, reply_words.BANNER_MAIL)
    )
    return signs == 3 or (tagged and signs == 2)
