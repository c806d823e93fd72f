"""Markdown of strangers as HTML that is safe to show: the ONE path, for mail and for the dashboard.

Three walls, each of which would do alone for most attacks: the parser passes no HTML (`js-default`), images become
words and styles come from a closed list, and nh3 lets through named tags, attributes, schemes and values only.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from nodback_core.mail.letters.highlight import COLOURS, highlight, span_style
from nodback_core.mail.letters.wording import clean, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    import nh3
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Look: TypeAlias = Literal["mail", "dashboard"]

MARKDOWN_MAX_CHARS = 100_000  # the worst text of that length takes about two seconds
DESTINATION_MAX_CHARS = 300
NESTING_MAX = 20  # the time for brackets grows with its square

_MONO = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace"
_CELL = "border:1px solid #dcdbd5;padding:7px 11px;vertical-align:top;word-break:normal;overflow-wrap:break-word"
# Inline, since many mail readers drop style sheets; colours that must turn in dark mode are few.
_STYLES: dict[str, str] = {
    "p": "margin:0 0 16px",
    "h1": "margin:28px 0 12px;font-size:22px;line-height:1.3;font-weight:650",
    "h2": "margin:26px 0 10px;font-size:19px;line-height:1.35;font-weight:650",
    "h3": "margin:22px 0 8px;font-size:16px;line-height:1.4;font-weight:650",
    "h4": "margin:20px 0 8px;font-size:15px;line-height:1.4;font-weight:650",
    "h5": "margin:20px 0 8px;font-size:15px;line-height:1.4;font-weight:650",
    "h6": "margin:20px 0 8px;font-size:15px;line-height:1.4;font-weight:650",
    "ul": "margin:0 0 16px;padding-inline-start:24px",
    "ol": "margin:0 0 16px;padding-inline-start:24px",
    "li": "margin:0 0 5px",
    "blockquote": "margin:0 0 16px;padding:1px 0 0 16px;border-left:3px solid #cfcec6;color:#5c5b55",
    "hr": "border:0;border-top:1px solid #dcdbd5;margin:26px 0",
    "table": "border-collapse:collapse;margin:0 0 16px;font-size:14px;line-height:1.45",
    "th": f"{_CELL};text-align:left;font-weight:650;background:#f4f3ef",
    "td": _CELL,
    "a": "color:#0b5f58;text-decoration:underline",
    "pre": f"margin:0 0 16px;padding:13px 15px;background:#f4f3ef;border-radius:7px;font-size:13px;line-height:1.55;"
    f"white-space:pre-wrap;word-wrap:break-word;{_MONO}",
    "code": f"background:#f4f3ef;border-radius:4px;padding:1px 5px;font-size:0.9em;{_MONO}",
}


def _at_top(style: str) -> str:
    """The style of what stands first: what is around it has space enough."""
    return re.sub(r"margin:\d+px", "margin:0", style)


_ALIGNMENTS = ("left", "right", "center")
_SCROLL = "overflow-x:auto"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")

_TAGS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "span", "div",
    "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "a",
}  # fmt: skip
_SCHEMES = {"http", "https"}
_CLASSES = frozenset({*COLOURS, "scroll", *(f"align-{side}" for side in _ALIGNMENTS)})
_SAFE_STYLES = frozenset(
    {*_STYLES.values(), *map(_at_top, _STYLES.values()), *map(span_style, COLOURS), _SCROLL}
    | {f"{_STYLES[tag]};text-align:{side}" for tag in ("th", "td") for side in _ALIGNMENTS}
)


def to_html(source: str, look: Look) -> str:
    """Safe HTML of Markdown text; what passes `MARKDOWN_MAX_CHARS` is not shown, what nests too deep is shown as code.

    Args:
        look: "mail" writes styles into the elements, "dashboard" leaves them to the page's style sheet.
    """
    text = clean(source[:MARKDOWN_MAX_CHARS])
    tokens = _parser().parse(text)
    if any(token.level >= NESTING_MAX - 1 for token in tokens):
        return code_to_html(text, "", look)  # the parser drops what is deeper, and a review hides nothing
    inline, turns = look == "mail", _RIGHT_TO_LEFT.search(text) is not None
    for place, token in enumerate(tokens):
        _prepare(token, inline=inline)
        if inline and place == 0 and token.tag.startswith("h"):
            token.attrSet("style", _at_top(_STYLES[token.tag]))
        if token.nesting == 1 and turns:
            token.attrSet("dir", "auto")
        _make_safe(token.children or (), inline=inline)
        token.children = _with_destinations(token.children or (), named=inline) if token.children else token.children
    html = _parser().renderer.render(tokens, _parser().options, {})
    scroll = f'style="{_SCROLL}"' if inline else 'class="scroll"'
    # Text is escaped by now and code is in blocks of ours, so that these tags are the renderer's own.
    html = html.replace("<table", f"<div {scroll}><table").replace("</table>", "</table></div>")
    return sanitise(html)


def code_to_html(code: str, language: str, look: Look) -> str:
    """Safe HTML of a block of code."""
    return sanitise(_code_block(clean(code[:MARKDOWN_MAX_CHARS]), language, inline=look == "mail"))


def sanitise(html: str) -> str:
    """The last wall: only what is named here comes out, whatever went in."""
    return _cleaner().clean(html)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Reviewers see line breaks where the author made them, as in other tools that show messages.
    return MarkdownIt("js-default", {"breaks": True, "maxNesting": NESTING_MAX}).enable(["table", "strikethrough"])


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    import nh3

    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href"}, "ol": {"start"}, "*": {"style", "class", "dir"}},
        attribute_filter=_safe_value,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _safe_value(_tag: str, attribute: str, value: str) -> str | None:
    match attribute:
        case "style":
            return value if value in _SAFE_STYLES else None
        case "class":
            return value if value in _CLASSES else None
        case "dir":
            return value if value == "auto" else None
        case "start":
            return value if value.isascii() and value.isdigit() and len(value) < 10 else None
        case "href":  # nh3 passes relative links, which lead nowhere in a mail and anywhere on a dashboard
            return value if value.lower().startswith(tuple(f"{scheme}:" for scheme in _SCHEMES)) else None
    return value


def _prepare(token: Token, *, inline: bool) -> None:
    """Gives a block its style, and turns code blocks into highlighted ones."""
    if token.type in ("fence", "code_block"):
        language = token.info.split()[0] if token.info.split() else ""
        token.content = _code_block(token.content, language, inline=inline)
        token.type = "html_block"
    elif token.nesting >= 0 and token.tag in _STYLES:
        _style(token, inline=inline)


def _make_safe(children: Sequence[Token], *, inline: bool) -> None:
    """Styles the parts of a line; an image becomes words, so that opening a review loads nothing from anywhere."""
    for child in children:
        if child.type == "image":
            alternative = "".join(part.content for part in child.children or ()).strip()
            child.type, child.tag, child.children = "text", "", None
            child.content = f"[image: {alternative}]" if alternative else "[image]"
        elif child.nesting >= 0 and child.tag in _STYLES:
            _style(child, inline=inline)


def _with_destinations(children: Sequence[Token], *, named: bool) -> list[Token]:
    """The parts of a line; a link to write a mail becomes words, and a named one says where it leads.

    Only our own buttons write mails, so that nothing else can look like one.
    """
    from markdown_it.token import Token

    shown: list[Token] = []
    opened, target = 0, ""
    for child in children:
        if child.type == "link_open":
            opened, target = len(shown), str(child.attrGet("href") or "")
        is_mail = target.lower().startswith("mailto:")
        if child.type not in ("link_open", "link_close") or not is_mail:
            shown.append(child)
        if child.type == "link_close":
            words = "".join(part.content for part in shown[opened:])
            place = one_line(target[len("mailto:") :] if is_mail else target, DESTINATION_MAX_CHARS)
            is_said = place in words if is_mail else words.strip() == place or not named
            if not is_said:
                shown.append(Token("text", "", 0, content=f" ({place})" if words.strip() else place))
            target = ""
    return shown


def _style(token: Token, *, inline: bool) -> None:
    alignment = str(token.attrGet("style") or "").removeprefix("text-align:")
    token.attrs = {name: value for name, value in token.attrs.items() if name in ("href", "start")}
    if inline:
        base = _STYLES[token.tag]
        token.attrSet("style", f"{base};text-align:{alignment}" if alignment in _ALIGNMENTS else base)
    elif alignment in _ALIGNMENTS:  # a class, since a page with a strict content policy ignores inline styles
        token.attrSet("class", f"align-{alignment}")


def _code_block(code: str, language: str, *, inline: bool) -> str:
    style = f' style="{_STYLES["pre"]}"' if inline else ""
    return f"<pre{style}>{highlight(code.rstrip(), language, inline=inline)}</pre>\n"
