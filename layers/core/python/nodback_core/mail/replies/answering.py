"""Whether a mail was written as an answer to this very mail of ours: checks in a fixed order, each with its code.

DKIM covers neither envelope nor time, so any authentic mail of a reviewer can be sent to a reply address once more.
Only its own headers tell, and only where something vouches for them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from nodback_core.domain.replies.results import Result
from nodback_core.domain.replies.token import tokens_of
from nodback_core.mail.replies.heading import Heading

BEFORE_OPENING = timedelta(hours=1)
"""How far the clock of a sender's machine may be behind ours."""
AHEAD = timedelta(hours=24)
"""How far it may be ahead, wrong time zones included."""


@dataclass(frozen=True)
class Expected:
    """What an answer must be: to this reply address of ours, written since the request was opened.

    is_used: whether its Message-ID came with another mail, or in answer to another request. needs_proof: whether
    something must vouch for its headers.
    """

    address: str
    opened_at: datetime
    now: datetime
    is_used: bool
    needs_proof: bool


def doubt_about(heading: Heading, expected: Expected) -> Result | None:
    """The code of the first check that fails, or None for an answer."""
    return next((code for code, holds in CHECKS if not holds(heading, expected)), None)


def believed(heading: Heading, address: str) -> frozenset[str]:
    """The headers that tell that a mail is an answer to this address."""
    return frozenset({"from", "date", "message-id", "to" if address in heading.to else "cc"})


def _is_to_one_review(heading: Heading, expected: Expected) -> bool:
    return len(tokens_of((*heading.to, *heading.cc), expected.address.rpartition("@")[2])) <= 1


def _is_addressed(heading: Heading, expected: Expected) -> bool:
    return expected.address in heading.to or expected.address in heading.cc


def _is_of_its_time(heading: Heading, expected: Expected) -> bool:
    if heading.date is None:
        return False
    return expected.opened_at - BEFORE_OPENING <= heading.date <= expected.now + AHEAD


def _is_covered(heading: Heading, expected: Expected) -> bool:
    return not expected.needs_proof or heading.proof.covering(believed(heading, expected.address)) is not None


CHECKS: tuple[tuple[Result, Callable[[Heading, Expected], bool]], ...] = (
    (Result.AMBIGUOUS_HEADERS, lambda heading, _: not heading.is_ambiguous),
    (Result.SEVERAL_REVIEWS, _is_to_one_review),
    (Result.NOT_ADDRESSED, _is_addressed),
    (Result.MISDATED, _is_of_its_time),
    (Result.REUSED_MESSAGE_ID, lambda _, expected: not expected.is_used),
    (Result.NOT_COVERED, _is_covered),
)
