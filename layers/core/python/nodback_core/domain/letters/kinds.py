"""Every letter: the one place of its name, with the rules that hold for it.

A letter's templates lie in the folder of its name (`mail/letters/templates`); its class, its sample and its writer each
say which kind they are of. Names are stored with what a request owes, so they stay as they are.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from nodback_core.domain.shared.happenings import EffectDraft

MAIL: Final = "mail"
"""The kind of an effect that is a letter; ids of notifications begin with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRules:
    """What holds for a letter.

    Attributes:
        asks: it asks for an answer, so only the assignee gets it, and its lines are kept to tell quotes from answers.
        while_pending: nobody needs it once the request is closed.
        answers_a_mail: it goes back for a mail that came in, and says so in `Auto-Submitted` (RFC 3834).
    """

    asks: bool
    while_pending: bool
    answers_a_mail: bool


_ASKS = LetterRules(asks=True, while_pending=True, answers_a_mail=False)
_ASKS_AGAIN = LetterRules(asks=True, while_pending=True, answers_a_mail=True)
_ANSWERS = LetterRules(asks=False, while_pending=False, answers_a_mail=True)
_TELLS = LetterRules(asks=False, while_pending=False, answers_a_mail=False)
_TELLS_WHILE_PENDING = LetterRules(asks=False, while_pending=True, answers_a_mail=False)


class LetterKind(StrEnum):
    """The letters by name, each with its rules."""

    rules: LetterRules

    def __new__(cls, name: str, rules: LetterRules) -> Self:
        kind = str.__new__(cls, name)
        kind._value_ = name
        kind.rules = rules
        return kind

    REVIEW_REQUEST = "review_request", _ASKS
    REMINDER = "reminder", _ASKS
    ESCALATED = "escalated", _ASKS
    TEST_MAIL = "test_mail", _ASKS
    EXPIRED_TOKEN = "expired_token", _ASKS_AGAIN
    BLANK_REPLY = "blank_reply", _ASKS_AGAIN
    UNCLEAR_REPLY = "unclear_reply", _ASKS_AGAIN
    UNREADABLE_REPLY = "unreadable_reply", _ASKS_AGAIN
    CONFIRM_REPLY = "confirm_reply", _ASKS_AGAIN
    CONFIRMATION = "confirmation", _ANSWERS
    CLOSED_REQUEST = "closed_request", _ANSWERS
    REASSIGNED_TO_ANOTHER = "reassigned_to_another", _ANSWERS
    WRONG_SENDER_NOTICE = "wrong_sender_notice", _TELLS
    UNPROVEN_REPLY = "unproven_reply", _TELLS_WHILE_PENDING
    REASSIGNED = "reassigned", _TELLS
    CANCELLED = "cancelled", _TELLS
    AUTO_RESPONDED = "auto_responded", _TELLS
    BOUNCE_NOTICE = "bounce_notice", _TELLS_WHILE_PENDING
    SIGN_IN = "sign_in", _TELLS
    """About no request: it is sent by itself and owed by nothing."""


_BY_NAME = {kind.value: kind for kind in LetterKind}


def rules_of(name: str) -> LetterRules:
    """The rules of a letter by its stored name; a letter that only another version knows has none to keep to."""
    kind = kind_named(name)
    return _TELLS if kind is None else kind.rules


def kind_named(name: str) -> LetterKind | None:
    """The letter of a stored name; None for one that only another version knows."""
    return _BY_NAME.get(name)


def mail(letter: LetterKind, to: str, *, about: str = "", quote: str = "") -> EffectDraft:
    """A letter that a happening calls for."""
    return EffectDraft(MAIL, letter.value, to, about, quote)
