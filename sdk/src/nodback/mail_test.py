"""`nodback test-mail`: follows one test review from the mail that goes out to the reply that comes back."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from nodback.errors import BadSetting
from nodback.reviews import Json

POLL_SECONDS = 2.0
_KEY = re.compile(r"nodback_(?:flow|respond|manage)_([0-9]{1,10})_")

HINTS: Mapping[str, str] = {
    "no_mail": "The service has not handed the mail to SES yet. See docs/email.md, 'Emails are not sent'.",
    "no_reply": "Nothing came back. Reply to the mail from the address that it was sent to; if you did, see "
    "docs/email.md, 'Replies are not processed': MX record, receipt rule set, region.",
    "not_delivered": "The mail did not arrive. Check the address, and SES's suppression list.",
    "other_sender": "The reply came from another address than the mail was sent to. Aliases and plus addresses count "
    "as others.",
    "not_authenticated": "Nothing that the deployment's sender_check accepts proves who wrote. Publish DMARC for the "
    "sender's domain, or set sender_check to aligned or address.",
    "virus": "SES found a virus in the reply. Answer without the attachment.",
    "spam": "SES took the reply for spam. Write a plain answer, and have its domain publish SPF, DKIM and DMARC.",
    "automatic": "That was an automatic answer, such as out of office. Write one yourself.",
    "blank": "The reply had no text of its own. Write a word above the quote.",
    "expired_token": "The reply address had expired; a fresh mail was sent.",
    "forged_token": "The reply address was altered, or its key is no longer in the key ring.",
    "unreadable": "The reply was too large or too deeply nested.",
    "not_addressed": "The reply address is neither in To nor in Cc of the reply. Answer the mail itself.",
    "misdated": "The date of the reply is older than the test or lies ahead. Set the clock of the device.",
    "ambiguous_headers": "To, Date or Message-ID is missing from the reply, or stands there twice.",
    "several_reviews": "The reply went to several reply addresses. Answer each mail on its own.",
    "reused_message_id": "The reply bears the Message-ID of another mail. Write a new one.",
    "not_covered": "DKIM does not cover To, Date and Message-ID, and SPF did not pass for the sender's domain. Answer "
    "the mail that asks to confirm, and have the sender's server sign these headers.",
}


class MailTests(Protocol):
    """The part of the client that a test needs."""

    def get_mail_test(self, deployment_id: int, request_id: str) -> dict[str, Json]:
        """How far it came."""


def deployment_of(key: str) -> int:
    """The deployment that an API key belongs to.

    Raises:
        BadSetting: the install key belongs to none.

    Example:
        >>> deployment_of("nodback_manage_7_ab12_s3cret")
        7
    """
    found = _KEY.match(key)
    if found is None:
        raise BadSetting("This key belongs to no deployment in particular: name one with --deployment.")
    return int(found.group(1))


def watch(
    service: MailTests,
    deployment_id: int,
    asked: Mapping[str, Any],
    *,
    wait_seconds: float,
    tell: Callable[[str], object],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Tell each step as it happens until a reply was recorded, or until the time is up; returns whether one was."""
    deadline = clock() + wait_seconds
    request_id = str(asked["request_id"])
    tell(f"test review {request_id}: a mail to {asked['to_email']}, to be answered until {asked['answer_until']}")
    told: set[str] = set()
    while True:
        seen: Mapping[str, Any] = service.get_mail_test(deployment_id, request_id)
        for line in _lines(seen):
            if line not in told:
                told.add(line)
                tell(line)
        if seen["stage"] in ("answered", "cancelled"):
            return bool(seen["stage"] == "answered")
        if clock() >= deadline:
            tell(f"no reply was recorded within {wait_seconds:.0f} s. {_advice(seen)}")
            return False
        sleep(min(POLL_SECONDS, max(0.0, deadline - clock())))


def _lines(seen: Mapping[str, Any]) -> Iterator[str]:
    mail = seen["mail"]
    if mail is not None and mail["sent_at"]:
        yield f"sent {mail['sent_at']}, Message-ID {mail['message_id']}: reply to it now"
    if mail is not None and mail["status"] not in ("claimed", "sent"):
        yield f"mail {mail['status'].replace('_', ' ')}" + (f": {mail['reason']}" if mail["reason"] else "")
    for reply in seen["replies"]:
        verdicts = ", ".join(f"{name} {verdict or '-'}" for name, verdict in reply["verdicts"].items())
        if reply["result"] == "recorded":
            yield f"reply {reply['at']}: recorded {seen['first_line']!r} ({verdicts})"
        else:
            hint = HINTS.get(reply["result"], "See docs/email.md.")
            yield f"reply {reply['at']}: not recorded, {reply['result']} ({verdicts}). {hint}"


def _advice(seen: Mapping[str, Any]) -> str:
    mail = seen["mail"]
    if seen["replies"]:
        return "The replies above say why."
    if seen["stage"] == "not_delivered":
        return HINTS["not_delivered"]
    return HINTS["no_mail" if mail is None or mail["status"] == "claimed" else "no_reply"]
