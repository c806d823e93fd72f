"""What is counted of a request: its opening, its closing, and what its flow took an answer in free text for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from nodback_core.domain.audit.trail import class_of, readable
from nodback_core.domain.audit.trail import kind_of as class_of_action
from nodback_core.domain.flows.happenings import OutcomeSettled
from nodback_core.domain.reviews.happenings import Answered, Opened, TestOpened, WayOut
from nodback_core.domain.reviews.requests import Request, Source, Status
from nodback_core.domain.shared.entries import Action, Entry

UNNAMED = "(no name)"


class Kind(StrEnum):
    """What is counted of a request; each kind at most once."""

    OPENED = "opened"
    CLOSED = "closed"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Fact:
    """What is counted of one request at one moment."""

    deployment_id: int
    request_id: str
    kind: Kind
    at: datetime
    flow_name: str
    method_name: str
    status: Status = Status.PENDING
    source: Source | None = None
    outcome: str | None = None
    responder: str | None = None
    milliseconds: int = 0
    sla: str | None = None
    before: str | None = None
    """What the answer was taken for until now, of a fact that settles it."""
    attempt: int = 0
    """At which attempt to go on it was settled."""

    @property
    def name(self) -> str:
        """What tells it from other facts of its request: an answer may be settled at several attempts."""
        return f"{self.kind}-{self.attempt}" if self.kind is Kind.SETTLED else self.kind.value

    @property
    def is_by_a_person(self) -> bool:
        return self.source is not None and self.source is not Source.AUTO


def kind_of(action: str) -> Kind | None:
    """What an action makes count of a request; None for most actions."""
    said = class_of_action(Action(action))
    if said is Opened:
        return Kind.OPENED
    if said is OutcomeSettled:
        return Kind.SETTLED
    return Kind.CLOSED if said is not None and said.closes_as is not None else None


def facts_of_request(request: Request, kind: Kind) -> tuple[Fact, ...]:
    """The facts from the row, whatever has happened to it since; none for a test, and while it has not come to them."""
    if request.is_test:
        return ()
    names = (request.flow_name, request.method_name)
    if kind is Kind.OPENED:
        return (Fact(request.deployment_id, request.request_id, kind, request.opened_at, *names),)
    if request.closed_at is None:
        return ()
    decision = request.decision
    if kind is Kind.SETTLED:
        return tuple(_settlings(request))
    closing = Fact(
        request.deployment_id,
        request.request_id,
        kind,
        request.closed_at,
        *names,
        status=request.status,
        source=decision.source if decision else None,
        outcome=decision.outcome if decision else None,
        responder=decision.responder if decision else None,
        milliseconds=_milliseconds(request.closed_at - request.opened_at),
        sla=str(request.sla) if request.sla is not None else None,
    )
    return (closing,)


def _settlings(request: Request) -> Iterator[Fact]:
    """Each time that the answer was taken for an option, in order."""
    assert request.decision is not None
    before = None
    for settled in request.settled:
        yield Fact(
            request.deployment_id,
            request.request_id,
            Kind.SETTLED,
            request.decision.at,
            request.flow_name,
            request.method_name,
            source=request.decision.source,
            outcome=settled.outcome,
            responder=request.decision.responder,
            before=before,
            attempt=settled.attempt,
        )
        before = settled.outcome


def fact_of_entries(opened: Entry, entry: Entry) -> Fact | None:
    """The fact from the trail alone; None for an entry that counts nothing, and for a test.

    An entry that cannot be read, as when another version wrote it, never stops the counting: only what its action says
    is counted.
    """
    kind, said = kind_of(entry.action), class_of(entry)
    if kind is None or said is None or class_of(opened) is TestOpened:
        return None
    opening, closing = readable(opened), readable(entry)
    fact = Fact(
        entry.deployment_id,
        entry.subject.removeprefix("request/"),
        kind,
        entry.at,
        flow_name=opening.flow_name if isinstance(opening, Opened) else UNNAMED,
        method_name=opening.method_name if isinstance(opening, Opened) else UNNAMED,
    )
    if kind is Kind.SETTLED:
        return _settling(fact, closing) if isinstance(closing, OutcomeSettled) else None
    if said.closes_as is None:
        return fact
    fact = replace(fact, status=said.closes_as, milliseconds=_milliseconds(entry.at - opened.at))
    if isinstance(closing, WayOut):
        fact = replace(fact, sla=closing.sla)
    if isinstance(closing, Answered):
        fact = replace(fact, source=Source(closing.source), outcome=closing.outcome, responder=closing.responder)
    return fact


def _settling(fact: Fact, said: OutcomeSettled) -> Fact:
    return replace(
        fact,
        at=datetime.fromisoformat(said.decided_at),
        source=Source(said.source),
        outcome=said.outcome,
        responder=said.responder,
        before=said.before,
        attempt=said.attempt,
    )


def _milliseconds(span: timedelta) -> int:
    return max(0, round(span / timedelta(milliseconds=1)))
