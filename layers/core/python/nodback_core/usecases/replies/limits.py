"""How much refused replies may cause: entries in the trail, mails to the people of a request, mails to one address.

Strangers, and copies of mails that may be sent by strangers, count apart from the people of a request, so that nobody
can use up what an assignee is owed.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from nodback_core.domain.people.sessions import Tally
from nodback_core.domain.reviews.requests import Request
from nodback_core.ports import Store

MAX_REJECTIONS_RECORDED = 50
"""Entries of refused mails per request, from strangers, doubtful ones and from its people each; then only logged."""
MAX_ERROR_MAILS = 10
"""Mails to the people of one request about refused replies of their own."""
MAX_STRANGER_NOTICES = 3
"""Mails to the assignee of one request about replies of others."""
MAX_CONFIRMATIONS = 5
"""Mails to the assignee of one request that ask to confirm a doubtful reply."""
MAX_ERROR_MAILS_PER_ADDRESS = 30
"""Such mails to one address within an hour, whatever the request."""
WINDOW = timedelta(hours=1)


class Writer(StrEnum):
    """Who has written a refused reply, as far as it is known."""

    PERSON = "person"
    """Somebody who is or was asked."""
    STRANGER = "stranger"
    """Somebody else, or nobody knows who."""
    DOUBTFUL = "doubtful"
    """Somebody who was asked wrote it, but perhaps for another purpose, and a stranger sent it."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one refused reply may cause: the request with it counted, and the tally to write if a mail goes out."""

    request: Request
    tally: Tally | None

    @property
    def mail(self) -> bool:
        return self.tally is not None


def allow(request: Request, *, writer: Writer, tell: str | None, store: Store, now: datetime) -> Allowed | None:
    """Count a refused reply about which `tell` would be mailed; None when it is not even written down any more."""
    recorded, mails, limit = {
        Writer.PERSON: (request.rejections, request.error_mails, MAX_ERROR_MAILS),
        Writer.STRANGER: (request.stranger_rejections, request.stranger_notices, MAX_STRANGER_NOTICES),
        Writer.DOUBTFUL: (request.doubtful_rejections, request.confirmations_asked, MAX_CONFIRMATIONS),
    }[writer]
    if recorded >= MAX_REJECTIONS_RECORDED:
        return None
    tally = _tally(tell, store=store, now=now) if tell is not None and mails < limit else None
    recorded, mails = recorded + 1, mails + int(tally is not None)
    match writer:
        case Writer.PERSON:
            counted = replace(request, rejections=recorded, error_mails=mails)
        case Writer.STRANGER:
            counted = replace(request, stranger_rejections=recorded, stranger_notices=mails)
        case Writer.DOUBTFUL:
            counted = replace(request, doubtful_rejections=recorded, confirmations_asked=mails)
    return Allowed(counted, tally)


def _tally(address: str, *, store: Store, now: datetime) -> Tally | None:
    """The address's count of this hour with one more, None when it is full."""
    window = int(now.timestamp() // WINDOW.total_seconds())
    name = f"error-mails/{address}"
    row = Tally.at(name, window)
    ends_at = datetime.fromtimestamp((window + 1) * WINDOW.total_seconds(), UTC) + WINDOW
    tally = store.fetch(row)[row] or Tally(name, window, ends_at)
    return tally.once_more() if tally.count < MAX_ERROR_MAILS_PER_ADDRESS else None
