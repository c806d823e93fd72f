"""How values read in a mail: clean text, option labels, moments, wrapped lines."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from datetime import datetime, timedelta

TEXT_COLUMNS = 72
FRAME_MARK = "|"
"""What each line of the flow's begins with in the text of a mail."""
TITLE_MAX_CHARS = 90
LABEL_MAX_CHARS = 60

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_UNITS = (("day", 24 * 60), ("hour", 60), ("minute", 1))
_UNITS_OF_A_SMALLER_ONE = 1.5
_A_WEEKDAY_IS_CLEAR = timedelta(days=6)

# Controls but tab and newline, and the two characters that display following text backwards.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e\ufeff\ufffe\uffff]")
_ANY_NEWLINE = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# In one line nothing may change direction or be invisible: it stands beside words of ours.
_LINE_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]")
_LOWER_CASE = re.compile(r"[a-z][a-z0-9]*(?:[ _-][a-z0-9]+)*")
_MARKDOWN_MARKS = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-*+]\s+)|(?<!\w)[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}(?!\w)")
_LINK = re.compile(r"\[[^\]\n]{1,200}\]\([^)\s]{1,500}\)")
_LIST_ITEM = re.compile(r"(\s{0,12})((?:[-*+]|\d{1,4}[.)]|>)\s+)?")


def clean(text: str) -> str:
    """Text of several lines that every mail reader shows alike: plain newlines, no controls, valid Unicode."""
    valid = text.encode("utf-8", "replace").decode("utf-8")
    return _UNPRINTABLE.sub("", _ANY_NEWLINE.sub("\n", valid))


def one_line(text: str, max_chars: int = 200) -> str:
    """Text that stays on its line, in a header as in a sentence; cut with an ellipsis."""
    valid = text[: max_chars * 4].encode("utf-8", "replace").decode("utf-8")
    line = " ".join(_LINE_UNPRINTABLE.sub(" ", valid).split())
    return line if len(line) <= max_chars else line[: max_chars - 1].rstrip() + "…"


def label(option: str) -> str:
    """An emit option as a person would write it: `needs_revision` becomes "Needs revision".

    Only what reply reading folds anyway is changed, so that the label is a valid answer.
    """
    line = one_line(option, LABEL_MAX_CHARS)
    return line.replace("_", " ").capitalize() if _LOWER_CASE.fullmatch(line) else line


def title(message: str, fallback: str) -> str:
    """One line that says what a request is about: the first line of its message, without Markdown's marks."""
    for line in clean(message[:4000]).split("\n"):
        plain = one_line(_MARKDOWN_MARKS.sub("", line), TITLE_MAX_CHARS).rstrip(" :.")
        if plain:
            return plain
    return label(fallback)


def below_title(message: str) -> str:
    """What a message says besides its title; all of it when the title is cut."""
    head, _, rest = clean(message).strip().partition("\n")
    return message if title(head, "").endswith("…") and not head.endswith("…") else rest.strip("\n")


def moment(at: datetime) -> str:
    """A date that nobody can misread: "Tuesday, 24 November 2026, 15:00 UTC"."""
    if at.tzinfo is None:
        raise ValueError("a moment needs its zone")
    zone = "UTC" if at.utcoffset() == timedelta(0) else at.strftime("%Z")
    return f"{_DAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year}, {at.hour:02}:{at.minute:02} {zone}"


def due(at: datetime, now: datetime) -> str:
    """A moment ahead as people say it: "in 4 hours (Sunday 14:00 UTC)", with its date when it is far ahead."""
    minutes = max(1, round((at - now).total_seconds() / 60))
    number, unit = next(
        (round(minutes / size), unit) for unit, size in _UNITS if minutes >= size * _UNITS_OF_A_SMALLER_ONE or size == 1
    )
    _, _, clock = moment(at).rpartition(", ")
    day = _DAYS[at.weekday()]
    if at - now > _A_WEEKDAY_IS_CLEAR:
        day = f"{day}, {at.day} {_MONTHS[at.month - 1]},"
    return f"in {number} {unit}{'' if number == 1 else 's'} ({day} {clock})"


def web_address(url: str) -> str:
    """An address of the web as it is, and nothing else."""
    return one_line(url, 1_000) if url.startswith(("https://", "http://")) else ""


def choices(labels: Sequence[str]) -> str:
    """A list in a sentence: "Approved", "Rejected" or "Needs revision"."""
    quoted = [f"“{name}”" for name in labels]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}" if quoted else ""


def excerpt(text: str, max_chars: int = 2_000) -> str:
    """The beginning of a longer text, marked as such."""
    return text if len(text) <= max_chars else text[:max_chars].rstrip() + " …"


def paragraph(text: str) -> str:
    """One paragraph of prose, in lines that need no scrolling."""
    return wrap(" ".join(text.split()))


def wrap(text: str, indent: str = "", columns: int = TEXT_COLUMNS) -> str:
    """Prose in lines that need no scrolling; words and addresses stay whole."""
    paragraphs = (" ".join(part.split()) for part in text.split("\n"))
    return "\n".join(
        textwrap.fill(
            part,
            columns,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for part in paragraphs
    )


def wrap_markdown(source: str, columns: int = TEXT_COLUMNS) -> str:
    """Markdown source with its long prose lines wrapped; code and tables stay as they are."""
    lines: list[str] = []
    fence = ""
    for line in source.split("\n"):
        mark = line.lstrip()[:3]
        if mark in ("```", "~~~") and fence in ("", mark):
            fence = "" if fence else mark
        if fence or len(line) <= columns or mark.startswith(("|", "```", "~~~")) or line.startswith(("    ", "\t")):
            lines.append(line.rstrip())
            continue
        found = _LIST_ITEM.match(line)
        lead = found.group(0) if found else ""
        hanging = lead if lead.strip() == ">" else " " * len(lead)
        # A link stays whole, its words too: it can be clicked in most readers of plain text.
        whole = _LINK.sub(lambda link: link.group().replace(" ", "\0"), line[len(lead) :])
        lines += textwrap.wrap(
            whole,
            columns,
            initial_indent=lead,
            subsequent_indent=hanging,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines).replace("\0", " ").strip("\n")


def framed(text: str) -> str:
    """Words of the flow in the text of a mail, marked line by line, so that none can pass for ours."""
    return "\n".join(f"{FRAME_MARK} {line}".rstrip() for line in clean(text).strip("\n").split("\n"))
