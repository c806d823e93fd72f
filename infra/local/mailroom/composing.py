"""Composes the replies that real mail clients would send: their headers, their quoting, their HTML."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from infra.local.mailroom.addresses import first_address, only_address
from infra.local.mailroom.mailbox import StoredMail
from infra.local.mailroom.reading import Content
from infra.local.mailroom.styles import STYLES, Bodies, Original, Style

SENDING: Final = policy.SMTP.clone(cte_type="7bit", max_line_length=76)
# Clients keep a Message-ID on one line, however long it is.
ON_THE_WIRE: Final = SENDING.clone(max_line_length=200)


@dataclass(frozen=True)
class Draft:
    """A reply as a person wrote it, before a mail client turns it into a mail.

    `as_new` is what pressing a `mailto:` button gives: a new mail to that address, with neither quote nor threading.
    """

    text: str
    sender: str
    to: str
    subject: str
    style: str = "gmail"
    quote: bool = True
    as_new: bool = False


class BadDraft(ValueError):
    """A draft that cannot become a mail."""


def draft_reply(mail: StoredMail, text: str = "", *, sender: str = "", style: str = "gmail") -> Draft:
    """The draft that a mail client opens for "Reply": from the recipient of the mail, to its address for answers."""
    return Draft(
        text=text,
        sender=sender or (mail.to if len(mail.recipients) == 1 and mail.to else mail.recipients[0]),
        to=mail.answer_address,
        subject=reply_subject(mail.subject, style),
        style=style,
    )


def reply_subject(subject: str, style: str = "gmail") -> str:
    """Subject with one reply prefix, as the client writes it."""
    if subject[:3].lower() == "re:":
        return subject
    return f"{STYLES[style].reply_prefix if style in STYLES else 'Re:'} {subject}"


def compose(
    draft: Draft, original: StoredMail, content: Content, *, now: datetime, random_bytes: Callable[[int], bytes]
) -> bytes:
    """Make the mail: 7-bit, with the client's own headers; raises `BadDraft` for what cannot be sent."""
    style = STYLES.get(draft.style)
    if style is None:
        raise BadDraft(f"there is no mail client {draft.style!r}; choose one of {', '.join(STYLES)}")
    if any(line_end in text for text in (draft.sender, draft.to) for line_end in "\r\n"):
        raise BadDraft("a line end cannot stand in a mail header")
    name, address = only_address(draft.sender)
    domain = address.rpartition("@")[2]
    if not address or not only_address(draft.to).address:
        raise BadDraft("a mail wants one sender and one recipient, each like somebody@example.com")
    message = EmailMessage(policy=SENDING)
    message["DKIM-Signature"] = _signature(style, domain, now, random_bytes)
    try:
        message["From"] = Address(name, addr_spec=address)
        message["To"] = draft.to
        message["Subject"] = " ".join(draft.subject.splitlines())
    except (ValueError, IndexError) as problem:
        raise BadDraft(f"this cannot stand in a mail header: {problem}") from problem
    message["Date"] = format_datetime(now)
    message["Message-ID"] = style.message_id(random_bytes(16), domain)
    if not draft.as_new:
        _thread(message, original)
    for header, value in style.headers:
        message[header] = value
    quoted = None if draft.as_new or not draft.quote or not style.quotes else _original(original, content)
    _fill(message, style, style.bodies(draft.text.replace("\r\n", "\n").rstrip("\n"), quoted))
    return message.as_bytes(policy=ON_THE_WIRE)


def _signature(style: Style, domain: str, now: datetime, random_bytes: Callable[[int], bytes]) -> str:
    """What the sender's server puts on top: it names the headers that this provider signs, and signs nothing."""
    digest, signed = (b64encode(random_bytes(count)).decode() for count in (32, 64))
    return (
        f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=mailroom; t={int(now.timestamp())}; h={style.signs}; "
        f"bh={digest}; b={signed}"
    )


def _thread(message: EmailMessage, original: StoredMail) -> None:
    if original.message_id:
        message["In-Reply-To"] = original.message_id
        message["References"] = " ".join(dict.fromkeys((*original.references, original.message_id)))


def _fill(message: EmailMessage, style: Style, bodies: Bodies) -> None:
    flowed = {"format": "flowed"} if style.flowed else {}
    message.set_content(bodies.text + "\n", cte=_encoding(bodies.text), params=flowed)
    if bodies.html:
        message.add_alternative(bodies.html, subtype="html", cte=_encoding(bodies.html))


def _encoding(body: str) -> str:
    short = all(len(line) < 900 for line in body.splitlines())
    return "7bit" if body.isascii() and short else "quoted-printable"


def _original(mail: StoredMail, content: Content) -> Original:
    name, address = first_address(mail.sender)
    text = content.text or LexborHTMLParser(content.html).text(separator="\n")
    return Original(
        name=name or address,
        address=address,
        to=", ".join(mail.recipients),
        subject=mail.subject,
        date=mail.received_at,
        message_id=mail.message_id.strip("<>"),
        text=text.rstrip("\n"),
        html=_body_of(content.html) or f"<pre>{escape(content.text)}</pre>",
    )


def _body_of(html: str) -> str:
    """What mail clients quote of a mail: the inside of its body, without style sheets."""
    if not html:
        return ""
    tree = LexborHTMLParser(html)
    for sheet in tree.css("style"):
        sheet.decompose()
    return (tree.body.inner_html if tree.body else None) or ""
