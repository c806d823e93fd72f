"""Mails on the wire: ASCII bytes, one header per header, whatever the fields hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodback_core.mail.letters.compose import (
    SUBJECT_MAX_CHARS,
    Attachment,
    Envelope,
    Rendered,
    UnsendableAddressError,
    compose,
    thread_root,
)
from nodback_core.mail.letters.wording import clean, one_line

ADDRESS = "r-aeirc4tfmfzxi2lom4qhg33nmvzgs5dzebqwizdsmvzxgidgn5zca43b@reply.example.com"
EXPECTED = {
    "from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted",
    "x-auto-response-suppress", "x-ms-reactions", "mime-version", "content-type", "x-nodback-kind",
}  # fmt: skip

nasty = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from('\r\n\0\t\x0b\x0c\x85\u2028\u2029\u202e\u200f\ud800=?_<>@,;:"\\()[]🙂👩🏽‍🚀界مرحبا'),
    ),
    max_size=300,
)


def parsed(raw: bytes) -> EmailMessage:
    return cast("EmailMessage", BytesParser(policy=policy.default).parsebytes(raw))


def sent(
    *,
    subject: str = "Hello",
    text: str = "Hi\n",
    html: str = "<p>Hi</p>\n",
    name: str = "Nodback",
    references: tuple[str, ...] = (),
    headers: Mapping[str, str] | None = None,
    attachment: Attachment | None = None,
) -> bytes:
    envelope = Envelope(
        sender_name=name,
        sender_address="nodback@nodback.test",
        to="ana@example.com",
        reply_to=ADDRESS,
        auto_submitted="auto-generated",
        in_reply_to=references[0] if references else None,
        references=references,
        headers=headers or {},
        message_id="<one@nodback.test>",
        date=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
    )
    return compose(envelope, Rendered(subject, text, html, attachment))


def text_of(part: EmailMessage | None) -> str:
    assert part is not None
    return cast("str", part.get_content()).replace("\r\n", "\n")


@settings(max_examples=150, deadline=None)
@given(subject=nasty, name=nasty, text=nasty, html=nasty, reference=nasty, header=nasty)
def test_no_field_can_add_a_header_or_a_byte_that_is_not_ascii(
    subject: str, name: str, text: str, html: str, reference: str, header: str
) -> None:
    raw = sent(
        subject=subject,
        name=name,
        text=text,
        html=html,
        references=(reference, "<a@b>"),
        headers={"X-Nodback-Kind": header},
    )

    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = parsed(raw)
    assert {key.lower() for key in message} <= EXPECTED
    assert len(message.keys()) == len(set(message.keys()))
    assert not message.defects
    assert [address.addr_spec for address in message["From"].addresses] == ["nodback@nodback.test"]
    assert [address.addr_spec for address in message["Reply-To"].addresses] == [ADDRESS]
    assert text_of(message.get_body(("plain",))).rstrip("\n") == clean(text).rstrip("\n")
    assert text_of(message.get_body(("html",))).rstrip("\n") == clean(html).rstrip("\n")


def decoded_name(raw: bytes) -> str:
    """The sender's name; not with the newer parser, which puts a space between two encoded words (RFC 2047, 6.2)."""
    header = BytesParser(policy=policy.compat32).parsebytes(raw)["From"].replace("\r\n", "")
    phrase = header.rpartition(" <")[0]
    if "=?" in phrase:
        return str(make_header(decode_header(phrase)))
    return re.sub(r"\\(.)", r"\1", phrase[1:-1]) if phrase.startswith('"') else phrase


@settings(max_examples=150, deadline=None)
@given(subject=nasty, name=nasty)
def test_subject_and_sender_name_read_as_they_were_written(subject: str, name: str) -> None:
    message = parsed(sent(subject=subject, name=name))

    assert message["Subject"] == one_line(subject, SUBJECT_MAX_CHARS)
    assert decoded_name(sent(name=name)) == one_line(name, 80)


