"""docs/email.md and docs/operations.md say what the code does."""

import re
from pathlib import Path

import pytest

from nodback.mail_test import HINTS
from nodback_core.domain.letters.notifications import NotificationStatus
from nodback_core.domain.replies import limits as reply_limits
from nodback_core.domain.replies.results import LETTERS, Result
from nodback_core.mail.replies import mime
from nodback_core.usecases.replies.receive_mail import MAX_MAIL_BYTES

DOCS = Path(__file__).parents[3] / "docs"
EMAIL = (DOCS / "email.md").read_text(encoding="utf-8")
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")


def rows(page: str, title: str) -> dict[str, str]:
    """The first cells of the table below a title, with what follows them."""
    part = page.split(f"## {title}\n")[1].split("\n## ")[0]
    found = {}
    for line in part.splitlines():
        first, _, rest = line.strip("| ").partition(" | ")
        if not line.startswith("|"):
            continue
        for name in re.findall(r"`([a-z_]+)`", first):
            found[name] = rest
    return found


def test_every_check_and_what_is_sent_back_is_in_the_table() -> None:
    told = rows(EMAIL, "What happens to a reply")
    assert set(told) == {result.value for result in Result}
    silent = {name for name, rest in told.items() if "| nothing" in f"| {rest}"}
    assert {result.value for result in Result} - silent - {"recorded", "other_sender"} == {
        result.value for result in LETTERS if result is not Result.OTHER_SENDER
    }


def test_every_status_of_a_mail_is_in_the_table() -> None:
    assert set(rows(EMAIL, "What became of a mail")) == {status.value for status in NotificationStatus}


@pytest.mark.parametrize(
    "said",
    [
        f"more than {mime.MAX_PARTS} parts",
        f"more than {mime.MAX_DEPTH} deep",
        f"more than {MAX_MAIL_BYTES // 1024 // 1024} MB",
        f"{reply_limits.MAX_ERROR_MAILS} such mails to the people of a request",
        f"{reply_limits.MAX_CONFIRMATIONS} that ask to confirm",
        f"{reply_limits.MAX_STRANGER_NOTICES} about strangers",
        f"{reply_limits.MAX_ERROR_MAILS_PER_ADDRESS} to one address in an hour",
        f"{reply_limits.MAX_REJECTIONS_RECORDED} entries each",
    ],
)
def test_the_limits_are_those_of_the_code(said: str) -> None:
    assert said in EMAIL


def test_the_references_three_troubles_are_answered() -> None:
    for trouble in ("Emails are not sent", "Replies are not processed", "Flow does not resume"):
        assert trouble in EMAIL


def test_the_commands_hints_are_about_checks_that_exist() -> None:
    assert set(HINTS) - {"no_mail", "no_reply", "not_delivered"} <= {result.value for result in Result}


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in (EMAIL, OPERATIONS):
        for name in re.findall(r"\]\(([a-z-]+\.md)", page):
            assert (DOCS / name).exists(), name
