"""The lines of a mail of ours, as a reply may quote them: what its reader did not write."""

from __future__ import annotations

from html.parser import HTMLParser

from nodback_core.mail.letters.compose import Rendered
from nodback_core.mail.letters.wording import FRAME_MARK

BULLETS = ("* ", "- ", "• ")
_BLOCKS = frozenset(
    {
        "p", "div", "td", "th", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "br", "hr",
        "table", "thead", "tbody", "ul", "ol", "body", "title", "style", "head",
    }
)  # fmt: skip
_UNSEEN = frozenset({"head", "style", "title"})
_FILLING = str.maketrans("", "", "\u034f\u200c")  # what keeps the preview in an inbox short


def own_lines(rendered: Rendered) -> tuple[str, ...]:
    """Every line that the mail shows: first those that only the HTML part has, then the text part's, in their order.

    Mail programs quote the part that they showed, and some without any mark. The text's last line comes last, since
    it ends the quote of either part.
    """
    text = [line.strip() for line in rendered.text.split("\n") if line.strip()]
    # A program that quotes the HTML part shows a list of the flow's with its bullets and without our mark.
    framed = [line.removeprefix(FRAME_MARK).strip() for line in text if line.startswith(FRAME_MARK)]
    known = set(text)
    reader = _Reader()
    reader.feed(rendered.html)
    reader.close()
    others = dict.fromkeys((*reader.lines(), *(line for line in framed if line[:2] in BULLETS)))
    return (*(line for line in others if line not in known), *text)


class _Reader(HTMLParser):
    """Reads the visible lines of HTML that this package wrote."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._unseen = 0

    def lines(self) -> list[str]:
        lines = (" ".join(line.translate(_FILLING).split()) for line in "".join(self._pieces).split("\n"))
        return list(dict.fromkeys(line for line in lines if line))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  the parser's
        self._unseen += tag in _UNSEEN
        if tag in _BLOCKS:
            self._pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN
        if tag in _BLOCKS:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._pieces.append(data)
