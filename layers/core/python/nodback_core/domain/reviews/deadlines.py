"""What is due for a pending request, and when: reminders, escalation, auto-response and the breach of its SLA.

The policy is frozen when the request is opened. A wake asks `due` for what to do, does each step in the order given,
records each with `done_after`, and sleeps until `next_wake`. Early, late and double wakes all end in the same state:
a step is returned until it is recorded, never twice after that, and of several that are overdue only those that still
serve somebody.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from nodback_core.domain.deployments.settings import Settings
from nodback_core.domain.reviews.options import match_option
from nodback_core.domain.reviews.sla import due_at

MS_PER_MINUTE = 60_000
OVERDUE_EVENT = "deadline.overdue"
"""The event that a wait was lost, so that it starts again. It is no entry of the trail."""


class Off(StrEnum):
    """Why something is not going to happen for a request."""

    DISABLED = "disabled"
    NO_OPTIONS = "no_options"
    NOT_AN_OPTION = "default_outcome_is_no_option"
    TO_ASSIGNEE = "escalates_to_the_assignee"
    NOT_MAILED = "email_notifications_are_off"


@dataclass(frozen=True, slots=True)
class EscalateAfter:
    after_ms: int
    to: str


@dataclass(frozen=True, slots=True)
class RespondAfter:
    after_ms: int
    outcome: str


@dataclass(frozen=True, slots=True)
class DeadlinePolicy:
    """What happens to one request while nobody answers, in milliseconds from its opening.

    Where a part is missing, its `_off` says why; None there means that nobody asked for it.
    """

    sla_ms: int | None = None
    reminders_ms: tuple[int, ...] = ()
    escalation: EscalateAfter | None = None
    auto_response: RespondAfter | None = None
    reminders_off: Off | None = None
    escalation_off: Off | None = None
    auto_response_off: Off | None = Off.DISABLED


@dataclass(frozen=True, slots=True)
class SlaBreach:
    """Nobody answered within the target."""

    @property
    def name(self) -> str:
        return "sla-breach"


@dataclass(frozen=True, slots=True)
class ReminderDue:
    """The assignee is to be reminded; `index` counts the reminders of the policy from 1."""

    index: int

    @property
    def name(self) -> str:
        return f"reminder-{self.index}"


@dataclass(frozen=True, slots=True)
class Escalate:
    """`to` becomes the assignee; when it is already, the step is recorded and nothing else happens."""

    to: str

    @property
    def name(self) -> str:
        return "escalation"


@dataclass(frozen=True, slots=True)
class AutoRespond:
    """The request is answered with `outcome`, unless somebody was faster."""

    outcome: str

    @property
    def name(self) -> str:
        return "auto-response"


Step: TypeAlias = SlaBreach | ReminderDue | Escalate | AutoRespond
_STRENGTH: Mapping[type[Step], int] = {SlaBreach: 0, ReminderDue: 1, Escalate: 2, AutoRespond: 3}


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A step and the moment from which it is due."""

    at: datetime
    step: Step


def policy_for(settings: Settings, emit: Sequence[str] | None, *, assignee: str | None = None) -> DeadlinePolicy:
    """The policy of a request that is opened under these settings with these options, and assigned to `assignee`.

    The outcome of the auto-response is written as the option is, and compared as a reply is: see `match_option`.
    """
    auto, escalation = settings.auto_response, settings.escalation
    respond, respond_off = None, Off.DISABLED
    if auto.enabled and auto.timeout_minutes is not None and auto.default_outcome is not None:
        outcome = match_option(auto.default_outcome, emit or ())
        respond_off = Off.NOT_AN_OPTION if emit else Off.NO_OPTIONS
        respond = None if outcome is None else RespondAfter(_ms(auto.timeout_minutes), outcome)
    to_assignee = escalation is not None and escalation.to_email == assignee
    mailed = settings.email_notifications
    return DeadlinePolicy(
        sla_ms=None if settings.sla_minutes is None else _ms(settings.sla_minutes),
        reminders_ms=tuple(sorted({_ms(after) for after in settings.reminder_minutes})) if mailed else (),
        escalation=None
        if escalation is None or to_assignee
        else EscalateAfter(_ms(escalation.after_minutes), escalation.to_email),
        auto_response=respond,
        reminders_off=Off.NOT_MAILED if settings.reminder_minutes and not mailed else None,
        escalation_off=Off.TO_ASSIGNEE if to_assignee else None,
        auto_response_off=respond_off if respond is None else None,
    )


def _ms(minutes: float) -> int:
    return round(minutes * MS_PER_MINUTE)


def schedule(policy: DeadlinePolicy, opened_at: datetime) -> tuple[Scheduled, ...]:
    """All that may happen, in the order of time; at the same moment the stronger step comes last.

    What would fall on or after the auto-response is left out, except the SLA breach: when everything is late, the
    breach is still a fact.
    """
    auto_at = auto_response_at(policy, opened_at)
    steps = [s for s in _steps(policy, opened_at) if auto_at is None or s.at < auto_at or isinstance(s.step, SlaBreach)]
    if policy.auto_response is not None and auto_at is not None:
        steps.append(Scheduled(auto_at, AutoRespond(policy.auto_response.outcome)))
    return tuple(sorted(steps, key=lambda s: (s.at, _STRENGTH[type(s.step)])))


