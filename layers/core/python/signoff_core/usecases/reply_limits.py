"""How much refused replies may cause: entries in the trail, mails to the people of a request, mails to one address.

Strangers count apart from the people of a request, so that nobody can use up what an assignee is owed.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from signoff_core.domain.requests import Request
from signoff_core.domain.sessions import Tally
from signoff_core.ports import Store

MAX_REJECTIONS_RECORDED = 50
"""Entries of refused mails per request, from strangers and from its people each; beyond it they are only logged."""
MAX_ERROR_MAILS = 10
"""Mails to the people of one request about refused replies of their own."""
MAX_STRANGER_NOTICES = 3
"""Mails to the assignee of one request about replies of others."""
MAX_ERROR_MAILS_PER_ADDRESS = 30
"""Such mails to one address within an hour, whatever the request."""
WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one refused reply may cause: the request with it counted, and the tally to write if a mail goes out."""

    request: Request
    tally: Tally | None

    @property
    def mail(self) -> bool:
        return self.tally is not None


def allow(request: Request, *, by_stranger: bool, tell: str | None, store: Store, now: datetime) -> Allowed | None:
    """Count a refused reply about which `tell` would be mailed; None when it is not even written down any more."""
    recorded = request.stranger_rejections if by_stranger else request.rejections
    if recorded >= MAX_REJECTIONS_RECORDED:
        return None
    mails, limit = request.error_mails, MAX_ERROR_MAILS
    if by_stranger:
        mails, limit = request.stranger_notices, MAX_STRANGER_NOTICES
    tally = _tally(tell, store=store, now=now) if tell is not None and mails < limit else None
    sent = int(tally is not None)
    if by_stranger:
        counted = replace(request, stranger_rejections=recorded + 1, stranger_notices=mails + sent)
    else:
        counted = replace(request, rejections=recorded + 1, error_mails=mails + sent)
    return Allowed(counted, tally)


def _tally(address: str, *, store: Store, now: datetime) -> Tally | None:
    """The address's count of this hour with one more, None when it is full."""
    window = int(now.timestamp() // WINDOW.total_seconds())
    name = f"error-mails/{address}"
    row = Tally.at(name, window)
    ends_at = datetime.fromtimestamp((window + 1) * WINDOW.total_seconds(), UTC) + WINDOW
    tally = store.fetch(row)[row] or Tally(name, window, ends_at)
    return tally.once_more() if tally.count < MAX_ERROR_MAILS_PER_ADDRESS else None
