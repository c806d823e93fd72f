"""Requests with deadlines, 10,000 in `make fuzz` and 100 in `make test`: each ends in the right state."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from support import invariants
from support.crowds import Crowd
from support.pauses import no_pauses
from support.scale import SCALE, SEED, replay_with
from support.witness import CLOSING_ACTIONS

from nodback_core.domain.reviews.deadlines import (
    Escalate,
    ReminderDue,
    SlaBreach,
    coming,
    from_document,
    schedule,
)
from nodback_core.domain.reviews.requests import Request, Source, Status

REQUESTS = 100 * SCALE
CROWD = 100


def problems(crowd: Crowd, request: Request) -> Iterator[str]:
    """What is wrong with how this request stands when nothing is left to do."""
    policy = from_document(json.loads(request.policy))
    planned = {s.step.name: s for s in schedule(policy, request.opened_at)}
    entries = crowd.store.chain(request.subject).items
    steps = [(e.at, str(e.data["step"])) for e in entries if "step" in e.data]
    closing = next((e for e in entries if e.action.value in CLOSING_ACTIONS), None)
    for name, times in Counter(name for _, name in steps).items():
        if times > 1:
            yield f"{name} happened {times} times"
    for at, name in steps:
        if at < planned[name].at:
            yield f"{name} came at {at}, before {planned[name].at}"
    if closing is not None and any(
        e.seq > closing.seq and "step" in e.data and e.action.value not in CLOSING_ACTIONS for e in entries
    ):
        yield "a deadline was met after the end"
    if policy.auto_response is not None and request.status is Status.PENDING:
        yield "it still waits although it should have answered itself"
    if request.status is Status.PENDING and coming(policy, request.opened_at, request.done_steps):
        yield f"left to do: {request.wake_at}"
    if request.sla_due_at is not None:
        breached = request.closed_at is None or request.closed_at >= request.sla_due_at
        if request.sla != ("breached" if breached else "met"):
            yield f"its target stands as {request.sla}, closed {request.closed_at}, due {request.sla_due_at}"
        if sum(e.action.value == "sla.breached" for e in entries) != breached:
            yield "its breach and its entries differ"
    if request.status is Status.PENDING:
        names = {name for _, name in steps}
        wanted = {n for n, s in planned.items() if isinstance(s.step, Escalate | SlaBreach)}
        if missing := wanted - names:
            yield f"never happened: {missing}"
        reminders = [s for s in planned.values() if isinstance(s.step, ReminderDue)]
        if reminders and not names & {"escalation", *(s.step.name for s in reminders)}:
            yield "nobody was reminded or followed up"
    recorded = [t for t in crowd.told if t.request_id == request.request_id and t.recorded]
    human = request.decision is not None and request.decision.source is not Source.AUTO
    if recorded and not human:
        yield f"somebody was told that their answer counts, but it is {request.status} by {request.decision}"


@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_every_request_of_a_crowd_ends_in_the_right_state() -> None:
    ended: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for seed in range(SEED, SEED + REQUESTS // CROWD):
        crowd = Crowd(seed, CROWD)
        with no_pauses():
            crowd.play()
            invariants.check(crowd.world, crowd.witness, may_repeat=crowd.may_repeat)
            invariants.nothing_owed(crowd.world, crowd.witness)
        requests = crowd.requests()
        assert len(requests) == CROWD, replay_with(seed)
        wrong = [f"{r.request_id}: {problem}" for r in requests for problem in problems(crowd, r)]
        assert not wrong, "\n".join([replay_with(seed), *wrong])
        ended.update(f"{r.status} {r.decision.source if r.decision else ''}".strip() for r in requests)
        met.update(crowd.counts)
    print(f"\n{REQUESTS} requests from {replay_with(SEED)}: {dict(ended)}; met with {dict(met)}")
    assert ended["responded auto"]
    assert ended["responded api"]
