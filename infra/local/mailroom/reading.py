"""The content of a mail: its text, its HTML, its pictures and attachments, however malformed it is."""

from __future__ import annotations

import base64
import email
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message
from typing import Final

MAX_SHOWN_CHARACTERS: Final = 2_000_000
PREVIEW_BYTES: Final = 64 * 1024


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    size: int


@dataclass(frozen=True)
class Content:
    """The readable parts of one mail; `problem` says why there may be less than the source holds."""

    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    pictures: tuple[tuple[str, str], ...] = ()
    """Content-ID and `data:` address of each picture that the HTML may show."""
    problem: str = ""


def read(raw: bytes) -> Content:
    """Read a mail for display; no mail makes it raise an error."""
    try:
        return _read(email.message_from_bytes(raw))
    except (MessageError, RecursionError, LookupError, ValueError, TypeError, AttributeError) as problem:
        return Content(problem=f"This mail cannot be read ({type(problem).__name__}); its source is below.")


def first_line(raw: bytes) -> str:
    """The first line of a mail's text. Only the beginning is read, so the size does not matter."""
    lines = read(raw[:PREVIEW_BYTES]).text.split("\n")
    return next((line.strip()[:160] for line in lines if line.strip()), "")


def _read(message: Message) -> Content:
    text, html = "", ""
    attachments: list[Attachment] = []
    pictures: list[tuple[str, str]] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        body = part.get_payload(decode=True)
        octets = body if isinstance(body, bytes) else b""
        attached = part.get_content_disposition() == "attachment"
        if kind == "text/plain" and not attached and not text:
            text = _decode(octets, part)
        elif kind == "text/html" and not attached and not html:
            html = _decode(octets, part)
        elif octets:
            attachments.append(Attachment(part.get_filename() or kind, kind, len(octets)))
            cid = (part.get("Content-ID") or "").strip("<> ")
            if cid and kind.startswith("image/"):
                pictures.append((cid, f"data:{kind};base64,{base64.b64encode(octets).decode()}"))
    return Content(text, html, tuple(attachments), tuple(pictures))


def _decode(octets: bytes, part: Message) -> str:
    charset = str(part.get_content_charset() or "utf-8")
    try:
        decoded = octets.decode(charset, "replace")
    except LookupError:
        decoded = octets.decode("utf-8", "replace")
    return decoded.replace("\r\n", "\n")[:MAX_SHOWN_CHARACTERS]
