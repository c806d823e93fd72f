"""Every mail that Nodback sends, as frozen data: one class for each kind of letter.

A letter's rules stand on its kind, and its templates lie in the folder of its kind's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Literal, Self, TypeAlias

from nodback_core.domain.letters.kinds import LetterKind
from nodback_core.mail.letters.parts import About, Asking, Branding, JsonValue, NewerRequest, subject_of_test
from nodback_core.mail.letters.shapes import AskingNote, LinkedNote, Note
from nodback_core.mail.letters.wording import one_line


@dataclass(frozen=True)
class ReviewRequest(AskingNote):
    """Asks the assignee for an answer.

    `content` is what the method returned: a string is Markdown, anything else is shown as JSON, None is not shown.
    `context` is a handful of labelled values of the flow's state (`mail/letters/content.py` picks them).
    `earlier_rounds` is how many people the request was assigned to before; `reason` is why it was reassigned, in the
    words of whoever did it.
    """

    kind = LetterKind.REVIEW_REQUEST

    content: JsonValue
    created_at: datetime
    context: tuple[tuple[str, str], ...] = ()
    earlier_rounds: int = 0
    reason: str | None = None


@dataclass(frozen=True)
class RepeatedRequest:
    """A letter that brings the request once more, below a word on why it does."""

    kind: ClassVar[LetterKind]

    request: ReviewRequest

    @property
    def branding(self) -> Branding:
        return self.request.branding

    @property
    def about(self) -> About:
        return self.request.about

    @property
    def asking(self) -> Asking:
        return self.request.asking

    @property
    def subject(self) -> str:
        return self.request.subject

    def linked(self, url: str) -> Self:
        """The letter with a link to the page of its request."""
        return replace(self, request=self.request.linked(url))


@dataclass(frozen=True)
class Reminder(RepeatedRequest):
    """The request once more, since nobody has answered yet."""

    kind = LetterKind.REMINDER

    sent_at: datetime


@dataclass(frozen=True)
class EscalatedRequest(RepeatedRequest):
    """The request to the address it was escalated to, because `previous_email` has not answered."""

    kind = LetterKind.ESCALATED

    previous_email: str


@dataclass(frozen=True)
class ExpiredToken(RepeatedRequest):
    """The answer to a reply whose address had expired: the request once more, with a fresh address."""

    kind = LetterKind.EXPIRED_TOKEN

    expired_at: datetime


@dataclass(frozen=True)
class Confirmation(LinkedNote):
    """Tells the responder what was recorded; of a test review, that their reply came back."""

    kind = LetterKind.CONFIRMATION

    outcome: str | None
    feedback: str
    responder: str
    responded_at: datetime
    is_test: bool = False

    @property
    def subject(self) -> str:
        if self.is_test:
            return subject_of_test(self.about.deployment_name, self.branding)
        return super().subject

    def linked(self, url: str) -> Self:
        # Nobody reviews a test.
        return self if self.is_test else replace(self, review_url=url)


@dataclass(frozen=True)
class ClosedRequest(Note):
    """The answer to a reply that came after the request was closed; `responder` may be withheld."""

    kind = LetterKind.CLOSED_REQUEST

    status: Literal["responded", "cancelled", "superseded"]
    closed_at: datetime
    outcome: str | None = None
    feedback: str | None = None
    responder: str | None = None
    automatic: bool = False
    newer: NewerRequest | None = None


@dataclass(frozen=True)
class ReassignedToAnother(Note):
    """The answer to a reply of somebody who was the assignee once and no longer is."""

    kind = LetterKind.REASSIGNED_TO_ANOTHER


@dataclass(frozen=True)
class WrongSenderNotice(LinkedNote):
    """Tells the assignee that somebody else tried to answer with their reply address, and how to add that sender.

    The link leads to the page of the review, where they sign in by their own address first. `attempted_from` says
    in words what is wrong with From where it names no address for certain; then there is none to add.
    """

    kind = LetterKind.WRONG_SENDER_NOTICE

    attempted_from: str
    received_at: datetime

    def linked(self, url: str) -> Self:
        return super().linked(url) if "@" in self.attempted_from else self


@dataclass(frozen=True)
class UnprovenReply(LinkedNote):
    """Tells the assignee that a reply in their name was not taken, since its sender is not proved or SES refused it.

    `why` is the check that failed.
    """

    kind = LetterKind.UNPROVEN_REPLY

    why: Literal["not_authenticated", "virus", "spam"]
    received_at: datetime


@dataclass(frozen=True)
class BlankReply(AskingNote):
    """The answer to a reply without any text of its own, or with a greeting, thanks, a label or an emoji at most."""

    kind = LetterKind.BLANK_REPLY


@dataclass(frozen=True)
class UnclearReply(AskingNote):
    """The answer to a reply that names no option clearly: it doubts the option that it begins with, in every mode, or
    it is none of the options where the deployment wants one of them (`free_text: ask`).

    `first_line` is the first line that says something. `later_line` is the line that takes back the option on it, where
    there is such a line.
    """

    kind = LetterKind.UNCLEAR_REPLY

    first_line: str
    later_line: str = ""


@dataclass(frozen=True)
class UnreadableReply(AskingNote):
    """The answer to an authenticated reply that was too large or too broken to be read."""

    kind = LetterKind.UNREADABLE_REPLY

    reason: Literal["too_large", "unreadable"] = "unreadable"


Why: TypeAlias = Literal[
    "ambiguous_headers", "several_reviews", "not_addressed", "misdated", "reused_message_id", "not_covered"
]


@dataclass(frozen=True)
class ConfirmReply(AskingNote):
    """The answer to an authentic mail that may be a copy of another one; asks to answer from a fresh address.

    `why` is the check that failed. `written_at` is the date of the mail, None when nobody can read it.
    """

    kind = LetterKind.CONFIRM_REPLY

    why: Why
    received_at: datetime
    asked_at: datetime
    written_at: datetime | None = None


@dataclass(frozen=True)
class ReassignmentNotice(Note):
    """Tells the previous assignee that the request has gone to somebody else."""

    kind = LetterKind.REASSIGNED

    reassigned_at: datetime
    by_escalation: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class CancellationNotice(Note):
    """Tells the assignee that an answer is no longer needed."""

    kind = LetterKind.CANCELLED

    cancelled_at: datetime
    reason: str | None = None


@dataclass(frozen=True)
class AutoResponseNotice(LinkedNote):
    """Tells the assignee that time ran out, and which outcome was recorded."""

    kind = LetterKind.AUTO_RESPONDED

    outcome: str
    responded_at: datetime


@dataclass(frozen=True)
class BounceNotice(LinkedNote):
    """Tells the deployment's creator that a request did not reach its assignee."""

    kind = LetterKind.BOUNCE_NOTICE

    failed_address: str
    loss: Literal["bounce", "complaint", "rejected"]
    diagnostic: str | None
    failed_at: datetime


