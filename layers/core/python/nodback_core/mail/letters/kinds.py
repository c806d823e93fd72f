"""Every mail that Nodback sends, as frozen data: one class per kind, one folder of templates per class.

The folder of a class is its name in snake case (`ReviewRequest` -> `letters/review_request/`). Times are aware;
they are printed in the zone that they carry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from nodback_core.version import PRODUCT

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"


@dataclass(frozen=True)
class Branding:
    """What the owner of an install chooses about the look of its mails."""

    sender_name: str = PRODUCT
    subject_prefix: str = ""
    footer: str | None = None


@dataclass(frozen=True)
class About:
    """The request that a mail is about; the same in every mail of one request."""

    deployment_name: str
    flow_id: str
    method_name: str
    number: int
    message: str


@dataclass(frozen=True)
class Deadline:
    """Something that happens by itself if nobody has answered by then."""

    at: datetime
    kind: Literal["reminder", "escalation", "auto_response"]
    outcome: str | None = None
    to_email: str | None = None


@dataclass(frozen=True)
class Asking:
    """How the reader can answer: the signed reply address, and what a reply may say.

    `options` are the emit options as the flow spells them; empty means that any text is welcome.
    `free_text` and `reply_feedback` are the deployment's settings of these names.
    """

    reply_address: str
    token_expires_at: datetime
    options: tuple[str, ...] = ()
    free_text: Literal["pass", "ask"] = "pass"
    reply_feedback: Literal["first_line", "whole"] = "first_line"
    deadlines: tuple[Deadline, ...] = ()
    review_url: str | None = None


@dataclass(frozen=True)
class ReviewRequest:
    """Asks the assignee for an answer.

    `content` is what the method returned: a string is Markdown, anything else is shown as JSON, None is not shown.
    `context` is a handful of labelled values of the flow's state (`mail.content.context_of` picks them).
    `earlier_rounds` is how many people the request was assigned to before; `reason` is why it was reassigned, in the
    words of whoever did it.
    """

    about: About
    asking: Asking
    content: JsonValue
    created_at: datetime
    context: tuple[tuple[str, str], ...] = ()
    earlier_rounds: int = 0
    reason: str | None = None
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class Reminder:
    """The request once more, since nobody has answered yet."""

    request: ReviewRequest
    sent_at: datetime

    @property
    def branding(self) -> Branding:
        return self.request.branding


@dataclass(frozen=True)
class Escalated:
    """The request to the address it was escalated to, `previous_email` not having answered."""

    request: ReviewRequest
    previous_email: str

    @property
    def branding(self) -> Branding:
        return self.request.branding


@dataclass(frozen=True)
class ExpiredToken:
    """The answer to a reply whose address had expired: the request once more, with a fresh address."""

    request: ReviewRequest
    expired_at: datetime

    @property
    def branding(self) -> Branding:
        return self.request.branding


@dataclass(frozen=True)
class Confirmation:
    """Tells the responder what was recorded; of a test review, that their reply came back."""

    about: About
    outcome: str | None
    feedback: str
    responder: str
    responded_at: datetime
    review_url: str | None = None
    is_test: bool = False
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class NewerRequest:
    """A later pause of the same flow that waits for an answer now."""

    number: int
    assigned_to_reader: bool
    review_url: str | None = None


@dataclass(frozen=True)
class ClosedRequest:
    """The answer to a reply that came after the request was closed; `responder` may be withheld."""

    about: About
    status: Literal["responded", "cancelled", "superseded"]
    closed_at: datetime
    outcome: str | None = None
    feedback: str | None = None
    responder: str | None = None
    automatic: bool = False
    newer: NewerRequest | None = None
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class ReassignedToAnother:
    """The answer to a reply of somebody who was the assignee once and is not any more."""

    about: About
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class WrongSenderNotice:
    """Tells the assignee that somebody else tried to answer with their reply address."""

    about: About
    attempted_from: str
    received_at: datetime
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class BlankReply:
    """The answer to a reply without any text of its own."""

    about: About
    asking: Asking
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class UnclearReply:
    """The answer to a reply that is none of the options, where the deployment wants one of them (`free_text: ask`).

    `later_line` is the line that takes back the option on the first one, where there is such a line.
    """

    about: About
    asking: Asking
    first_line: str
    later_line: str = ""
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class UnreadableReply:
    """The answer to an authenticated reply that was too large or too broken to be read."""

    about: About
    asking: Asking
    reason: Literal["too_large", "unreadable"] = "unreadable"
    branding: Branding = field(default_factory=Branding)


Why: TypeAlias = Literal[
    "ambiguous_headers", "several_reviews", "not_addressed", "misdated", "reused_message_id", "not_covered"
]


@dataclass(frozen=True)
class ConfirmReply:
    """The answer to an authentic mail that may be a copy of another one; asks to answer from a fresh address.

    `why` is the check that failed. `written_at` is the date of the mail, None when nobody can read it.
    """

    about: About
    asking: Asking
    why: Why
    received_at: datetime
    asked_at: datetime
    written_at: datetime | None = None
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class Reassigned:
    """Tells the previous assignee that the request has gone to somebody else."""

    about: About
    reassigned_at: datetime
    because: Literal["reassigned", "escalated"] = "reassigned"
    reason: str | None = None
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class Cancelled:
    """Tells the assignee that no answer is needed any more."""

    about: About
    cancelled_at: datetime
    reason: str | None = None
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class AutoResponded:
    """Tells the assignee that the time was up and which outcome was recorded."""

    about: About
    outcome: str
    responded_at: datetime
    review_url: str | None = None
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class BounceNotice:
    """Tells the deployment's creator that a request did not reach its assignee."""

    about: About
    failed_address: str
    kind: Literal["bounce", "complaint", "rejected"]
    diagnostic: str | None
    failed_at: datetime
    review_url: str | None = None
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class TestMail:
    """A harmless review that shows whether mail goes out and replies come back."""

    __test__ = False  # the name is the design's word, not a test class

    deployment_name: str
    asking: Asking
    requested_at: datetime
    branding: Branding = field(default_factory=Branding)


@dataclass(frozen=True)
class SignIn:
    """Brings the link and the code with which the browser that asked is signed in."""

    sign_in_url: str
    code: str
    asked_at: datetime
    expires_at: datetime
    branding: Branding = field(default_factory=Branding)


Letter: TypeAlias = (
    ReviewRequest
    | Reminder
    | Escalated
    | ExpiredToken
    | Confirmation
    | ClosedRequest
    | ReassignedToAnother
    | WrongSenderNotice
    | BlankReply
    | UnclearReply
    | UnreadableReply
    | ConfirmReply
    | Reassigned
    | Cancelled
    | AutoResponded
    | BounceNotice
    | TestMail
    | SignIn
)
