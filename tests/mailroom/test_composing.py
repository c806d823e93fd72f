"""Replies look like those of the mail clients that they are said to come from."""

from __future__ import annotations

import email
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest

from infra.local.mailroom import STYLES
from infra.local.mailroom.automatic import bounce, out_of_office
from infra.local.mailroom.composing import BadDraft, Draft, compose, draft_reply, reply_subject
from infra.local.mailroom.handling import Handling
from infra.local.mailroom.mailbox import Mailbox, StoredMail
from infra.local.mailroom.reading import read

from .conftest import REPLY_ADDRESS, notification

NOW = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)
ANSWER = "Needs revision\n\nThe second paragraph is thin – Grüße."
Composed = tuple[EmailMessage, str, str]


def fixed_bytes(count: int) -> bytes:
    return bytes(range(count))


@pytest.fixture
def original(tmp_path: Path) -> StoredMail:
    return Mailbox(tmp_path).add(
        raw=notification(),
        direction="to_person",
        received_at=NOW,
        envelope_from="nodback@nodback.test",
        recipients=("maria@example.com",),
        handling=Handling(),
    )


@pytest.fixture
def composed(original: StoredMail) -> Callable[..., Composed]:
    """Compose a reply and read it back: the message, its text and its HTML."""

    def make(style: str, text: str = ANSWER, **changes: object) -> Composed:
        values = {**asdict(draft_reply(original, text, style=style)), **changes}
        raw = compose(Draft(**values), original, read(notification()), now=NOW, random_bytes=fixed_bytes)
        assert raw.isascii(), "a relay may take 7 bits only"
        message = cast("EmailMessage", email.message_from_bytes(raw, policy=policy.default))
        assert not message.defects
        text_part, html_part = message.get_body(("plain",)), message.get_body(("html",))
        assert text_part is not None
        html = html_part.get_content() if html_part else ""
        return message, text_part.get_content().replace("\r\n", "\n"), html.replace("\r\n", "\n")

    return make


@pytest.mark.parametrize("style", STYLES)
def test_every_client_answers_in_the_thread_to_the_reply_address(style: str, composed: Callable[..., Composed]) -> None:
    message, text, _ = composed(style)

    assert message["From"] == "maria@example.com"
    assert message["To"] == REPLY_ADDRESS
    assert message["Subject"].lower() == "re: review: launch"
    assert message["In-Reply-To"] == "<n1@email.amazonses.com>"
    assert message["References"].split() == ["<flow-1@nodback.test>", "<n1@email.amazonses.com>"]
    assert message["Message-ID"].startswith("<")
    assert ANSWER in text


@pytest.mark.parametrize("style", STYLES)
def test_every_reply_is_signed_as_its_provider_signs(style: str, composed: Callable[..., Composed]) -> None:
    message, _, _ = composed(style)

    signed = "".join(str(message["DKIM-Signature"]).split())
    assert message.keys()[0] == "DKIM-Signature"
    assert "d=example.com;" in signed
    names = signed.split("h=", 1)[1].split(";")[0].lower().split(":")
    assert {"from", "date", "message-id"} <= set(names)
    assert ("to" in names) == (not style.startswith("outlook")), "Microsoft 365 does not sign To"


@pytest.mark.parametrize("style", [key for key in STYLES if key != "plain"])
def test_every_client_but_plain_sends_html_beside_the_text_with_the_quoted_buttons(
    style: str, composed: Callable[..., Composed]
) -> None:
    message, text, html = composed(style)

    assert message.get_content_type() == "multipart/alternative"
    assert "Options: approved, rejected" in text
    assert f'href="mailto:{REPLY_ADDRESS}' in html
    assert "Needs revision" in html


@pytest.mark.parametrize(
    ("style", "beginning"),
    [
        (
            "gmail",
            f"{ANSWER}\n\nOn Sun, Nov 22, 2026 at 9:05\u202fAM Nodback <nodback@nodback.test> wrote:\n\n"
            "> Please review.\n>\n",
        ),
        (
            "outlook-desktop",
            f"{ANSWER}\n\nFrom: Nodback <nodback@nodback.test>\nSent: Sunday, November 22, 2026 9:05 AM\n"
            "To: maria@example.com\nSubject: Review: launch\n\nPlease review.\n",
        ),
        ("outlook-web", f"{ANSWER}\n{'_' * 32}\nFrom: Nodback <nodback@nodback.test>\nSent: "),
        (
            "apple-mail",
            f"{ANSWER}\n\n> On Nov 22, 2026, at 9:05 AM, Nodback <nodback@nodback.test> wrote:\n>\n> Please",
        ),
        ("iphone", f"{ANSWER}\n\nSent from my iPhone\n\n> On Nov 22, 2026, at 9:05 AM, Nodback <"),
        ("thunderbird", "On 22/11/2026 09:05, Nodback wrote:\n> Please review.\n"),
        ("plain", f"{ANSWER}\n"),
    ],
)
def test_each_client_quotes_in_its_own_way(style: str, beginning: str, composed: Callable[..., Composed]) -> None:
    _, text, _ = composed(style)

    assert text.startswith(beginning)