@dataclass(frozen=True)
class TestMail:
    """A harmless review that shows whether mail goes out and replies come back."""

    __test__ = False  # the name is the design's word, not a test class
    kind = LetterKind.TEST_MAIL

    deployment_name: str
    asking: Asking
    requested_at: datetime
    branding: Branding = field(default_factory=Branding)

    @property
    def subject(self) -> str:
        return subject_of_test(self.deployment_name, self.branding)


@dataclass(frozen=True)
class SignInLetter:
    """Brings the link and the code with which the browser that asked is signed in."""

    kind = LetterKind.SIGN_IN

    sign_in_url: str
    code: str
    asked_at: datetime
    expires_at: datetime
    branding: Branding = field(default_factory=Branding)

    @property
    def subject(self) -> str:
        return f"Sign in to {one_line(self.branding.sender_name, 60)}"


RequestLetter: TypeAlias = (
    ReviewRequest
    | Reminder
    | EscalatedRequest
    | ExpiredToken
    | Confirmation
    | ClosedRequest
    | ReassignedToAnother
    | WrongSenderNotice
    | UnprovenReply
    | BlankReply
    | UnclearReply
    | UnreadableReply
    | ConfirmReply
    | ReassignmentNotice
    | CancellationNotice
    | AutoResponseNotice
    | BounceNotice
    | TestMail
)
"""A letter that a request owes."""
Letter: TypeAlias = RequestLetter | SignInLetter


def asking_of(letter: Letter) -> Asking | None:
    """How the letter can be answered, if it asks for an answer."""
    return letter.asking if isinstance(letter, AskingNote | RepeatedRequest | TestMail) else None


def request_in(letter: Letter) -> ReviewRequest | None:
    """The request that the letter shows, if it shows one."""
    if isinstance(letter, RepeatedRequest):
        return letter.request
    return letter if isinstance(letter, ReviewRequest) else None


def linked(letter: RequestLetter, url: str) -> RequestLetter:
    """The letter with a link to the page of its request, where it has a place for one."""
    return letter.linked(url) if isinstance(letter, LinkedNote | AskingNote | RepeatedRequest) else letter
