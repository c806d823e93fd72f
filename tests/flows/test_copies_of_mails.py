"""Authentic mails of the reviewer that are no answer to the review, sent over SMTP to its reply address."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import uuid4

import pytest
from mails.arrived import MICROSOFT_SIGNS, signature

from flows.reviews import entries, last_number, next_review, read, request_of, until, until_closed
from infra.local.house import CREATOR, House
from infra.local.mailroom.mailbox import StoredMail
from nodback_core.domain.shared.entries import check_chain

RELAY = "postmaster@evil.example"


@dataclass
class Review:
    """A request of its own, and the newest mail that asks the reviewer about it."""

    house: House
    mail: StoredMail

    @property
    def request_id(self) -> str:
        return request_of(self.house, self.mail)

    @property
    def address(self) -> str:
        return self.mail.answer_address

    def written(self, *, to: str = "", date: datetime | None = None, signed: str = "", more: str = "") -> bytes:
        """A mail that the reviewer has written and their server has signed."""
        head = (
            f"From: Reviewer <{CREATOR}>\r\nTo: {to or self.address}\r\n{more}Subject: lunch\r\n"
            f"Date: {format_datetime(date or datetime.now(UTC))}\r\nMessage-ID: <{uuid4()}@mail.example.com>\r\n"
        )
        return f"{signed or signature()}{head}\r\nApproved!\r\n".encode()

    def send(self, raw: bytes, *, envelope_from: str = RELAY) -> None:
        self.house.mailroom.send(raw, envelope_from, [self.address])

    def until_refused(self, check: str) -> None:
        """Wait for the entry, and look at the request and at the letter that asks to confirm."""

        def is_refused(_: object) -> bool:
            found = entries(self.house, self.request_id)
            return check in [e["data"].get("check") for e in found]  # type: ignore[attr-defined]

        assert until(self.house, self.request_id, is_refused)["status"] == "pending"
        letter = next_review(self.house, after=self.mail.number)
        assert "Please confirm your answer" in self.house.mailroom.text_of(letter)
        assert letter.answer_address != self.address
        assert check_chain(1, f"request/{self.request_id}", entries(self.house, self.request_id)) is None
        self.mail = letter


def asked(house: House) -> Review:
    request_id = str(uuid4())
    body = {
        "request_id": request_id,
        "flow_id": request_id,
        "flow_name": "Copies",
        "flow_class": "m.Copies",
        "method_name": "review",
        "message": "Please review this text:",
        "output": "Some text.",
        "emit": ["approved", "rejected"],
        "snapshot": {},
    }
    before = last_number(house)
    assert house.api("POST", "/v1/requests", body).status_code == 201
    return Review(house, next_review(house, after=before))


Make = Callable[[Review], bytes]
COPIES: dict[str, tuple[str, Make]] = {
    "written to a friend": ("not_addressed", lambda r: r.written(to="friend@example.org")),
    "to one who is named like our address": (
        "not_addressed",
        lambda r: r.written(to=f'"{r.address}" <friend@example.org>'),
    ),
    "with a second To that somebody added": (
        "ambiguous_headers",
        lambda r: f"To: {r.address}\r\n".encode() + r.written(to="friend@example.org"),
    ),
    "with a Cc that nobody signed": (
        "not_covered",
        lambda r: r.written(
            to="friend@example.org", more=f"Cc: {r.address}\r\n", signed=signature(signs="from:to:date:message-id")
        ),
    ),
    "with a To that Microsoft does not sign": (
        "not_covered",
        lambda r: r.written(signed=signature(signs=MICROSOFT_SIGNS)),
    ),
    "older than the review": ("misdated", lambda r: r.written(date=datetime.now(UTC) - timedelta(days=2))),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_decides_nothing_and_the_answer_to_the_letter_does(house: House, name: str) -> None:
    check, make = COPIES[name]
    review = asked(house)
    review.send(make(review))
    review.until_refused(check)
    house.mailroom.reply(review.mail, "rejected", style="outlook-web")
    assert until_closed(house, review.request_id)["outcome"] == "rejected"


def test_the_bytes_that_answered_one_review_do_not_answer_another(house: House) -> None:
    first = asked(house)
    answer = first.written()
    first.send(answer, envelope_from=CREATOR)
    assert until_closed(house, first.request_id)["outcome"] == "approved"
    second = asked(house)
    second.send(answer)
    second.until_refused("not_addressed")


def test_a_mail_to_two_reviews_decides_neither(house: House) -> None:
    first, second = asked(house), asked(house)
    raw = first.written(to=f"{first.address}, {second.address}")
    house.mailroom.send(raw, CREATOR, [first.address, second.address])
    for review in (first, second):
        until(
            house,
            review.request_id,
            lambda _, review=review: any(
                e["data"].get("check") == "several_reviews"  # type: ignore[attr-defined]
                for e in entries(house, review.request_id)
            ),
        )
        assert read(house, review.request_id)["status"] == "pending"


def test_a_reply_from_microsoft_is_taken_since_spf_vouches_for_it(house: House) -> None:
    review = asked(house)
    house.mailroom.reply(review.mail, "approved", style="outlook-desktop")
    closed = until_closed(house, review.request_id)
    assert closed["outcome"] == "approved"
    (entry,) = [e for e in entries(house, review.request_id) if e["action"] == "request.responded"]
    assert entry["data"]["headers_vouched_by"] == "spf"  # type: ignore[index]
