"""Buttons: links that open a reply with the answer in it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from nodback_core.domain.reviews.options import match_option
from nodback_core.mail.letters.mailto import LINK_MAX_CHARS, reply_link
from nodback_core.mail.letters.wording import one_line

ADDRESS = "r-aeirc4tfmfzxi2lom4qhg33nmvzgs5dzebqwizdsmvzxgidgn5zca43b@reply.example.com"


def read(link: str) -> tuple[str, dict[str, str]]:
    """What a mail program makes of a link (RFC 6068: no `+` for spaces)."""
    parts = urlsplit(link)
    assert parts.scheme == "mailto"
    fields = (field.partition("=") for field in parts.query.split("&"))
    return unquote(parts.path), {name: unquote(value) for name, _, value in fields}


def test_a_link_says_to_whom_about_what_and_the_answer() -> None:
    link = reply_link(address=ADDRESS, subject="Re: Ünd & so? #1", body="needs_revision\n")

    assert read(link) == (ADDRESS, {"subject": "Re: Ünd & so? #1", "body": "needs_revision\r\n"})
    assert "+" not in link
    assert link.isascii()


@given(subject=st.text(max_size=200), option=st.text(min_size=1, max_size=100))
def test_the_first_line_of_the_reply_is_the_option(subject: str, option: str) -> None:
    address, fields = read(reply_link(address=ADDRESS, subject=subject, body=f"{one_line(option)}\n"))

    assert address == ADDRESS
    assert fields["body"].split("\r\n")[0] == one_line(option)
    assert set(fields) <= {"subject", "body"}
    assert "\n" not in fields.get("subject", "")


def test_nothing_in_a_field_adds_another() -> None:
    link = reply_link(address=ADDRESS, subject="x&bcc=evil@example.com", body="approved&cc=evil@example.com\n")

    assert set(read(link)[1]) == {"subject", "body"}


def test_a_long_link_goes_without_its_subject() -> None:
    link = reply_link(address=ADDRESS, subject="界" * 120, body="界" * 150)

    assert len(link) <= LINK_MAX_CHARS
    assert set(read(link)[1]) == {"body"}
    assert match_option(read(link)[1]["body"], ["界" * 150])
