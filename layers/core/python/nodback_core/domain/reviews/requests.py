"""A request: one pause of one flow at one method, waiting for one answer.

`Request` is the small row that changes; what was shown, the snapshot and the words of the answer are contents of their
own (see contents.py). All exits from `pending` are named in `CLOSINGS`, and there is no way back.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from nodback_core.domain.shared.entries import ChainRow, Head
from nodback_core.domain.shared.records import Index, Key, Place
from nodback_core.domain.shared.times import stamp

PENDING_SHARDS = 4
ATTENTION_SHARDS = 4
EFFECT_GRACE_SECONDS = 60
"""How long an effect may take before the sweeper asks after it."""
DEADLINE_GRACE_SECONDS = 60
"""How late a wait may be before the sweeper does its work."""
RESUME_LEASE_SECONDS = 60
RESUME_GRACE_SECONDS = 30
"""How long after its lease a resume that was consumed may still be renewed before it counts as lost."""
UNCLAIMED_MINUTES = 15
"""How long an answer may wait for a worker before the trail says that none takes it."""
MAX_LOST_CLAIMS = 10
"""After so many workers in a row that were lost before they consumed it, a resume fails until a person retries it."""
EFFECT_RETRY_SECONDS = (60, 120, 300, 900, 3600)
"""When the sweeper asks again, by the number of times it has asked."""


class Status(StrEnum):
    PENDING = "pending"
    RESPONDED = "responded"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


CLOSINGS = frozenset({Status.RESPONDED, Status.CANCELLED, Status.SUPERSEDED})


class Source(StrEnum):
    """How an answer arrived."""

    EMAIL = "email"
    DASHBOARD = "dashboard"
    API = "api"
    WEBHOOK = "webhook"
    AUTO = "auto"


class ResumeStatus(StrEnum):
    NONE = "none"
    READY = "ready"
    CLAIMED = "claimed"
    CONSUMED = "consumed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


RESUME_STEPS: Mapping[ResumeStatus, frozenset[ResumeStatus]] = {
    ResumeStatus.NONE: frozenset({ResumeStatus.READY}),
    ResumeStatus.READY: frozenset({ResumeStatus.CLAIMED, ResumeStatus.FAILED}),
    ResumeStatus.CLAIMED: frozenset({ResumeStatus.CLAIMED, ResumeStatus.CONSUMED, ResumeStatus.FAILED}),
    ResumeStatus.CONSUMED: frozenset({ResumeStatus.SUCCEEDED, ResumeStatus.FAILED}),
    ResumeStatus.SUCCEEDED: frozenset(),
    ResumeStatus.FAILED: frozenset({ResumeStatus.READY, ResumeStatus.SUCCEEDED}),
}
"""From each status of a resume to those that may follow. `claimed` follows itself when a lease was lost, and `failed`
follows `ready` when receivers were told for a day and none claimed it.

`succeeded` follows `failed` only when the lease, not the worker, had said so and the worker was only late.
"""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who is asked; `round` counts the assignments of one request from 1."""

    round: int
    address: str
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """How a request left `pending`. The words of the answer are a content; here is what decides."""

    decision_id: str
    at: datetime
    source: Source
    responder: str
    identity: str
    """How the responder's identity was established, such as ``reply token and DMARC``."""
    outcome: str | None = None
    source_claim: str | None = None
    seconds: int = 0
    """From opening to decision, in whole seconds."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Handing the response to the flow that waits for it."""

    status: ResumeStatus = ResumeStatus.NONE
    attempt: int = 0
    claim_id: str | None = None
    worker: str | None = None
    lease_until: datetime | None = None
    error: str | None = None
    outcome: str | None = None
    """The outcome that a person gave with a retry, because the decision has none."""
    lost_claims: int = 0
    """Claims in a row that were lost before the flow had gone on."""
    was_lost: bool = False
    """Failed because its lease ran out: its worker may still say how it really ended."""
    ready_at: datetime | None = None
    """Since when a worker may take it, while it is ready."""
    said_unclaimed: bool = False
    """Whether the trail says that no worker took it in time."""


