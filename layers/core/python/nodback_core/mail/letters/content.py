"""Which part of the reviewed content a mail shows, and where the reader finds the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from nodback_core.mail.letters.compose import Attachment
from nodback_core.mail.letters.markdown import code_to_html, to_html
from nodback_core.mail.letters.parts import JsonValue
from nodback_core.mail.letters.wording import FRAME_MARK, TEXT_COLUMNS, clean, label, one_line, wrap_markdown

CONTENT_MAX_CHARS = 16_000  # more is no longer read in a mail, and Gmail clips at 102 KB of HTML
ATTACHMENT_MAX_CHARS = 1_000_000
CONTEXT_ROWS = 6
FRAME_COLUMNS = TEXT_COLUMNS - len(FRAME_MARK) - 1
CONTEXT_VALUE_CHARS = 160

_SECRET = re.compile(r"pass(?:word|phrase|wd)|secret|token|api_?key|credential|private|authori[sz]ation|cookie", re.I)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.M)


@dataclass(frozen=True)
class MailContent:
    """The content as a mail shows it; `attachment` is set when it is more than that."""

    html: str
    text: str
    preview: str
    shown_chars: int
    total_chars: int
    attachment: Attachment | None

    @property
    def in_part(self) -> bool:
        return self.shown_chars < self.total_chars


def show(content: JsonValue, *, number: int, max_chars: int = CONTENT_MAX_CHARS) -> MailContent | None:
    """The beginning of `content`, up to `max_chars` characters, as HTML and as text; None when there is nothing."""
    is_markdown = isinstance(content, str)
    whole = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False, default=str)
    whole = clean(whole).strip("\n")
    if content is None or not whole.strip():
        return None
    part = cut(whole, max_chars)
    attachment = None
    if len(part) < len(whole):
        attachment = Attachment(
            filename=f"review-{number}.{'md' if is_markdown else 'json'}",
            content_type="text/markdown" if is_markdown else "application/json",
            text=whole[:ATTACHMENT_MAX_CHARS],
        )
    return MailContent(
        html=to_html(part, "mail") if is_markdown else code_to_html(part, "json", "mail"),
        text=wrap_markdown(_closed(part), FRAME_COLUMNS) if is_markdown else part,
        preview=_preview(part),
        shown_chars=len(part),
        total_chars=len(whole),
        attachment=attachment,
    )


def cut(text: str, max_chars: int) -> str:
    """The beginning of a text, ended where it hurts least: at a paragraph, else a line, else a word."""
    if len(text) <= max_chars:
        return text
    head = text[:max_chars]
    for end in (head.rfind("\n\n"), head.rfind("\n"), head.rfind(" ")):
        if end > max_chars * 0.7:
            return head[:end].rstrip()
    return head


def context_of(state: JsonValue) -> tuple[tuple[str, str], ...]:
    """The few plain values of a flow's state that help a reader to know what they look at.

    Only short top-level values count; what sounds like a secret, and the state's own id, are left out.
    """
    if not isinstance(state, Mapping):
        return ()
    rows: list[tuple[str, str]] = []
    for name, value in state.items():
        plain = isinstance(value, str | int | float) and not isinstance(value, bool)
        if len(rows) == CONTEXT_ROWS or not plain or name == "id" or name.startswith("_") or _SECRET.search(name):
            continue
        text = str(value).strip()
        if text and "\n" not in text and len(text) <= CONTEXT_VALUE_CHARS:
            rows.append((label(name), one_line(text, CONTEXT_VALUE_CHARS)))
    return tuple(rows)


def _closed(part: str) -> str:
    """The part with its last code fence closed, so that what we write below it is not read as code."""
    fences = _FENCE.findall(part)
    return f"{part}\n{fences[-1]}" if len(fences) % 2 else part


def _preview(part: str) -> str:
    words = re.sub(r"^\s*(?:[#>|*+-]+|```\w*|\d+[.)])\s*|[*`|{}\[\]]|^-{3,}$", " ", part[:600], flags=re.M)
    return one_line(words, 140)
