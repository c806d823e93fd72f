"""Many requests with deadlines on a virtual clock: waits that come twice, late, never, and crash half way.

NODBACK_FUZZ_SCALE multiplies the number of histories (1 = 100 of them); the seed is fixed and printed on failure.
"""

import heapq
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import HealthCheck, given, note, seed
from hypothesis import settings as run
from hypothesis import strategies as st

from nodback_core.domain.deployments.settings import AutoResponse, Escalation, Settings
from nodback_core.domain.reviews.deadlines import (
    AutoRespond,
    Escalate,
    ReminderDue,
    Step,
    done_after,
    due,
    next_wake,
    policy_for,
    schedule,
)

SEED = 20261122
HISTORIES = 100 * int(os.environ.get("NODBACK_FUZZ_SCALE", "1"))
OPENED = datetime(2026, 11, 22, 10, tzinfo=UTC)
SWEEP_EVERY = 7
"""Minutes between two looks of the sweeper at what is overdue."""
EMIT = ("approved", "rejected")

Fate = Literal["fine", "twice", "late", "lost", "crash before", "crash after one step"]
FATES: tuple[Fate, ...] = ("fine", "twice", "late", "lost", "crash before", "crash after one step")

minutes = st.integers(min_value=1, max_value=90)
configured = st.builds(
    Settings,
    sla_minutes=st.none() | minutes,
    reminder_minutes=st.lists(minutes, max_size=5, unique=True).map(lambda found: tuple(sorted(found))),
    escalation=st.none() | st.builds(Escalation, minutes, st.just("boss@example.com")),
    auto_response=st.builds(AutoResponse, st.booleans(), minutes, st.sampled_from(["approved", "no option"])),
)


@dataclass
class Row:
    """A request's row as the store keeps it: every write names the version that it read."""

    done: tuple[str, ...] = ()
    decided_by: str | None = None
    version: int = 0
    log: list[tuple[int, str]] = field(default_factory=list)
    mailed: list[int] = field(default_factory=list)
    """When the row was read for each step that mails the assignee."""


@dataclass(frozen=True)
class Plan:
    """What a wake has read: the version of the row, when, and the steps that were due."""

    version: int = 0
    read_at: int = 0
    steps: tuple[Step, ...] = ()


NOTHING = Plan()


@dataclass
class Simulation:
    settings: Settings
    answered_at: int | None
    fates: list[Fate]
    delays: list[int]
    row: Row = field(default_factory=Row)
    queue: list[tuple[int, int, str, Plan]] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.policy = policy_for(self.settings, EMIT)

    def put(self, at: int, kind: str, plan: Plan = NOTHING) -> None:
        self.count += 1
        heapq.heappush(self.queue, (at, self.count, kind, plan))

    def play(self) -> Row:
        self.sleep(0)
        self.put(SWEEP_EVERY, "sweep")
        if self.answered_at is not None:
            self.put(self.answered_at, "answer")
        while self.queue:
            at, _, kind, plan = heapq.heappop(self.queue)
            if kind == "answer":
                self.decide(at, "human")
            elif kind == "wake":
                self.wake(at)
            elif kind == "write":
                self.write(at, plan)
            else:
                self.sweep(at)
        return self.row

    def sleep(self, at: int) -> None:
        """The wait: it fires at its time, or twice, late or never, as this history has it."""
        moment = next_wake(self.policy, OPENED, self.row.done)
        if moment is None or self.row.decided_by:
            return
        wakes_at = max(at, int((moment - OPENED).total_seconds() // 60))
        fate = self.fates[self.count % len(self.fates)]
        delay = self.delays[self.count % len(self.delays)]
        if fate != "lost":
            self.put(wakes_at + (delay if fate == "late" else 0), "wake")
        if fate == "twice":
            self.put(wakes_at + self.count % 2, "wake")

    def wake(self, at: int) -> None:
        """Read the row and decide what is due; the write comes a little later and may find another version."""
        if self.row.decided_by is None:
            self.put(at + self.delays[self.count % len(self.delays)] % 3, "write", self.read(at))

    def read(self, at: int) -> Plan:
        return Plan(self.row.version, at, due(self.policy, OPENED, self.row.done, self.moment(at)))

    def write(self, at: int, plan: Plan) -> None:
        fate = self.fates[self.count % len(self.fates)]
        if fate == "crash before" or self.row.decided_by:
            return
        if plan.version != self.row.version:
            self.wake(at)
            return
        for step in plan.steps:
            if isinstance(step, ReminderDue | Escalate):
                self.row.mailed.append(plan.read_at)
            self.take(at, step)
            if fate == "crash after one step":
                return
        self.sleep(at)

    def take(self, at: int, step: Step) -> None:
        self.row.log.append((at, step.name))
        self.row.done = done_after(self.policy, OPENED, self.row.done, step, self.moment(at))
        self.row.version += 1
        if isinstance(step, AutoRespond):
            self.decide(at, "auto")

    def decide(self, at: int, who: str) -> None:
        if self.row.decided_by is None:
            self.row.decided_by = who
            self.row.version += 1
            self.row.log.append((at, f"decided by {who}"))

    def sweep(self, at: int) -> None:
        moment = next_wake(self.policy, OPENED, self.row.done)
        if self.row.decided_by or moment is None:
            return
        if moment <= self.moment(at):
            # The sweeper works in one go: its crash is the next sweep.
            self.write(at, self.read(at))
        self.put(at + SWEEP_EVERY, "sweep")

    @staticmethod
    def moment(at: int) -> datetime:
        return OPENED + timedelta(minutes=at)


# At least one run in the cycle is fine, else the machine as a whole is down for ever.
fates = st.lists(st.sampled_from(FATES), max_size=6).map(lambda found: [*found, "fine"])
histories = st.builds(
    Simulation,
    configured,
    st.none() | st.integers(min_value=0, max_value=120),
    fates,
    st.lists(st.integers(min_value=0, max_value=1500), min_size=1, max_size=5),
)


@seed(SEED)
@run(max_examples=HISTORIES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(histories)
def test_whatever_happens_to_the_waits_each_request_ends_in_the_right_state(history: Simulation):
    row = history.play()
    note(f"seed {SEED}: {row}")
    names = [name for _, name in row.log]
    due_from = {s.step.name: s.at for s in schedule(history.policy, OPENED)}
    assert len(names) == len(set(names)), "a step was taken twice"
    assert all(history.moment(at) >= due_from[name] for at, name in row.log if name in due_from), "a step came early"
    decisions = [name for name in names if name.startswith("decided")]
    assert len(decisions) <= 1
    if decisions:
        assert names[-1] == decisions[0], "something happened after the decision"
    if history.answered_at is not None or history.policy.auto_response is not None:
        assert decisions, "a request hangs although it should have been answered"
    else:
        assert next_wake(history.policy, OPENED, row.done) is None, "something is left to do"
        assert ("escalation" in names) == (history.policy.escalation is not None)
        assert ("sla-breach" in names) == (history.policy.sla_ms is not None)
    if row.decided_by == "auto" and history.answered_at is not None:
        assert row.log[-1][0] <= history.answered_at, "a human answer that landed first lost"
    if row.decided_by == "human":
        assert "auto-response" not in names
    assert len(row.mailed) == len(set(row.mailed)), "two mails at once about one request"