def test_only_the_words_of_a_subject_that_need_it_are_encoded() -> None:
    raw = sent(subject="Re: Review: Größe und Ähnliches prüfen · Content Review Flow")
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"").decode()
    subject = head.split("Subject: ")[1]
    assert subject.startswith("Re: Review: =?utf-8?b?")
    assert " und =?utf-8?b?" in subject
    assert "= Content Review Flow" in subject
    assert parsed(raw)["Subject"] == "Re: Review: Größe und Ähnliches prüfen · Content Review Flow"


@pytest.mark.parametrize(
    "attack",
    [
        "Hello\r\nBcc: everyone@example.com",
        "Hello\nContent-Type: text/html\n\n<h1>",
        "Hello\r Bcc: a@b.c",
        "Hello\u2028Bcc: a@b.c",
        "Hello\x85Bcc: a@b.c",
        "=?utf-8?q?Hello=0D=0ABcc:_a@b.c?=",
    ],
)
def test_a_newline_in_the_subject_is_a_space(attack: str) -> None:
    message = parsed(sent(subject=attack, name=attack, headers={"X-Nodback-Kind": attack}))

    assert message["Bcc"] is None
    assert message.get_content_type() == "multipart/alternative"
    assert message["Subject"] == one_line(attack)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "ana@",
        "@example.com",
        "a@b\r\nBcc: c@d",
        "Ana <ana@example.com>",
        "a@b, c@d",
        "añа@example.com",
        "a b@c.d",
    ],
)
def test_what_is_not_one_plain_address_is_not_written_to(address: str) -> None:
    with pytest.raises(UnsendableAddressError):
        compose(Envelope("Nodback", "nodback@nodback.test", address), Rendered("s", "t", "h"))


def test_a_domain_of_other_scripts_is_written_in_its_ascii_form() -> None:
    raw = compose(Envelope("Nodback", "nodback@nodback.test", "ana@bücher.example"), Rendered("s", "t", "h"))

    assert parsed(raw)["To"] == "ana@xn--bcher-kva.example"


def test_a_machine_says_that_it_is_one() -> None:
    message = parsed(sent())

    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"


def test_long_message_ids_stay_whole_and_what_is_none_is_left_out() -> None:
    long = f"<{'a' * 200}@{'b' * 60}.example>"
    message = parsed(sent(references=(long, "not an id", "<x@y>\r\nBcc: a@b", "<c@d>")))

    assert str(message["References"]).split() == [long, "<c@d>"]
    assert message["In-Reply-To"] == long
    assert message["Bcc"] is None


@pytest.mark.parametrize("name", ["Subject", "bcc", "X-A: b\r\nBcc", "", "Content-Type", "ä"])
def test_extra_headers_cannot_replace_ours(name: str) -> None:
    with pytest.raises(ValueError, match="header"):
        sent(headers={name: "x"})


def test_the_whole_content_goes_along_as_a_file() -> None:
    whole = Attachment("review-2.md", "text/markdown", "# Über\n" * 1000)
    raw = sent(attachment=whole)
    message = parsed(raw)

    assert raw.isascii()
    assert message.get_content_type() == "multipart/mixed"
    (file,) = message.iter_attachments()
    assert file.get_filename() == "review-2.md"
    assert file.get_content_type() == "text/markdown"
    assert text_of(cast("EmailMessage", file)) == whole.text
    assert text_of(message.get_body(("plain",))).strip() == "Hi"


def test_the_same_letter_makes_the_same_bytes() -> None:
    assert sent() == sent()


def test_a_flow_has_one_thread_and_another_flow_another() -> None:
    root = thread_root(deployment_id=7, flow_id="f\r\n>", domain="reply.example.com")

    assert root == thread_root(deployment_id=7, flow_id="f\r\n>", domain="reply.example.com")
    assert root != thread_root(deployment_id=8, flow_id="f\r\n>", domain="reply.example.com")
    assert parsed(sent(references=(root,)))["References"] == root
