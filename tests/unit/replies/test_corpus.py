"""Every mail of the corpus is read rightly: outcome, feedback and the whole visible reply."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mails.generate import REPLY_TO

from nodback_core.domain.replies.meaning.understanding import understand
from nodback_core.domain.replies.reading import SentMail, read_reply
from nodback_core.mail.replies.answering import Expected, believed, doubt_about
from nodback_core.mail.replies.inbound import parse_mail

MAILS = Path(__file__).parents[2] / "mails"
MANIFEST = json.loads((MAILS / "manifest.json").read_text(encoding="utf-8"))
SENT = SentMail("Nodback", "reply.example.com", tuple((MAILS / "sent.txt").read_text(encoding="utf-8").splitlines()))
OPTIONS = ("approved", "rejected", "needs_revision")


@pytest.mark.parametrize("expected", MANIFEST, ids=[entry["file"].removeprefix("replies/") for entry in MANIFEST])
def test_a_reply_of_the_corpus_is_read_rightly(expected: dict[str, str | None]) -> None:
    mail = parse_mail((MAILS / str(expected["file"])).read_bytes())
    reply = read_reply(mail.text, SENT, writer=mail.sender_name)

    assert reply.first_line == expected["feedback"]
    assert reply.text == expected["text"]
    assert understand(reply.text, OPTIONS, writer=mail.sender_name).outcome == expected["outcome"]
    assert mail.sender == "ana@example.com"
    assert mail.automatic is None


@pytest.mark.parametrize("entry", MANIFEST[:: len(MANIFEST) // 40], ids=lambda entry: entry["file"])
def test_a_reply_of_the_corpus_is_an_answer_to_the_mail_that_asked(entry: dict[str, str | None]) -> None:
    mail = parse_mail((MAILS / str(entry["file"])).read_bytes())
    asked_at = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    expected = Expected(
        address=REPLY_TO, opened_at=asked_at, now=asked_at + timedelta(hours=1), is_used=False, needs_proof=True
    )
    assert doubt_about(mail.heading, expected) is None
    vouches = mail.heading.proof.covering(believed(mail.heading, REPLY_TO))
    assert vouches == ("spf" if str(entry["program"]).startswith("outlook") else "dkim")


def test_the_corpus_is_as_wide_as_it_claims() -> None:
    assert len(MANIFEST) >= 300
    assert len({entry["language"] for entry in MANIFEST}) >= 20
    assert len({entry["program"] for entry in MANIFEST}) >= 12
    assert sum(entry["text"] == "" for entry in MANIFEST) >= 40
