"""What happens to a request for a review."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from nodback_core.domain.reviews.requests import Status
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action
from nodback_core.domain.shared.happenings import Digest, Digested, Happening, Tone
from nodback_core.domain.webhooks.events import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Happening):
    """A flow has paused, and somebody is to be asked."""

    flow_id: str
    flow_name: str
    method_name: str
    number: int
    emit: Sequence[Json]
    default_outcome: str | None
    email_notifications: bool
    sla_due_at: str | None
    shown_digest: Digested | str
    snapshot_digest: Digested | str
    wake_at: str | None = None
    not_scheduled: Mapping[str, Json] | None = None

    action = Action.REQUEST_OPENED
    words = "The flow paused and asked"
    calls_for_mail = True
    webhook = EventType.NEW_REQUEST


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOpened(Happening):
    """The way of the mail is tried: no flow waits. Its entry has the action of an opening, and `test`."""

    # The name begins like a test class; pytest looks at this.
    __test__ = False

    test: bool
    method_name: str
    assigned_to: str

    action = Action.REQUEST_OPENED
    words = "A test of the mail was asked for"
    calls_for_mail = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned(Happening):
    """The rules have chosen who is asked."""

    assigned_to_email: str
    rule: str | None
    reason: str
    considered: Sequence[Json]
    round: int

    action = Action.REQUEST_ASSIGNED
    words = "Assigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassigned(Happening):
    """Somebody has given it to another person."""

    from_email: str
    to_email: str
    round: int
    reason_digest: Digested | str | None = None

    action = Action.REQUEST_REASSIGNED
    words = "Given to somebody else"
    calls_for_mail = True
    webhook = EventType.REQUEST_REASSIGNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded(Happening):
    """The assignee was reminded."""

    step: str
    to: str

    action = Action.REQUEST_REMINDED
    words = "Reminded"
    calls_for_mail = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated(Happening):
    """Nobody has answered in time, so somebody else is asked; `skipped` says why nobody was."""

    step: str
    from_email: str | None = None
    to_email: str | None = None
    round: int | None = None
    skipped: str | None = None

    action = Action.REQUEST_ESCALATED
    words = "Escalated"
    tone = Tone.WAIT
    calls_for_mail = True
    webhook = EventType.REQUEST_ESCALATED

    @property
    def webhook_event(self) -> EventType | None:
        # It was the assignee's already: nothing has changed.
        return None if self.to_email is None else self.webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaBreached(Happening):
    """Nobody has answered by the target."""

    step: str
    sla_due_at: str

    action = Action.SLA_BREACHED
    words = "Target time missed"
    tone = Tone.BAD
    webhook = EventType.SLA_BREACHED


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut(Happening):
    """A way out of `pending`. `close` fills in how the target of the request stands."""

    sla: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(WayOut):
    """An answer, whatever channel it came by."""

    decision_id: str
    outcome: str | None
    responder: str
    identity: str
    source: str
    response_seconds: int
    decided_at: str
    feedback_digest: Digested | str
    reply_text_digest: Digested | str
    source_claim: str | None = None

    readies_resume = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Responded(Answered):
    """Somebody has answered: by mail, on the dashboard, over the API or at a callback URL."""

    mail_id: str | None = None
    message_id: str | None = None
    raw_digest: str | None = None
    object_key: str | None = None
    verdicts: Mapping[str, Json] | None = None
    headers_vouched_by: str | None = None
    round: int | None = None
    session_id: str | None = None
    answered_for: str | None = None
    """The assignee, when an alias or somebody who stands in for them has written."""

    action = Action.REQUEST_RESPONDED
    words = "Answered"
    tone = Tone.GOOD
    calls_for_mail = True
    webhook = EventType.REQUEST_RESPONDED
    closes_as: ClassVar[Status] = Status.RESPONDED

    def facts(self, digest: Digest | None = None) -> dict[str, Json]:
        known = Happening.facts(self, digest)
        # A mail without a usable Message-ID is a fact of its own.
        return known | {"message_id": self.message_id} if self.mail_id is not None else known


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoResponded(Answered):
    """Nobody has answered in time, so the default outcome is the answer."""

    step: str

    action = Action.REQUEST_AUTO_RESPONDED
    words = "Answered automatically"
    tone = Tone.WAIT
    calls_for_mail = True
    webhook = EventType.REQUEST_AUTO_RESPONDED
    closes_as: ClassVar[Status] = Status.RESPONDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(WayOut):
    """Somebody has withdrawn it: nobody is asked any more, and its flow does not go on."""

    reason_digest: Digested | str | None = None

    action = Action.REQUEST_CANCELLED
    words = "Cancelled"
    calls_for_mail = True
    webhook = EventType.REQUEST_CANCELLED
    closes_as: ClassVar[Status] = Status.CANCELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded(WayOut):
    """Its flow has paused anew, and waits there."""

    superseded_by: str
    superseded_by_number: int

    action = Action.REQUEST_SUPERSEDED
    words = "Superseded by a newer request"
    closes_as: ClassVar[Status] = Status.SUPERSEDED
