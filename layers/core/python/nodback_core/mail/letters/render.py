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
from nodback_core.mail.letters.content import CONTENT_MAX_CHARS, MailContent, show
from nodback_core.mail.letters.kinds import (
    About,
    Asking,
    BlankReply,
    Branding,
    Confirmation,
    ConfirmReply,
    Escalated,
    ExpiredToken,
    Letter,
    Reminder,
    ReviewRequest,
    SignIn,
    TestMail,
    UnclearReply,
    UnreadableReply,
)
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
    kind = kind_of(letter)
    limit = CONTENT_MAX_CHARS
    while True:
        shown = _shown(letter, limit)
        values = _values(letter, shown)
        html = _template(f"{kind}/body.html").render(values)
        size = len(html.encode("utf-8", "replace"))
        if size <= HTML_MAX_BYTES or shown is None or shown.shown_chars < CONTENT_MIN_CHARS:
            break
        limit = max(CONTENT_MIN_CHARS, shown.shown_chars * HTML_MAX_BYTES * 9 // (size * 10))
    text = _template(f"{kind}/body.txt").render(values)
    return Rendered(
        subject=wording.one_line(_template(f"{kind}/subject.txt").render(values)),
        text=re.sub(r"[ \t]+\n", "\n", text).strip("\n") + "\n",
        html=html,
        attachment=_attachment(shown),
    )


def kind_of(letter: Letter) -> str:
    """The name of the letter's folder: `review_request` for `ReviewRequest`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(letter).__name__).lower()


def subject_of(about: About, branding: Branding) -> str:
    """The subject that all mails about one question of a flow share, so that mail readers keep them together."""
    topic = wording.title(about.message, about.method_name)
    return _prefixed(f"Review: {topic} · {wording.one_line(about.deployment_name, 60)}", branding)


def _test_subject(deployment_name: str, branding: Branding) -> str:
    return _prefixed(f"Test review · {wording.one_line(deployment_name, 60)}", branding)


def _prefixed(subject: str, branding: Branding) -> str:
    prefix = wording.one_line(branding.subject_prefix, 40)
    return f"{prefix} {subject}" if prefix else subject


def _request(letter: Letter) -> ReviewRequest | None:
    if isinstance(letter, Reminder | Escalated | ExpiredToken):
        return letter.request
    return letter if isinstance(letter, ReviewRequest) else None


def _shown(letter: Letter, limit: int) -> MailContent | None:
    request = _request(letter)
    return show(request.content, number=request.about.number, max_chars=limit) if request else None


def _attachment(shown: MailContent | None) -> Attachment | None:
    return shown.attachment if shown else None


def _asking(letter: Letter) -> Asking | None:
    if isinstance(letter, BlankReply | UnclearReply | UnreadableReply | ConfirmReply | TestMail):
        return letter.asking
    request = _request(letter)
    return request.asking if request else None


def _values(letter: Letter, shown: MailContent | None) -> dict[str, object]:
    """What the templates speak of."""
    request, asking = _request(letter), _asking(letter)
    branding = letter.branding
    values: dict[str, object] = {"letter": letter, "branding": branding, "shown": shown, "choices": ()}
    if isinstance(letter, TestMail):
        subject = _test_subject(letter.deployment_name, branding)
    elif isinstance(letter, SignIn):
        subject = f"Sign in to {wording.one_line(branding.sender_name, 60)}"
    else:
        about = letter.request.about if isinstance(letter, Reminder | Escalated | ExpiredToken) else letter.about
        is_test = isinstance(letter, Confirmation) and letter.is_test
        subject = _test_subject(about.deployment_name, branding) if is_test else subject_of(about, branding)
        values |= {
            "about": about,
            "topic": wording.title(about.message, about.method_name),
            "message_below": wording.below_title(about.message),
        }
    values |= {"subject": subject, "prefix": _prefixed("", branding)}
    if request:
        values["request"] = request
    if asking:
        values["asking"] = asking
        values["choices"] = tuple(
            Choice(
                label=wording.label(option),
                link=reply_link(address=asking.reply_address, subject=f"Re: {subject}", body=f"{option}\n"),
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
        "why_not_taken": sentences.why_not_taken,
        "part_of": sentences.part_of,
        "quoted": wording.choices,
        "dark_code": Markup(highlight_css(1)),  # noqa: S704  a constant
        "buttons_max": BUTTONS_MAX,
    }
    return environment
