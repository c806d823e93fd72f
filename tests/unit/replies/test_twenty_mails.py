"""The twenty mails that must come out right, read without any service."""

import json
from pathlib import Path

import pytest

from nodback_core.domain.replies.meaning.understanding import understand
from nodback_core.domain.replies.reading import SentMail, read_reply
from nodback_core.mail.replies.inbound import UnreadableMail, parse_mail
from nodback_core.mail.replies.sender import Verdicts, check_sender

MAILS = Path(__file__).parents[2] / "mails"
TWENTY = json.loads((MAILS / "twenty.json").read_text(encoding="utf-8"))
SENT = SentMail("Nodback", "reply.example.com", tuple((MAILS / "sent.txt").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("expected", TWENTY, ids=[Path(entry["file"]).stem for entry in TWENTY])
def test_each_of_the_twenty_mails_comes_out_right(expected: dict[str, str | None]) -> None:
    raw = (MAILS / str(expected["file"])).read_bytes()
    if reason := expected.get("unreadable"):
        with pytest.raises(UnreadableMail, match=reason):
            parse_mail(raw)
        return
    mail = parse_mail(raw)

    assert mail.automatic == expected.get("automatic")
    if mail.automatic is None:
        code = check_sender(mail, authorised="ana@example.com", verdicts=Verdicts(dmarc="PASS"))
        assert code == expected.get("code")
    if "feedback" in expected:
        reply = read_reply(mail.text, SENT, writer=mail.sender_name)
        assert reply.first_line == expected["feedback"]
        outcome = understand(reply.text, ("approved", "rejected", "needs_revision"), writer=mail.sender_name).outcome
        assert outcome == expected["outcome"]
    if "subject" in expected:
        assert mail.subject == expected["subject"]
