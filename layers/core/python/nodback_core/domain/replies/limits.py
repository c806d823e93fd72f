"""How much refused replies may cause: entries in the trail, mails to the people of a request, mails to one address.

Strangers, and copies of mails that may be sent by strangers, count apart from the people of a request, so that nobody
can use up what an assignee is owed.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from nodback_core.domain.people.sessions import Tally
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.records import Key

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


def allow(request: Request, *, writer: Writer, tally: Tally | None) -> Allowed | None:
    """Count a refused reply; None when it is not even written down any more.

    `tally` counts the hour's mails to the address that would be told; None when nobody is to be told.
    """
    recorded, mails, limit = {
        Writer.PERSON: (request.rejections, request.error_mails, MAX_ERROR_MAILS),
        Writer.STRANGER: (request.stranger_rejections, request.stranger_notices, MAX_STRANGER_NOTICES),
        Writer.DOUBTFUL: (request.doubtful_rejections, request.confirmations_asked, MAX_CONFIRMATIONS),
    }[writer]
    if recorded >= MAX_REJECTIONS_RECORDED:
        return None
    told = None
    if tally is not None and mails < limit and tally.count < MAX_ERROR_MAILS_PER_ADDRESS:
        told = tally.once_more()
    recorded, mails = recorded + 1, mails + int(told is not None)
    match writer:
        case Writer.PERSON:
            counted = replace(request, rejections=recorded, error_mails=mails)
        case Writer.STRANGER:
            counted = replace(request, stranger_rejections=recorded, stranger_notices=mails)
        case Writer.DOUBTFUL:
            counted = replace(request, doubtful_rejections=recorded, confirmations_asked=mails)
    return Allowed(counted, told)


def tally_at(address: str, now: datetime) -> Key[Tally]:
    """Where this hour's mails to an address are counted."""
    return Tally.at(*_window(address, now))


def empty_tally(address: str, now: datetime) -> Tally:
    """The count of an hour in which nothing was mailed to an address yet."""
    name, window = _window(address, now)
    ends_at = datetime.fromtimestamp((window + 1) * WINDOW.total_seconds(), UTC) + WINDOW
    return Tally(name, window, ends_at)


def _window(address: str, now: datetime) -> tuple[str, int]:
    return f"error-mails/{address}", int(now.timestamp() // WINDOW.total_seconds())