@pytest.mark.parametrize(
    ("style", "mark"),
    [
        ("gmail", 'class="gmail_quote"'),
        ("outlook-desktop", "border-top:solid #E1E1E1"),
        ("outlook-web", 'id="divRplyFwdMsg"'),
        ("apple-mail", '<blockquote type="cite">'),
        ("iphone", "Sent from my iPhone"),
        ("thunderbird", 'class="moz-cite-prefix"'),
    ],
)
def test_each_client_marks_its_quote_in_html(style: str, mark: str, composed: Callable[..., Composed]) -> None:
    assert mark in composed(style)[2]


def test_thunderbird_answers_below_the_quote_and_flows_its_text(composed: Callable[..., Composed]) -> None:
    message, text, _ = composed("thunderbird")

    assert text.rstrip().endswith(ANSWER)
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_param("format") == "flowed"


def test_a_blank_answer_is_a_mail_with_nothing_above_the_quote(composed: Callable[..., Composed]) -> None:
    _, text, _ = composed("gmail", "")

    assert text.lstrip().startswith("On Sun, Nov 22, 2026")


def test_a_reply_without_quote_holds_the_answer_only(composed: Callable[..., Composed]) -> None:
    _, text, html = composed("gmail", quote=False)

    assert text.strip() == ANSWER
    assert "gmail_quote" not in html


def test_a_pressed_button_makes_a_new_mail_without_thread_and_quote(composed: Callable[..., Composed]) -> None:
    message, text, _ = composed("apple-mail", "approved", as_new=True)

    assert message["In-Reply-To"] is None
    assert message["References"] is None
    assert text.strip() == "approved"


def test_the_answer_cannot_become_markup_in_the_html_part(composed: Callable[..., Composed]) -> None:
    assert "<script>" not in composed("outlook-web", "<script>alert(1)</script>")[2]


def test_a_long_line_is_sent_in_short_ones(composed: Callable[..., Composed]) -> None:
    message, text, _ = composed("plain", "x" * 5000)

    assert max(len(line) for line in message.as_bytes().splitlines()) < 998
    assert "x" * 5000 in text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sender": "maria"}, "one sender"),
        ({"to": ""}, "one recipient"),
        ({"to": "a@b.c\r\nBcc: evil@example.com"}, "header"),
    ],
)
def test_a_draft_that_no_mail_can_be_made_of_says_why(
    changes: dict[str, str], reason: str, composed: Callable[..., Composed]
) -> None:
    with pytest.raises(BadDraft, match=reason):
        composed("gmail", **changes)


def test_a_mail_client_that_nobody_described_is_refused_by_name(composed: Callable[..., Composed]) -> None:
    with pytest.raises(BadDraft, match="no mail client 'pine'; choose one of gmail"):
        composed("pine")


def test_a_line_end_in_the_subject_cannot_add_a_header(composed: Callable[..., Composed]) -> None:
    message, _, _ = composed("gmail", subject="Re: x\r\nBcc: evil@example.com")

    assert message["Bcc"] is None


def test_a_reply_prefix_is_written_once() -> None:
    assert reply_subject("Review") == "Re: Review"
    assert reply_subject("RE: Review") == "RE: Review"
    assert reply_subject("Review", "outlook-desktop") == "RE: Review"


def test_an_out_of_office_answer_says_that_nobody_wrote_it(original: StoredMail) -> None:
    message = email.message_from_bytes(out_of_office(original, now=NOW, random_bytes=fixed_bytes))

    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["To"] == REPLY_ADDRESS
    assert message["In-Reply-To"] == original.message_id


def test_a_bounce_is_a_delivery_report_about_the_recipient(original: StoredMail) -> None:
    raw = bounce(original, now=NOW, random_bytes=fixed_bytes)
    message = email.message_from_bytes(raw)

    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    kinds = [part.get_content_type() for part in cast("list[EmailMessage]", message.get_payload())]
    assert kinds == ["text/plain", "message/delivery-status", "text/rfc822-headers"]
    assert b"Final-Recipient: rfc822; maria@example.com" in raw
    assert b"Status: 5.1.1" in raw
