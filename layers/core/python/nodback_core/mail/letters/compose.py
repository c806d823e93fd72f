"""A rendered letter as the bytes that go on the wire: ASCII only, and no field can add a header."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from hashlib import sha256
from typing import Literal

from nodback_core.mail.letters.wording import clean, one_line

SUBJECT_MAX_CHARS = 200
NAME_MAX_CHARS = 80
HEADER_MAX_CHARS = 900  # RFC 5322: no line has more than 998
ADDRESS_MAX_CHARS = 320  # RFC 5321: 64 before the @, 255 after it
REFERENCES_MAX = 20
_LINE_CHARS = 76
# RFC 2047: an encoded word has at most 75 characters; 42 octets are 56 in base 64, and `=?utf-8?b??=` is 12.
_WORD_OCTETS = 42

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}@[!-;=?-~]{1,250}>")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
_OURS = {
    "from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "in-reply-to", "references",
    "auto-submitted", "x-auto-response-suppress", "x-ms-reactions", "mime-version", "content-type",
    "content-transfer-encoding",
}  # fmt: skip


class UnsendableAddressError(ValueError):
    """The address cannot stand in a header of ASCII characters, or is none."""


@dataclass(frozen=True)
class Attachment:
    """A text that goes along as a file."""

    filename: str
    content_type: Literal["text/markdown", "application/json"]
    text: str


@dataclass(frozen=True)
class Rendered:
    """A letter in words: the same content as text and as HTML."""

    subject: str
    text: str
    html: str
    attachment: Attachment | None = None


@dataclass(frozen=True)
class Envelope:
    """Who writes to whom, in which thread, and on whose behalf (a machine's).

    `auto_submitted` is RFC 3834's: "auto-replied" for what answers a mail, "auto-generated" for all else.
    Message ids are in angle brackets; what is no message id is left out, since it may come from a stranger's mail.
    """

    sender_name: str
    sender_address: str
    to: str
    reply_to: str | None = None
    auto_submitted: Literal["auto-generated", "auto-replied"] = "auto-generated"
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    message_id: str | None = None
    date: datetime | None = None


def thread_root(*, deployment_id: int, flow_id: str, domain: str) -> str:
    """The message id that all mails of one flow refer to, so that mail readers show them as one conversation.

    No mail bears it: SES gives each mail an id of its own, and readers group by a common reference as well.
    """
    digest = sha256(f"{deployment_id}/{flow_id}".encode("utf-8", "replace")).hexdigest()[:32]
    return f"<flow-{digest}@{domain}>"


def compose(envelope: Envelope, rendered: Rendered) -> bytes:
    """The message as 7-bit bytes with CRLF line ends: multipart/alternative, inside multipart/mixed with an attachment.

    Raises:
        UnsendableAddressError: an address is not one plain ASCII addr-spec (domains are turned into their ASCII form).
        ValueError: `envelope.headers` has a name that is malformed or written here.
    """
    message = EmailMessage(policy=_POLICY)
    name = one_line(envelope.sender_name, NAME_MAX_CHARS)
    message["From"] = _mailbox(name, envelope.sender_address)
    message["To"] = _address(envelope.to)
    if envelope.reply_to is not None:
        message["Reply-To"] = _mailbox(name, envelope.reply_to)
    message["Subject"] = _unstructured(rendered.subject, SUBJECT_MAX_CHARS)
    if envelope.date is not None:
        message["Date"] = format_datetime(envelope.date)
    for header, ids in (
        ("Message-ID", _message_ids(envelope.message_id)),
        ("In-Reply-To", _message_ids(envelope.in_reply_to)),
        ("References", _message_ids(*envelope.references)[-REFERENCES_MAX:]),
    ):
        if ids:
            message[header] = " ".join(ids)
    message["Auto-Submitted"] = envelope.auto_submitted
    message["X-Auto-Response-Suppress"] = "All"
    if envelope.reply_to is not None:
        # A reaction of Outlook is no answer, so it is not offered where one is wanted.
        message["X-MS-Reactions"] = "disallow"
    for header, value in envelope.headers.items():
        if not _HEADER_NAME.fullmatch(header) or header.lower() in _OURS:
            raise ValueError(f"not a header that may be added: {header!r}")
        message[header] = _unstructured(value, HEADER_MAX_CHARS)
    _fill(message, rendered)
    return message.as_bytes()


class _Policy(EmailPolicy):
    """SMTP's policy, with headers written here: the library's folding encodes long message ids and breaks them."""

    def fold(self, name: str, value: str) -> str:
        return _header(name, str(value))

    def fold_binary(self, name: str, value: str) -> bytes:
        return _header(name, str(value)).encode("ascii")

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        if name.lower().startswith(("content-", "mime-")):
            return super().header_store_parse(name, value)
        return name, value


_POLICY = _Policy(linesep="\r\n", cte_type="7bit")


def _fill(message: EmailMessage, rendered: Rendered) -> None:
    text, html = _body(rendered.text), _body(rendered.html)
    message.set_content(text, subtype="plain", charset="utf-8", cte=_encoding(text))
    message.add_alternative(html, subtype="html", charset="utf-8", cte=_encoding(html))
    if rendered.attachment is not None:
        kind, _, subtype = rendered.attachment.content_type.partition("/")
        message.add_attachment(
            rendered.attachment.text.encode("utf-8", "replace"),
            maintype=kind,
            subtype=subtype,
            filename=re.sub(r"[^A-Za-z0-9._-]", "-", rendered.attachment.filename),
            params={"charset": "utf-8"},
        )
    # The same letter makes the same bytes; neither of our encodings can write "=_", so no content can end a part.
    digest = sha256(f"{text}\0{html}".encode()).hexdigest()[:32]
    for depth, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{digest}-{depth}")


def _body(text: str) -> str:
    return clean(text).rstrip("\n") + "\n"


def _encoding(body: str) -> str:
    """Quoted-printable keeps Latin text readable on the wire; for other scripts base 64 is shorter."""
    octets = body.encode("utf-8")
    encoded = sum(octet > 126 or octet == 61 for octet in octets)
    return "base64" if (len(octets) + 2 * encoded) * 3 > len(octets) * 4 else "quoted-printable"


def _address(address: str) -> str:
    local, at, domain = address.strip().rpartition("@")
    try:
        ascii_address = f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise UnsendableAddressError("the domain of the address has no ASCII form") from error
    if len(ascii_address) > ADDRESS_MAX_CHARS or not _ADDRESS.fullmatch(ascii_address):
        raise UnsendableAddressError("not a plain address of ASCII characters")
    return ascii_address


def _mailbox(name: str, address: str) -> str:
    spec = _address(address)
    if not name:
        return spec
    phrase = str(Address(name, addr_spec="a@b")).removesuffix(" <a@b>") if _is_plain(name) else " ".join(_words(name))
    return f"{phrase} <{spec}>"


def _unstructured(value: str, max_chars: int) -> str:
    """A header of free text. Only its words outside ASCII are encoded, so that filters can read the others."""
    stretches: list[list[str]] = []
    for word in one_line(value, max_chars).split():
        if stretches and _is_plain(stretches[-1][0]) == _is_plain(word):
            stretches[-1].append(word)
        else:
            stretches.append([word])
    # The space between two encoded words is dropped by readers, so those of one stretch are encoded with it.
    return " ".join(
        " ".join(stretch) if _is_plain(stretch[0]) else " ".join(_words(" ".join(stretch))) for stretch in stretches
    )


def _is_plain(line: str) -> bool:
    return line.isascii() and "=?" not in line


def _message_ids(*candidates: str | None) -> tuple[str, ...]:
    return tuple(one for one in candidates if one is not None and _MESSAGE_ID.fullmatch(one))


def _header(name: str, value: str) -> str:
    """One header, folded between its words. Nothing in a value can end it: every newline is a space by now."""
    lines, line = [], f"{name}:"
    for word in value.split():
        if len(line) + 1 + len(word) > _LINE_CHARS and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]) + "\r\n"


def _words(text: str) -> Iterator[str]:
    """RFC 2047's encoded words for a text; no character is split between two of them."""
    octets = b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(octets) + len(encoded) > _WORD_OCTETS:
            yield f"=?utf-8?b?{b64encode(octets).decode()}?="
            octets = b""
        octets += encoded
    yield f"=?utf-8?b?{b64encode(octets).decode()}?="