class SettledBy(StrEnum):
    """Who took an answer in free text for one of the options."""

    LLM = "llm"
    """The flow's own LLM."""
    PERSON = "person"
    """Whoever retried its resume with an outcome."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a flow took an answer in free text for, at one attempt to go on."""

    outcome: str
    by: SettledBy
    attempt: int


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that an entry has caused and that is not recorded as done: the sweeper asks after it."""

    kind: str
    seq: int
    """The number of the entry that caused it."""
    name: str
    at: datetime
    """When that entry was made."""
    to: str = ""
    about: str = ""
    """What it refers to, such as the Message-ID that a mail answers."""
    quote: str = ""
    """A sealed text that it quotes, as hex; a letter's desk opens it."""
    asked: int = 0
    due: datetime | None = None

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.seq}:{self.name}"

    @property
    def asked_at(self) -> datetime:
        """When the sweeper asked last; when its entry was made, if it never had to."""
        if self.asked == 0 or self.due is None:
            return self.at
        return self.due - timedelta(seconds=_retry_seconds(self.asked - 1))


@dataclass(frozen=True, slots=True)
class Request(ChainRow):
    request_id: str
    organization_id: int
    deployment_id: int
    flow_id: str
    flow_name: str
    flow_class: str
    """The qualified name of the class that paused; no other class is ever resumed with the answer."""
    method_name: str
    number: int
    opened_at: datetime
    body_digest: str
    """SHA-256 of the body that opened it: the same id with another body is refused."""
    assignment: Assignment
    emit: tuple[str, ...] = ()
    default_outcome: str | None = None
    status: Status = Status.PENDING
    earlier: tuple[Assignment, ...] = ()
    email_notifications: bool = True
    free_text: str = "pass"
    reply_feedback: str = "first_line"
    reply_token_hours: int = 168
    policy: str = "{}"
    """What is due when, as JSON of deadlines.py; frozen at opening."""
    done_steps: tuple[str, ...] = ()
    wake_at: datetime | None = None
    wake_asked_at: datetime | None = None
    """When the sweeper last asked after an overdue wait."""
    sla_due_at: datetime | None = None
    sla: str | None = None
    decision: Decision | None = None
    closed_at: datetime | None = None
    superseded_by: str | None = None
    previous: str | None = None
    """The request of the same flow before this one."""
    resume: Resume = field(default_factory=Resume)
    settled: tuple[Settled, ...] = ()
    """What its flow took an answer in free text for; the last one counts."""
    effects: tuple[Effect, ...] = ()
    webhook_events: tuple[str, ...] = ()
    """The events that webhooks of its deployment want to be told."""
    reason_seq: int | None = None
    """The entry that cancelled it, or gave it to its assignee, if somebody gave a reason; the words are a content."""
    is_test: bool = False
    """Asked to try the way of the mail: no flow waits, so it stands in no list of reviews and nothing is resumed."""
    rejections: int = 0
    """Replies of its people that were refused, and the mails about them: see reply_limits.py."""
    error_mails: int = 0
    stranger_rejections: int = 0
    """The same for replies of which nobody knows that one of its people wrote them."""
    stranger_notices: int = 0
    doubtful_rejections: int = 0
    """The same for what one of its people wrote, but perhaps not in answer to it."""
    confirmations_asked: int = 0
    last_seq: int = 0
    head_hash: str = ""
    version: int = 0

    @property
    def subject(self) -> str:
        return subject_of(self.request_id)

    @property
    def outcome(self) -> str | None:
        """The option that was chosen: by the answer, or else by what its flow took it for."""
        if self.decision is None or self.decision.outcome is not None or not self.settled:
            return None if self.decision is None else self.decision.outcome
        return self.settled[-1].outcome

    def settled_at(self, attempt: int) -> str | None:
        """What its flow took an answer in free text for at an attempt; None where the answer names an option."""
        return next((settled.outcome for settled in self.settled if settled.attempt == attempt), None)

    @property
    def head(self) -> Head:
        return Head(self.organization_id, self.deployment_id, self.subject, self.last_seq, self.head_hash)

    @property
    def attention_at(self) -> datetime | None:
        """When the sweeper should look at this row, or None when nothing can be overdue."""
        moments = [e.due for e in self.effects if e.due is not None]
        if (wait_lost := self.wait_lost_at) is not None:
            moments.append(wait_lost)
        if (unclaimed := self.unclaimed_at) is not None and not self.resume.said_unclaimed:
            moments.append(unclaimed)
        if self.resume.status is ResumeStatus.CONSUMED and self.resume.lease_until is not None:
            moments.append(self.resume.lease_until + timedelta(seconds=RESUME_GRACE_SECONDS))
        return min(moments, default=None)

    @property
    def unclaimed_at(self) -> datetime | None:
        """From when on somebody should know that no worker takes the answer; None while none has to."""
        if self.resume.status is not ResumeStatus.READY or (since := self.resume.ready_at or self.closed_at) is None:
            return None
        return since + timedelta(minutes=UNCLAIMED_MINUTES)

    @property
    def wait_lost_at(self) -> datetime | None:
        """From when on the wait for the next deadline counts as lost."""
        if self.wake_at is None or self.status is not Status.PENDING:
            return None
        asked = max(self.wake_at, self.wake_asked_at or self.wake_at)
        return asked + timedelta(seconds=DEADLINE_GRACE_SECONDS)

    @property
    def key(self) -> "Key[Request]":
        return Request.at(self.request_id)

    @staticmethod
    def at(request_id: str) -> "Key[Request]":
        return Key(Request, f"request/{request_id}", "request")

    @property
    def indexes(self) -> Mapping[Index, Place]:
        return self._waiting if self.is_test else {**self._as_review, **self._waiting}

    @property
    def _as_review(self) -> Mapping[Index, Place]:
        """The lists that people and workers look into."""
        opened = f"{stamp(self.opened_at)}#{self.request_id}"
        places = {Index.BY_MONTH: Place(f"{self.deployment_id}#{stamp(self.opened_at)[:7]}", opened)}
        if self.status is Status.PENDING:
            shard = shard_of(self.request_id, PENDING_SHARDS)
            places[Index.PENDING_BY_DEPLOYMENT] = Place(f"{self.deployment_id}#{shard}", opened)
            places[Index.PENDING_BY_ASSIGNEE] = Place(self.assignment.address, opened)
        if self.decision is not None and self.closed_at is not None:
            closed = f"{stamp(self.closed_at)}#{self.request_id}"
            places[Index.BY_RESPONDER] = Place(self.decision.responder, closed)
        if (claimable := self.claimable_at) is not None:
            partition = ready_partition(self.deployment_id, self.flow_class)
            places[Index.READY_RESUMES] = Place(partition, f"{stamp(claimable)}#{self.request_id}")
        return places

    @property
    def _waiting(self) -> Mapping[Index, Place]:
        """The list that the sweeper looks into."""
        if (attention := self.attention_at) is None:
            return {}
        shard = shard_of(self.request_id, ATTENTION_SHARDS)
        return {Index.ATTENTION: Place(str(shard), f"{stamp(attention)}#{self.request_id}")}

    @property
    def claimable_at(self) -> datetime | None:
        """From when on a worker may claim the resume: at once when ready, after the lease when claimed."""
        if self.resume.status is ResumeStatus.READY:
            return self.closed_at
        if self.resume.status is ResumeStatus.CLAIMED:
            return self.resume.lease_until
        return None

    def without_effect(self, effect_id: str) -> "Request":
        return replace(self, effects=tuple(e for e in self.effects if e.id != effect_id))

    def without_effects(self, kind: str) -> "Request":
        """The same request, owing nothing of this kind."""
        return replace(self, effects=tuple(e for e in self.effects if e.kind != kind))

    def asking_again(self, effect_id: str, *, now: datetime) -> "Request":
        """The same request, its effect asked after once more and due later each time."""
        return replace(self, effects=tuple(_asked(e, now) if e.id == effect_id else e for e in self.effects))


def _asked(effect: Effect, now: datetime) -> Effect:
    return replace(effect, asked=effect.asked + 1, due=now + timedelta(seconds=_retry_seconds(effect.asked)))


def _retry_seconds(asked: int) -> int:
    """How long the sweeper waits after it has asked once more than `asked` times."""
    return EFFECT_RETRY_SECONDS[min(asked, len(EFFECT_RETRY_SECONDS) - 1)]


def subject_of(request_id: str) -> str:
    """The name of a request as a subject of the audit trail."""
    return f"request/{request_id}"


def ready_partition(deployment_id: int, flow_class: str) -> str:
    """Where the ready resumes of one flow class stand, so that a poll reads its own flows' rows and no others."""
    return f"{deployment_id}#{flow_class}"


def shard_of(text: str, shards: int) -> int:
    """A stable shard for `text`, from 0 to `shards` - 1."""
    return hashlib.sha256(text.encode()).digest()[0] % shards
