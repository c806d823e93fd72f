"""A letter in words: subject, text and HTML from one set of templates and the same data.

Templates are compiled when a letter of their kind is first written; nothing is loaded at import.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from nodback_core.domain.reviews.options import match_option
from nodback_core.mail.letters import sentences, wording
from nodback_core.mail.letters.compose import Attachment, Rendered
from nodback_core.mail.letters.content import CONTENT_MAX_CHARS, FRAME_COLUMNS, MailContent, show
from nodback_core.mail.letters.kinds import Letter, SignInLetter, TestMail, asking_of, request_in
from nodback_core.mail.letters.mailto import reply_link
from nodback_core.version import PRODUCT

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

HTML_MAX_BYTES = 72_000  # Gmail clips at 102 KB; base 64 and its line ends make 99 KB of it
BUTTONS_MAX = 12
CONTENT_MIN_CHARS = 500
MESSAGE_MAX_CHARS = 4_000
MESSAGE_HTML_MAX_CHARS = 20_000

_LETTERS = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Choice:
    """One option as the reader sees it, with the link that answers it."""

    label: str
    link: str


def render(letter: Letter) -> Rendered:
    """The letter's subject, text and HTML, and the whole content as a file when the mail shows a part of it.

    The shown part is shortened until the HTML stays below `HTML_MAX_BYTES`.
    """
    limit = CONTENT_MAX_CHARS
    while True:
        shown = _shown(letter, limit)
        values = _values(letter, shown)
        html = _template(f"{letter.kind}/body.html").render(values)
        size = len(html.encode("utf-8", "replace"))
        if size <= HTML_MAX_BYTES or shown is None or shown.shown_chars < CONTENT_MIN_CHARS:
            break
        limit = max(CONTENT_MIN_CHARS, shown.shown_chars * HTML_MAX_BYTES * 9 // (size * 10))
    text = _template(f"{letter.kind}/body.txt").render(values)
    return Rendered(
        subject=wording.one_line(_template(f"{letter.kind}/subject.txt").render(values)),
        text=re.sub(r"[ \t]+\n", "\n", text).strip("\n") + "\n",
        html=html,
        attachment=_attachment(shown),
    )


def _shown(letter: Letter, limit: int) -> MailContent | None:
    request = request_in(letter)
    return show(request.content, number=request.about.number, max_chars=limit) if request else None


def _attachment(shown: MailContent | None) -> Attachment | None:
    return shown.attachment if shown else None


def _values(letter: Letter, shown: MailContent | None) -> dict[str, object]:
    """What the templates speak of."""
    values: dict[str, object] = {
        "letter": letter,
        "branding": letter.branding,
        "subject": letter.subject,
        "shown": shown,
        "choices": (),
    }
    if not isinstance(letter, TestMail | SignInLetter):
        values |= {"about": letter.about, "message_below": wording.below_title(letter.about.message)}
    if request := request_in(letter):
        values["request"] = request
    if asking := asking_of(letter):
        values["asking"] = asking
        values["choices"] = tuple(
            Choice(
                label=wording.label(option),
                link=reply_link(address=asking.reply_address, subject=f"Re: {letter.subject}", body=f"{option}\n"),
            )
            for option in asking.options
        )
    return values


def _says(feedback: str, outcome: str | None) -> bool:
    """Whether the feedback is the outcome in the reader's spelling, so that showing both would say it twice."""
    return outcome is not None and match_option(feedback, [outcome]) is not None


def _message_html(text: str) -> Markup:
    from markupsafe import Markup, escape

    from nodback_core.mail.letters.markdown import to_html

    html = to_html(text[:MESSAGE_MAX_CHARS], "mail")
    if len(html) > MESSAGE_HTML_MAX_CHARS:  # a wide table can make forty characters of one
        return escape(text[:MESSAGE_MAX_CHARS])
    return Markup(html)  # noqa: S704  sanitised


@lru_cache(maxsize=64)
def _template(name: str) -> Template:
    return _environment().get_template(name)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
    from markupsafe import Markup

    from nodback_core.mail.letters.highlight import highlight_css

    environment = Environment(
        loader=FileSystemLoader(_LETTERS),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "label": wording.label,
        "line": wording.one_line,
        "moment": wording.moment,
        "wrap": wording.wrap,
        "para": wording.paragraph,
        "excerpt": wording.excerpt,
        "clean": wording.clean,
        "web": wording.web_address,
        "trusted": Markup,
        "framed": wording.framed,
        "markdown": _message_html,
    }
    environment.tests["answer"] = _says
    environment.globals |= {
        "product": PRODUCT,
        "how_to_answer": sentences.how_to_answer,
        "on_top": sentences.on_top,
        "what_happens": sentences.what_happens,
        "why_this_mail": sentences.why_this_mail,
        "notice_of": sentences.notice_of,
        "frame_columns": FRAME_COLUMNS,
        "why_not_taken": sentences.why_not_taken,
        "why_not_proved": sentences.why_not_proved,
        "way_out_of": sentences.way_out_of,
        "part_of": sentences.part_of,
        "quoted": wording.choices,
        "dark_code": Markup(highlight_css(1)),  # noqa: S704  a constant
        "buttons_max": BUTTONS_MAX,
    }
    return environment
