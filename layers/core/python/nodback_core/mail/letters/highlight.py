"""Code in colour, made on the server: Pygments' tokens as a handful of classes of our own."""

from __future__ import annotations

import html
from collections.abc import Iterable

HIGHLIGHT_MAX_CHARS = 20_000
HIGHLIGHT_MAX_LINE_CHARS = 2_000  # lexers are regular expressions; a long line is where they are slow

# class: what it marks, colour on light, colour on dark. All pass 4.5:1 on the code background of their scheme.
COLOURS: dict[str, tuple[str, str]] = {
    "hl-c": ("#5d6671", "#9aa4b0"),  # comment
    "hl-k": ("#8430a8", "#d2a8ff"),  # keyword
    "hl-s": ("#1d6b3a", "#8fd6a4"),  # string
    "hl-n": ("#0b5394", "#8cc0f5"),  # number, constant
    "hl-f": ("#9a4a00", "#f2b880"),  # function, class, attribute, tag
    "hl-i": ("#1d6b3a", "#8fd6a4"),  # inserted
    "hl-d": ("#a3262a", "#f5a3a3"),  # deleted
}

# A closed set: each lexer is code that runs on text of strangers.
LANGUAGES: dict[str, str] = {
    "python": "python", "py": "python", "json": "json", "yaml": "yaml", "yml": "yaml", "toml": "toml", "ini": "ini",
    "bash": "bash", "sh": "bash", "shell": "bash", "sql": "sql", "javascript": "javascript", "js": "javascript",
    "typescript": "typescript", "ts": "typescript", "html": "html", "xml": "xml", "css": "css", "diff": "diff",
    "java": "java", "kotlin": "kotlin", "go": "go", "rust": "rust", "c": "c", "cpp": "cpp", "c++": "cpp",
    "csharp": "csharp", "cs": "csharp", "ruby": "ruby", "rb": "ruby", "php": "php", "swift": "swift",
    "dockerfile": "docker", "hcl": "terraform", "terraform": "terraform", "graphql": "graphql", "r": "r",
}  # fmt: skip


def highlight(code: str, language: str, *, inline: bool) -> str:
    """HTML of `code`, escaped, with its tokens in spans; without spans where the language is unknown or it is too big.

    Args:
        inline: also write the light colour into each span, for mail readers that drop style sheets.
    """
    name = LANGUAGES.get(language.strip().lower())
    too_long = len(code) > HIGHLIGHT_MAX_CHARS or any(len(line) > HIGHLIGHT_MAX_LINE_CHARS for line in code.split("\n"))
    if name is None or too_long:
        return html.escape(code)
    return "".join(_span(kind, text, inline=inline) for kind, text in _merged(_tokens(code, name)))


def highlight_css(scheme: int = 0) -> str:
    """The rules for the classes: `scheme` 0 is light, 1 is dark."""
    return "".join(f".{name}{{color:{colours[scheme]}!important}}" for name, colours in COLOURS.items())


def span_style(kind: str) -> str:
    """The inline style of a span of this class."""
    return f"color:{COLOURS[kind][0]}"


def _tokens(code: str, name: str) -> Iterable[tuple[str, str]]:
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]  # ships no types
    from pygments.token import Token  # type: ignore[import-untyped]  # ships no types

    kinds = (
        (Token.Comment, "hl-c"),
        (Token.Keyword.Constant, "hl-n"),
        (Token.Keyword, "hl-k"),
        (Token.Operator.Word, "hl-k"),
        (Token.Name.Function, "hl-f"),
        (Token.Name.Class, "hl-f"),
        (Token.Name.Decorator, "hl-f"),
        (Token.Name.Attribute, "hl-f"),
        (Token.Name.Tag, "hl-f"),
        (Token.Literal.String, "hl-s"),
        (Token.Literal, "hl-n"),
        (Token.Generic.Inserted, "hl-i"),
        (Token.Generic.Deleted, "hl-d"),
        (Token.Generic.Heading, "hl-f"),
        (Token.Generic.Subheading, "hl-f"),
    )
    known: dict[object, str] = {}
    for token, text in get_lexer_by_name(name, stripnl=False, ensurenl=False).get_tokens(code):
        if token not in known:
            known[token] = next((kind for parent, kind in kinds if token in parent), "")
        yield known[token], text


def _merged(tokens: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    kind, text = "", ""
    for next_kind, next_text in tokens:
        if next_kind == kind or not next_text.strip():
            text += next_text
        else:
            yield kind, text
            kind, text = next_kind, next_text
    yield kind, text


def _span(kind: str, text: str, *, inline: bool) -> str:
    if not kind or not text:
        return html.escape(text)
    style = f' style="{span_style(kind)}"' if inline else ""
    return f'<span class="{kind}"{style}>{html.escape(text)}</span>'
