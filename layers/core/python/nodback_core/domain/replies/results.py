"""What can become of a reply, and what its writer is told of it."""

from collections.abc import Mapping
from enum import StrEnum

from nodback_core.domain.letters.kinds import LetterKind


class Result(StrEnum):
    """What became of a mail; the names of failed checks are those of the entries."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    NO_TOKEN = "no_token"
    MALFORMED_TOKEN = "malformed_token"
    UNKNOWN_REQUEST = "unknown_request"
    AUTOMATIC = "automatic"
    FORGED_TOKEN = "forged_token"
    OTHER_SENDER = "other_sender"
    NOT_AUTHENTICATED = "not_authenticated"
    VIRUS = "virus"
    SPAM = "spam"
    REASSIGNED = "reassigned"
    EXPIRED_TOKEN = "expired_token"
    CLOSED = "request_closed"
    AMBIGUOUS_HEADERS = "ambiguous_headers"
    SEVERAL_REVIEWS = "several_reviews"
    NOT_ADDRESSED = "not_addressed"
    MISDATED = "misdated"
    REUSED_MESSAGE_ID = "reused_message_id"
    NOT_COVERED = "not_covered"
    UNREADABLE = "unreadable"
    BLANK = "blank"
    UNCLEAR = "unclear"
    MISSING = "missing"


DOUBTS = (
    Result.AMBIGUOUS_HEADERS,
    Result.SEVERAL_REVIEWS,
    Result.NOT_ADDRESSED,
    Result.MISDATED,
    Result.REUSED_MESSAGE_ID,
    Result.NOT_COVERED,
)
"""Checks that fail when an authentic mail may not be an answer to this review, but a copy of another; in order."""
UNPROVEN = (Result.NOT_AUTHENTICATED, Result.VIRUS, Result.SPAM)
"""Checks that fail when a mail names its sender, and SES does not let us believe or open it; in order."""
LETTERS: Mapping[Result, LetterKind] = {
    **dict.fromkeys(UNPROVEN, LetterKind.UNPROVEN_REPLY),
    **dict.fromkeys(DOUBTS, LetterKind.CONFIRM_REPLY),
    Result.OTHER_SENDER: LetterKind.WRONG_SENDER_NOTICE,
    Result.REASSIGNED: LetterKind.REASSIGNED_TO_ANOTHER,
    Result.EXPIRED_TOKEN: LetterKind.EXPIRED_TOKEN,
    Result.CLOSED: LetterKind.CLOSED_REQUEST,
    Result.UNREADABLE: LetterKind.UNREADABLE_REPLY,
    Result.BLANK: LetterKind.BLANK_REPLY,
    Result.UNCLEAR: LetterKind.UNCLEAR_REPLY,
}
"""What is sent back for a failed check; no letter means silence."""
STRANGERS = frozenset({Result.AUTOMATIC, Result.FORGED_TOKEN, Result.OTHER_SENDER, *UNPROVEN})
"""Checks whose failing leaves open who wrote."""
