"""What happens to the answer of a flow that waits."""

from dataclasses import dataclass

from nodback_core.domain.shared.entries import Action
from nodback_core.domain.shared.happenings import Happening, Tone
from nodback_core.domain.webhooks.events import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeClaimed(Happening):
    """A worker holds it."""

    attempt: int
    claim_id: str
    worker: str | None
    lease_lost_by: str | None = None

    action = Action.RESUME_CLAIMED
    words = "The answer was taken by a worker"
    is_event = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeUnclaimed(Happening):
    """No worker has taken it for `UNCLAIMED_MINUTES`; nothing is lost, and whichever comes next takes it."""

    flow_class: str
    since: str

    action = Action.RESUME_UNCLAIMED
    words = "No worker takes the answer"
    tone = Tone.BAD


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeConsumed(Happening):
    """The flow has taken it, and its listeners run."""

    attempt: int
    claim_id: str

    action = Action.RESUME_CONSUMED
    words = "The flow goes on"
    is_event = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeSettled(Happening):
    """An answer in free text was taken for one of the options: by the flow's LLM, or by the person who retried.

    `before` is what it was taken for at an earlier attempt. Who answered, how and when is repeated, for the figures.
    """

    outcome: str
    settled_by: str
    attempt: int
    before: str | None = None
    responder: str
    source: str
    decided_at: str

    action = Action.OUTCOME_SETTLED
    words = "The answer was taken for an option"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeSucceeded(Happening):
    """The flow has gone on to its end or to its next pause."""

    attempt: int
    claim_id: str
    reason: str | None = None
    """The kind of an error that its worker told all the same."""

    action = Action.RESUME_SUCCEEDED
    words = "The flow ran through"
    tone = Tone.GOOD
    webhook = EventType.RESUME_SUCCEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeFailed(Happening):
    """The flow could not go on; a person may retry it."""

    attempt: int
    reason: str | None = None
    claim_id: str | None = None

    action = Action.RESUME_FAILED
    words = "The flow could not go on"
    tone = Tone.BAD
    webhook = EventType.RESUME_FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRetried(Happening):
    """Somebody has made it ready again."""

    after: int
    outcome: str | None

    action = Action.RESUME_RETRIED
    readies_resume = True
    words = "A retry was asked for"
