"""Reading a reply: what the reviewer typed, without quotes, signatures, banners and what programs append.

Sent-aware: we know the mail that is being answered, so its lines, its sender's name and its reply address tell
quoted text in any language; the tables of `words.py` come second. Everything is bounded, nothing backtracks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from nodback_core.domain.replies.quotes import Quote, SentMail, is_quoted, next_quote
from nodback_core.domain.replies.signatures import typed
from nodback_core.domain.replies.text import CUT_MARK, MAX_LINE_CHARACTERS, bounded_lines, is_blank

__all__ = ["MAX_REPLY_LINES", "Reply", "SentMail", "read_reply"]

MAX_REPLY_LINES = 200


@dataclass(frozen=True)
class Reply:
    """What a reviewer typed; both are "" when the reply is blank.

    first_line: decides. text: the whole visible reply.
    """

    first_line: str
    text: str


def read_reply(body: str, sent: SentMail, *, writer: str = "") -> Reply:
    """The visible reply in the text of a mail.

    Answers above, below and between marked quotes are read. Below an unmarked quote only what follows the last line
    that we sent is read, and nothing at all below copied mail headers: there, our own options cannot be told from an
    answer, and asking again beats guessing. A reply without a letter, a digit or an emoji is blank.

    body: the mail as text, at most 64 kB of it are read. writer: the sender's display name, which often is the
    whole signature.
    """
    lines = bounded_lines(body)
    kept: list[str] = []
    begin = 0
    while begin < len(lines):
        quote = next_quote(lines, begin, sent)
        stretch = lines[begin : quote.start if quote else len(lines)]
        if begin > 0:
            stretch = _without_ours(lines[begin - 1], stretch, sent)
        shown = typed(stretch, writer=writer, is_top=not kept)
        kept += (["", *shown] if kept else shown) if shown else []
        if quote is None or len(kept) > MAX_REPLY_LINES:
            break
        begin = quote.end if quote.is_marked else _below_unmarked(lines, quote, sent, is_empty=not kept)
    return _reply(kept)


def _below_unmarked(lines: Sequence[str], quote: Quote, sent: SentMail, *, is_empty: bool) -> int:
    """Where reading goes on below a quote whose lines bear no marks."""
    if quote.is_headed:
        # Not knowing what was sent, copied headers on top may be the writer's own.
        return quote.end if is_empty and not sent.lines else len(lines)
    ends = [place for place in range(quote.end, len(lines)) if sent.ends_with(lines[place])]
    return ends[-1] + 1 if ends else len(lines)


def _without_ours(above: str, stretch: list[str], sent: SentMail) -> list[str]:
    """Below a quote, a line may be ours though it lost its mark: the rest of a wrapped one, or an entry of a list."""
    if stretch and is_quoted(above) and sent.is_wrapped(above, stretch[0]):
        stretch = stretch[1:]
    return [line for line in stretch if not sent.lists(line)]


def _reply(kept: Sequence[str]) -> Reply:
    lines = [line.rstrip() for line in kept]
    first = next((line.strip() for line in lines if not is_blank(line)), "")
    if not first:
        return Reply("", "")
    if len(lines) > MAX_REPLY_LINES:
        lines = [*lines[:MAX_REPLY_LINES], CUT_MARK.strip()]
    text = "\n".join(line for place, line in enumerate(lines) if line or (place and lines[place - 1]))
    return Reply(first[: MAX_LINE_CHARACTERS + len(CUT_MARK)], text.strip())
