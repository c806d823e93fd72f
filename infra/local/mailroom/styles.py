"""How well-known mail clients write a reply, in text and in HTML.

Written from replies that these clients sent in 2025; each keeps what matters to a reader of replies: where the answer
stands, how the quote begins, what marks it, and what the client adds by itself.
"""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from types import MappingProxyType
from typing import Final
from uuid import UUID


@dataclass(frozen=True)
class Original:
    """The mail that is answered, as a quote shows it."""

    name: str
    address: str
    to: str
    subject: str
    date: datetime
    message_id: str
    text: str
    html: str


@dataclass(frozen=True)
class Bodies:
    text: str
    html: str = ""


MICROSOFT_SIGNS: Final = "From:Date:Subject:Message-ID:Content-Type:MIME-Version"
"""What Microsoft 365 signs by default: not To, so SPF must vouch for it."""


@dataclass(frozen=True)
class Style:
    """One mail client."""

    title: str
    bodies: Callable[[str, Original | None], Bodies]
    message_id: Callable[[bytes, str], str]
    headers: tuple[tuple[str, str], ...] = ()
    reply_prefix: str = "Re:"
    flowed: bool = False
    quotes: bool = True
    signs: str = "from:to:cc:subject:date:message-id:in-reply-to:references:mime-version"
    """The headers that a DKIM signature of this client's usual provider covers."""


def _paragraphs(text: str, tag: str = "div", attributes: str = "") -> str:
    opening = f"<{tag}{attributes}>"
    return "".join(f"{opening}{escape(line) or '<br>'}</{tag}>" for line in text.split("\n"))


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() if not line.startswith(">") else f">{line}" for line in text.split("\n"))


def _day(date: datetime, form: str) -> str:
    return date.strftime(form).replace(" 0", " ")


def _plain(answer: str, original: Original | None) -> Bodies:  # noqa: ARG001 (every style has this shape)
    return Bodies(answer)


def _gmail(answer: str, original: Original | None) -> Bodies:
    html = f'<div dir="ltr">{_paragraphs(answer)}</div>'
    if original is None:
        return Bodies(answer + "\n", html)
    # Gmail puts a narrow no-break space before AM and PM.
    when = _day(original.date, "%a, %b %d, %Y at %I:%M\u202f%p")
    attribution = f"On {when} {original.name} <{original.address}> wrote:"
    text = f"{answer}\n\n" + "\n".join(textwrap.wrap(attribution, 78)) + f"\n\n{_quoted(original.text)}\n"
    address = escape(original.address)
    html += (
        '<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        f'On {when} {escape(original.name)} &lt;<a href="mailto:{address}">{address}</a>&gt; wrote:<br></div>'
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);'
        f'padding-left:1ex">{original.html}</blockquote></div>'
    )
    return Bodies(text, html)


def _outlook_desktop(answer: str, original: Original | None) -> Bodies:
    text = answer
    block = ""
    if original is not None:
        fields = _outlook_fields(original, "%A, %B %d, %Y %I:%M %p")
        lines = "\n".join(f"{name}: {value}" for name, value in fields)
        text = f"{answer}\n\n{lines}\n\n{original.text}\n"
        shown = "<br>".join(f"<b>{name}:</b> {escape(value)}" for name, value in fields)
        block = (
            '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
            f'<p class="MsoNormal"><span lang="EN-US">{shown}<o:p></o:p></span></p></div></div>'
            f'<p class="MsoNormal"><o:p>&nbsp;</o:p></p>{original.html}'
        )
    html = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns="http://www.w3.org/TR/REC-html40"><head>'
        '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
        '<meta name="Generator" content="Microsoft Word 15 (filtered medium)">'
        '<style><!-- p.MsoNormal {margin:0cm;font-size:11.0pt;font-family:"Aptos",sans-serif;} --></style></head>'
        '<body lang="EN-US" style="word-wrap:break-word"><div class="WordSection1">'
        + _paragraphs(answer, "p", ' class="MsoNormal"').replace("<br>", "<o:p>&nbsp;</o:p>")
        + f'<p class="MsoNormal"><o:p>&nbsp;</o:p></p>{block}</div></body></html>'
    )
    return Bodies(text, html)


