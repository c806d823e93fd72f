"""The text of a mail as lines that are safe to look at: bounded, without invisible characters."""

import re
import unicodedata

MAX_BODY_CHARACTERS = 64 * 1024
MAX_BODY_LINES = 2_000
MAX_LINE_CHARACTERS = 1_000
# A cut line must not read like a whole one: "approved", many spaces and "not" is not "approved".
CUT_MARK = " [cut]"

_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\u2800\u3164\ufeff\uffa0\ufff9-\ufffc\ud800-\udfff]"
)
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_WORDLIKE = re.compile(r"[^\W_]")
_WORDS = re.compile(r"[^\W_]+")


def bounded_lines(body: str) -> list[str]:
    """The lines of a body: at most 64 kB, 2,000 lines, 1,000 characters a line, nothing invisible."""
    text = _LINE_ENDS.sub("\n", body[:MAX_BODY_CHARACTERS])
    text = _INVISIBLE.sub("", text)
    if not text.isascii():
        text = _SPACES.sub(" ", text)
    return [
        line if len(line) <= MAX_LINE_CHARACTERS else line[:MAX_LINE_CHARACTERS] + CUT_MARK
        for line in text.split("\n", MAX_BODY_LINES)[:MAX_BODY_LINES]
    ]


def is_blank(line: str) -> bool:
    """Whether a line says nothing: no letter, no digit, no emoji. "👍" says something, "..." and "-----" do not."""
    if _WORDLIKE.search(line):
        return False
    return line.isascii() or not any(_is_picture(character) for character in line)


def folded(line: str) -> str:
    """A line as it is compared with the words of `reply_words`."""
    return " ".join(line.casefold().split())


def words(line: str) -> str:
    """A line as it is compared with what we sent: its words alone, whatever quoting and wrapping added."""
    return " ".join(_WORDS.findall(line.casefold()))


def _is_picture(character: str) -> bool:
    # Box drawing, blocks and geometric shapes are only rulers and bullets.
    return unicodedata.category(character) == "So" and not "\u2500" <= character <= "\u25ff" and character != "\ufffd"
