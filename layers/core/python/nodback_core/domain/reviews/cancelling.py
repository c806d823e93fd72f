"""Withdrawing a request: nobody is asked any more, and its flow does not go on."""

from datetime import datetime

from nodback_core.domain.letters.kinds import LetterKind, mail
from nodback_core.domain.reviews.closing import close
from nodback_core.domain.reviews.happenings import Cancelled
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.happenings import Digested
from nodback_core.domain.shared.outcomes import Outcome


def cancel(request: Request, *, by: Actor, reason: str | None, now: datetime) -> Outcome:
    """The request cancelled, with a mail to its assignee; raises what `too_late` says of one that is closed already."""
    mails = (mail(LetterKind.CANCELLED, request.assignment.address),) if request.email_notifications else ()
    cancelled = Cancelled(by=by, calls_for=mails, reason_digest=Digested(reason) if reason else None)
    return Outcome((close(request, cancelled, reason=reason, now=now),))