def _outlook_web(answer: str, original: Original | None) -> Bodies:
    text = answer
    face = 'style="font-family: Aptos, Calibri, sans-serif; font-size: 12pt; color: rgb(0, 0, 0);"'
    html = "<html><head></head><body>" + _paragraphs(answer, "div", f' class="elementToProof" {face}')
    if original is not None:
        fields = _outlook_fields(original, "%A, %B %d, %Y %I:%M %p")
        lines = "\n".join(f"{name}: {value}" for name, value in fields)
        text = f"{answer}\n{'_' * 32}\n{lines}\n\n{original.text}\n"
        shown = "<br>".join(f"<b>{name}:</b>&nbsp;{escape(value)}" for name, value in fields)
        html += (
            '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
            '<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt" '
            f'color="#000000">{shown}</font><div>&nbsp;</div></div>{original.html}'
        )
    return Bodies(text, html + "</body></html>")


def _outlook_fields(original: Original, form: str) -> list[tuple[str, str]]:
    return [
        ("From", f"{original.name} <{original.address}>"),
        ("Sent", _day(original.date, form)),
        ("To", original.to),
        ("Subject", original.subject),
    ]


def _apple(answer: str, original: Original | None, *, signature: str = "") -> Bodies:
    signed = f"{answer}\n\n{signature}" if signature else answer
    sign_html = f'<div dir="ltr"><br>{escape(signature)}</div>' if signature else ""
    html = f'<html><body dir="auto" style="overflow-wrap: break-word;">{_paragraphs(answer)}{sign_html}'
    if original is None:
        return Bodies(signed + "\n", html + "</body></html>")
    attribution = f"On {_day(original.date, '%b %d, %Y, at %I:%M %p')}, {original.name} <{original.address}> wrote:"
    text = f"{signed}\n\n> {attribution}\n>\n{_quoted(original.text)}\n"
    html += (
        f'<div><br><blockquote type="cite"><div>{escape(attribution)}</div><br class="Apple-interchange-newline">'
        f"<div>{original.html}</div></blockquote></div><br></body></html>"
    )
    return Bodies(text, html)


def _iphone(answer: str, original: Original | None) -> Bodies:
    return _apple(answer, original, signature="Sent from my iPhone")


def _thunderbird(answer: str, original: Original | None) -> Bodies:
    """Thunderbird's default: the answer stands below the quote."""
    head = '<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head><body>'
    if original is None:
        return Bodies(answer + "\n", head + _paragraphs(answer, "p") + "</body></html>")
    attribution = f"On {original.date.strftime('%d/%m/%Y %H:%M')}, {original.name} wrote:"
    text = f"{attribution}\n{_quoted(original.text)}\n\n{answer}\n"
    html = (
        f'{head}<div class="moz-cite-prefix">{escape(attribution)}<br></div>'
        f'<blockquote type="cite" cite="mid:{escape(original.message_id)}">{original.html}</blockquote>'
        + _paragraphs(answer, "p")
        + "</body></html>"
    )
    return Bodies(text, html)


def _gmail_id(unique: bytes, domain: str) -> str:  # noqa: ARG001 (every client has this shape)
    return f"<CA{base64.urlsafe_b64encode(unique * 3)[:48].decode()}@mail.gmail.com>"


def _outlook_id(unique: bytes, domain: str) -> str:  # noqa: ARG001
    return f"<AM0PR08MB{unique.hex().upper()}@AM0PR08MB0000.eurprd08.prod.outlook.com>"


def _uuid_id(unique: bytes, domain: str) -> str:
    return f"<{str(UUID(bytes=unique)).upper()}@{domain}>"


def _lower_uuid_id(unique: bytes, domain: str) -> str:
    return _uuid_id(unique, domain).lower()


_OUTLOOK_HEADERS: Final = (("Accept-Language", "en-US"), ("Content-Language", "en-US"), ("X-MS-Has-Attach", ""))

STYLES: Final[Mapping[str, Style]] = MappingProxyType(
    {
        "gmail": Style("Gmail", _gmail, _gmail_id),
        "outlook-desktop": Style(
            "Outlook desktop",
            _outlook_desktop,
            _outlook_id,
            (("X-Mailer", "Microsoft Outlook 16.0"), *_OUTLOOK_HEADERS),
            reply_prefix="RE:",
            signs=MICROSOFT_SIGNS,
        ),
        "outlook-web": Style("Outlook web", _outlook_web, _outlook_id, _OUTLOOK_HEADERS, signs=MICROSOFT_SIGNS),
        "apple-mail": Style("Apple Mail", _apple, _uuid_id, (("X-Mailer", "Apple Mail (2.3826.200.121)"),)),
        "thunderbird": Style(
            "Thunderbird", _thunderbird, _lower_uuid_id, (("User-Agent", "Mozilla Thunderbird"),), flowed=True
        ),
        "iphone": Style("iPhone", _iphone, _uuid_id, (("X-Mailer", "iPhone Mail (22A3354)"),)),
        "plain": Style("Plain text, no quote", _plain, _lower_uuid_id, quotes=False),
    }
)
