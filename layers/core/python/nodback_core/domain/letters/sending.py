"""Sending one letter: claimed before the mail service is called, recorded after it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.letters.happenings import (
    MailOutcome,
    NotificationFailed,
    NotificationNotTaken,
    NotificationSent,
    NotificationSkipped,
    mail_facts,
)
from nodback_core.domain.letters.kinds import LetterKind, mail, rules_of
from nodback_core.domain.letters.notifications import UNSENT, Notification, NotificationStatus
from nodback_core.domain.reviews.requests import Effect, Request, Status
from nodback_core.domain.shared.outcomes import Outcome, Text, changed

MAX_SENT_LINES = 4000
"""How many lines of our own mails are kept for telling quotes from answers."""


def is_needed(effect: Effect, request: Request) -> bool:
    """Whether anybody still needs the letter."""
    return _not_needed(effect, request) is None


def first_claim(effect: Effect, request_id: str, *, now: datetime) -> Notification:
    """The notification as the first sender claims it."""
    return Notification(request_id, effect.id, effect.to, NotificationStatus.CLAIMED, now)


def claim_again(known: Notification, claim: Notification, *, now: datetime) -> Notification | None:
    """The claim over an unsent notification that nobody is sending; else None. Why an earlier try failed is kept."""
    if known.status not in UNSENT or known.is_being_sent(now=now):
        return None
    return replace(claim, version=known.version, reason=known.reason, code=known.code)


def give_back(claimed: Notification) -> Outcome:
    """The claim given back, since nothing was sent; why an earlier try failed is kept."""
    if claimed.code is None:
        return Outcome(removals=(claimed,))
    return Outcome(rows=(replace(claimed, status=NotificationStatus.NOT_TAKEN),))


def skip(request: Request, effect: Effect, known: Notification | None, *, now: datetime) -> Outcome | None:
    """The effect done without a mail, because nobody needs it; None when somebody may be sending it now."""
    reason = _not_needed(effect, request)
    if reason is None or (known is not None and known.is_being_sent(now=now)):
        return None
    if known is not None and known.status not in UNSENT:
        # Feedback tells that it went out; only the record is missing.
        return settle(request, effect, sent(effect, known.message_id), known, known)
    code, sentence = reason
    skipped = replace(first_claim(effect, request.request_id, now=now), status=NotificationStatus.SKIPPED)
    happened = NotificationSkipped(**mail_facts(effect), code=code, reason=sentence)
    return settle(request, effect, happened, skipped, known)


def wait(
    request: Request | None, claimed: Notification, stored: Notification | None, refused: Notification, effect: Effect
) -> Outcome | None:
    """The mail that was certainly not sent, waiting for the next try; None when feedback or another sender knows more.

    The entry is written once for each change of the refusal's class, since a try may come every minute.
    """
    if request is None or stored is None or stored.version != claimed.version:
        return None
    assert refused.code is not None
    return changed(request, NotificationNotTaken(**mail_facts(effect), code=refused.code), also=(refused,))


def sent(effect: Effect, message_id: str | None) -> NotificationSent:
    """That the mail service has taken the mail."""
    return NotificationSent(**mail_facts(effect), message_id=message_id)


def failed(effect: Effect, code: str, *, creator: str, is_test: bool) -> NotificationFailed:
    """That the mail will never be sent; the deployment's creator is told if an asking one is lost."""
    told = rules_of(effect.name).asks and effect.to != creator and not is_test
    mails = (mail(LetterKind.BOUNCE_NOTICE, creator),) if told else ()
    return NotificationFailed(**mail_facts(effect), calls_for=mails, code=code)


def settle(
    request: Request,
    effect: Effect,
    happened: MailOutcome,
    ended: Notification,
    stored: Notification | None,
    *,
    texts: tuple[Text, ...] = (),
) -> Outcome | None:
    """The request that owes the effect no more, with what became of it; None when that is recorded already.

    `ended` is the notification as it ends. It is not written when feedback has said more.
    """
    if all(owed.id != effect.id for owed in request.effects):
        return None
    rows = () if stored is not None and stored.status not in UNSENT else (_over(ended, stored),)
    return changed(request.without_effect(effect.id), happened, texts=texts, also=rows)


def quotable(known: str, lines: Sequence[str]) -> str:
    """The lines of our mails that a reply may quote, once a mail with `lines` was sent."""
    newest = set(lines)
    # The newest mail's come last: its end is where a quote of it ends.
    kept = [*(line for line in known.splitlines() if line not in newest), *lines]
    return "\n".join(kept[-MAX_SENT_LINES:])


def _over(ended: Notification, stored: Notification | None) -> Notification:
    return replace(ended, version=stored.version if stored else 0)


def _not_needed(effect: Effect, request: Request) -> tuple[str, str] | None:
    """Why nobody needs the letter any more, as a code and a sentence."""
    rules = rules_of(effect.name)
    if rules.while_pending and request.status is not Status.PENDING:
        return "request_closed", f"the request is {request.status}"
    if rules.asks and effect.to != request.assignment.address:
        return "assigned_to_another", "the request waits for somebody else"
    return None
