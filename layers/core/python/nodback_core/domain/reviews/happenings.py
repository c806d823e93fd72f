"""What happens to a request for a review."""

from dataclasses import dataclass
from typing import ClassVar

from nodback_core.domain.reviews.requests import Status
from nodback_core.domain.shared.entries import Action
from nodback_core.domain.shared.happenings import Digested, Happening, Tone
from nodback_core.domain.webhooks.events import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing(Happening):
    """A way out of `pending`. `close` fills in how the request's target stands."""

    sla: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Closing):
    """Somebody has withdrawn it: nobody is asked any more, and its flow does not go on."""

    reason_digest: Digested | str | None = None

    action = Action.REQUEST_CANCELLED
    words = "Cancelled"
    webhook = EventType.REQUEST_CANCELLED
    closes_as: ClassVar[Status] = Status.CANCELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassigned(Happening):
    """Somebody has given it to another person."""

    from_email: str
    to_email: str
    round: int
    reason_digest: Digested | str | None = None

    action = Action.REQUEST_REASSIGNED
    words = "Given to somebody else"
    webhook = EventType.REQUEST_REASSIGNED

    @property
    def detail(self) -> str:
        return f"to {self.to_email}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaBreached(Happening):
    """Nobody has answered by the target."""

    step: str
    sla_due_at: str

    action = Action.SLA_BREACHED
    words = "Target time missed"
    tone = Tone.BAD
    webhook = EventType.SLA_BREACHED
