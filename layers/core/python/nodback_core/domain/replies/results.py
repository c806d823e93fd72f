"""What can become of a reply, and what its writer is told of it."""

from collections.abc import Mapping
from enum import StrEnum


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
LETTERS: Mapping[Result, str] = {
    **dict.fromkeys(DOUBTS, "confirm_reply"),
    Result.OTHER_SENDER: "wrong_sender_notice",
    Result.REASSIGNED: "reassigned_to_another",
    Result.EXPIRED_TOKEN: "expired_token",
    Result.CLOSED: "closed_request",
    Result.UNREADABLE: "unreadable_reply",
    Result.BLANK: "blank_reply",
    Result.UNCLEAR: "unclear_reply",
}
"""What is sent back for a failed check; no letter means silence."""
STRANGERS = frozenset({Result.AUTOMATIC, Result.FORGED_TOKEN, Result.OTHER_SENDER, Result.NOT_AUTHENTICATED})
"""Checks whose failing leaves open who wrote."""