def _steps(policy: DeadlinePolicy, opened_at: datetime) -> Iterator[Scheduled]:
    sla_due_at = due_at(opened_at, policy.sla_ms)
    if sla_due_at is not None:
        yield Scheduled(sla_due_at, SlaBreach())
    for index, after_ms in enumerate(policy.reminders_ms, start=1):
        yield Scheduled(opened_at + timedelta(milliseconds=after_ms), ReminderDue(index))
    if policy.escalation is not None:
        at = opened_at + timedelta(milliseconds=policy.escalation.after_ms)
        yield Scheduled(at, Escalate(policy.escalation.to))


def auto_response_at(policy: DeadlinePolicy, opened_at: datetime) -> datetime | None:
    """When the request answers itself, or None when it waits for a person."""
    auto = policy.auto_response
    return None if auto is None else opened_at + timedelta(milliseconds=auto.after_ms)


def due(policy: DeadlinePolicy, opened_at: datetime, done: Collection[str], now: datetime) -> tuple[Step, ...]:
    """The steps to take now, in this order, for a request that is still pending; `done` holds names of steps.

    At most the SLA breach and one more: an auto-response makes escalation and reminders useless, an escalation mail
    makes an overdue reminder useless, and of several overdue reminders the last one says it all.
    """
    overdue = [s.step for s in _outstanding(policy, opened_at, done) if s.at <= now]
    breach = tuple(step for step in overdue if isinstance(step, SlaBreach))
    others = [step for step in overdue if not isinstance(step, SlaBreach)]
    return (*breach, max(others, key=_by_strength)) if others else breach


def done_after(
    policy: DeadlinePolicy, opened_at: datetime, done: Collection[str], step: Step, now: datetime
) -> tuple[str, ...]:
    """`done` once `step` was taken at `now`: with it, and with the overdue steps that it made useless."""
    useless = {
        s.step.name
        for s in _outstanding(policy, opened_at, done)
        if not isinstance(step, SlaBreach)
        and not isinstance(s.step, SlaBreach)
        and (s.at <= now or isinstance(step, AutoRespond))
        and _by_strength(s.step) < _by_strength(step)
    }
    recorded = {*done, *useless, step.name}
    return tuple(s.step.name for s in schedule(policy, opened_at) if s.step.name in recorded)


def next_wake(policy: DeadlinePolicy, opened_at: datetime, done: Collection[str]) -> datetime | None:
    """The next moment at which something is due, possibly past already; None when nothing will ever be."""
    return min((s.at for s in _outstanding(policy, opened_at, done)), default=None)


def coming(policy: DeadlinePolicy, opened_at: datetime, done: Collection[str]) -> tuple[Scheduled, ...]:
    """What will still happen by itself while nobody answers, in order."""
    return tuple(_outstanding(policy, opened_at, done))


def _outstanding(policy: DeadlinePolicy, opened_at: datetime, done: Collection[str]) -> list[Scheduled]:
    """What is neither done nor overtaken by a later reminder that is done; nothing after an auto-response."""
    steps = schedule(policy, opened_at)
    taken = [s.step for s in steps if s.step.name in done]
    if any(isinstance(step, AutoRespond) for step in taken):
        return []
    reminded = max((step.index for step in taken if isinstance(step, ReminderDue)), default=0)
    return [
        s for s in steps if s.step not in taken and not (isinstance(s.step, ReminderDue) and s.step.index <= reminded)
    ]


def _by_strength(step: Step) -> tuple[int, int]:
    return _STRENGTH[type(step)], step.index if isinstance(step, ReminderDue) else 0


def as_document(policy: DeadlinePolicy) -> dict[str, object]:
    """The policy as JSON values, for the request's row; what is missing is left out."""
    document: dict[str, object] = {
        "sla_ms": policy.sla_ms,
        "reminders_ms": list(policy.reminders_ms) or None,
        "escalation": policy.escalation and {"after_ms": policy.escalation.after_ms, "to": policy.escalation.to},
        "auto_response": policy.auto_response
        and {"after_ms": policy.auto_response.after_ms, "outcome": policy.auto_response.outcome},
        "reminders_off": policy.reminders_off and policy.reminders_off.value,
        "escalation_off": policy.escalation_off and policy.escalation_off.value,
        "auto_response_off": policy.auto_response_off and policy.auto_response_off.value,
    }
    return {name: value for name, value in document.items() if value is not None}


def from_document(document: Mapping[str, object]) -> DeadlinePolicy:
    """The policy that `as_document` wrote; an empty document is a request without deadlines."""
    escalation, auto = document.get("escalation"), document.get("auto_response")
    reminders = document.get("reminders_ms")
    respond = RespondAfter(_whole(auto["after_ms"]), str(auto["outcome"])) if isinstance(auto, Mapping) else None
    return DeadlinePolicy(
        sla_ms=None if document.get("sla_ms") is None else _whole(document["sla_ms"]),
        reminders_ms=tuple(_whole(ms) for ms in reminders) if isinstance(reminders, list | tuple) else (),
        escalation=EscalateAfter(_whole(escalation["after_ms"]), str(escalation["to"]))
        if isinstance(escalation, Mapping)
        else None,
        auto_response=respond,
        reminders_off=_off(document.get("reminders_off")),
        escalation_off=_off(document.get("escalation_off")),
        auto_response_off=None if respond else _off(document.get("auto_response_off")) or Off.DISABLED,
    )


def _whole(value: object) -> int:
    return int(str(value))


def _off(value: object) -> Off | None:
    return None if value is None else Off(str(value))
