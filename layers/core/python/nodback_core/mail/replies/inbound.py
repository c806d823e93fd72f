"""A mail that came in, read as far as Nodback needs it: who, in answer to what, by hand or machine, and its text."""

import hashlib
import re
from dataclasses import dataclass, field

from nodback_core.mail.replies.automatic import automatic_reason
from nodback_core.mail.replies.charsets import decode_words
from nodback_core.mail.replies.from_header import read_sender
from nodback_core.mail.replies.headers import Headers, read_headers
from nodback_core.mail.replies.heading import Heading, read_heading
from nodback_core.mail.replies.mime import MAX_MAIL_BYTES, Form, TextPart, UnreadableMail, read_body

__all__ = ["MAX_MAIL_BYTES", "InboundMail", "UnreadableMail", "parse_headers", "parse_mail"]

MAX_SUBJECT_CHARACTERS = 500
MAX_REFERENCES = 50

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
# RFC 5322 allows more in a message id; what we record and send back is kept to what every server writes.
_PGP_MESSAGE = "-----BEGIN PGP MESSAGE-----"
_PGP_SIGNED = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\r?\n(?:[A-Za-z]{1,20}: [^\r\n]{0,200}\r?\n)*\r?\n", re.M
)
_PGP_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----", re.M)
_PGP_END = re.compile(r"^-----END PGP SIGNATURE-----[ \t]*$", re.M)
_DASH_ESCAPE = re.compile(r"^- ", re.M)
_MESSAGE_ID = re.compile(r"<[^<>\s\x00-\x20\x7f-\U0010ffff]{1,900}>")


@dataclass(frozen=True)
class InboundMail:
    """What was read from one mail.

    message_id: with its angle brackets, or None. sender: normalised address of the one From, else None and
    sender_problem says why (see `mail.from_header`). sender_name: its display name. automatic: why a machine wrote
    it, or None (see `mail.automatic`). text: its message as plain text, quotes marked. digest: SHA-256 of the raw
    mail, in hex. heading: to whom and when it was written, and what vouches for that. form: what else than a message it
    is, if anything.
    """

    message_id: str | None
    sender: str | None
    sender_problem: str | None
    automatic: str | None
    subject: str
    text: str
    digest: str
    in_reply_to: str | None
    references: tuple[str, ...]
    sender_name: str = ""
    heading: Heading = field(default_factory=Heading)
    form: Form = Form.MESSAGE


def parse_mail(raw: bytes) -> InboundMail:
    """Read a raw mail (RFC 5322 and MIME). Raises UnreadableMail when it is too large or too deep, nothing else."""
    if len(raw) > MAX_MAIL_BYTES:
        raise UnreadableMail(f"the mail has more than {MAX_MAIL_BYTES} bytes")
    headers, body = read_headers(raw)
    found = read_body(raw, headers, body)
    text = without_armor("\n".join(map(_as_text, found.texts)))
    is_sealed = text.lstrip().startswith(_PGP_MESSAGE)
    return _read(raw, headers, "" if is_sealed else text, Form.SEALED if is_sealed else found.form)


def parse_headers(raw: bytes) -> InboundMail:
    """Read who sent a mail and in answer to what, not its text; for mails that `parse_mail` refuses. Never raises."""
    return _read(raw, read_headers(raw)[0], "")


def _read(raw: bytes, headers: Headers, text: str, form: Form = Form.MESSAGE) -> InboundMail:
    sender = read_sender(headers)
    subject = _one_line(decode_words(headers.first("subject") or ""))[:MAX_SUBJECT_CHARACTERS]
    return InboundMail(
        message_id=_message_id(headers, "message-id"),
        sender=sender.address,
        sender_problem=sender.problem,
        automatic=automatic_reason(headers, subject),
        subject=subject,
        text=text,
        digest=hashlib.sha256(raw).hexdigest(),
        in_reply_to=_message_id(headers, "in-reply-to"),
        references=tuple(_MESSAGE_ID.findall(headers.first("references") or ""))[-MAX_REFERENCES:],
        sender_name=_one_line(decode_words(sender.name)),
        heading=read_heading(headers, sender.address),
        form=form,
    )


def _as_text(part: TextPart) -> str:
    if part.kind == "plain":
        return part.text
    # Most mails bring plain text: the HTML parser is loaded when one does not.
    from nodback_core.mail.replies.html_text import text_of_html

    return text_of_html(part.text)


def without_armor(text: str) -> str:
    """The text that a PGP signature wraps (RFC 9580, 7), or the same text without one."""
    if not (found := _PGP_SIGNED.search(text)):
        return text
    end = _PGP_SIGNATURE.search(text, found.end())
    signed = _DASH_ESCAPE.sub("", text[found.end() : end.start() if end else len(text)])
    closed = _PGP_END.search(text, end.end()) if end else None
    return f"{text[: found.start()]}{signed}{text[closed.end() :] if closed else ''}"


def _message_id(headers: Headers, name: str) -> str | None:
    found = _MESSAGE_ID.search(headers.first(name) or "")
    return found.group() if found else None


def _one_line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())
