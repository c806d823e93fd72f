"""A crowd of requests with deadlines on a virtual clock, under machinery that loses, repeats, delays and dies.

Everything goes through the real use cases: flows open, people answer, reassign and cancel, the bus delivers or does
not, waits end on time, late, twice or never, and any call of any step may fail before or after it was made.
"""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.deadlines import OVERDUE_EVENT
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.errors import Refused
from nodback_core.ports import Event, Store
from nodback_core.usecases.reviews.cancel_request import cancel_request
from nodback_core.usecases.reviews.reassign_request import reassign_request
from nodback_core.usecases.reviews.respond_by_api import respond_by_api
from nodback_core.usecases.shared.sweep import SweepFailed
from support.crashes import sent_but_not_recorded
from support.faults import Fault, Outage, watch
from support.witness import Witness
from support.world import OPTIONS, START, World, mime

DEPLOYMENTS = 8
LATEST = timedelta(days=1)
HORIZON = START + timedelta(days=30)
MAX_TRIES = 3
PLATFORM_RETRY = timedelta(seconds=30)
LOSS, REPEAT, DELAY, CRASH = 0.07, 0.1, 0.1, 0.08
ADDRESSES = tuple(f"person{n}@example.com" for n in range(5))

Act = Callable[[], object]


@dataclass(frozen=True)
class Told:
    """What a person was told: whether their answer is the decision."""

    request_id: str
    recorded: bool


@dataclass
class Crowd:
    """`size` requests from one seed; `play` lets everything happen and returns when nothing is left to do."""

    seed: int
    size: int
    told: list[Told] = field(default_factory=list)
    may_repeat: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.world = World(self.seed)
        self.witness = Witness(self.world.store)
        self.world.store = self.witness  # type: ignore[assignment]
        self.calls = watch(self.world)
        self.queue: list[tuple[datetime, int, str, Act, int]] = []
        self.number = 0
        self.deployments = [self._deployment(n) for n in range(DEPLOYMENTS)]

    @property
    def store(self) -> Store:
        return cast("Store", self.world.store)

    def _deployment(self, number: int) -> Deployment:
        chance = self.random.random

        def minutes() -> float:
            return round(self.random.uniform(1, 180), 2)

        settings: dict[str, object] = {"email_notifications": chance() < 0.4}
        if chance() < 0.6:
            settings["sla_minutes"] = minutes()
        if chance() < 0.6:
            settings["reminder_minutes"] = sorted({minutes() for _ in range(self.random.randint(1, 3))})
        if chance() < 0.5:
            settings["escalation"] = {"after_minutes": minutes(), "to_email": "boss@example.com"}
        if number % 2:
            outcome = self.random.choice([*OPTIONS, "no option"])
            settings["auto_response"] = {"enabled": True, "timeout_minutes": minutes(), "default_outcome": outcome}
        return self.world.deployment(f"creator{number}@example.com", **settings)

    def play(self) -> None:
        for number in range(self.size):
            self.put(self.world.now + self.within(timedelta(hours=2)), "open", self._opening(number))
        self.put(START + timedelta(minutes=1), "sweep", self.sweep)
        while self.queue:
            at, _, kind, act, tries = heapq.heappop(self.queue)
            assert at < HORIZON, f"at {at} there is still something to do: {kind}"
            self.world.now = max(self.world.now, at)
            self._run(kind, act, tries)

    def _run(self, kind: str, act: Act, tries: int) -> None:
        """One act, which may die at any of its calls; what a platform or a client repeats comes again."""
        fault = None
        if self.random.random() < CRASH:
            fault = Fault(self.random.randint(1, 7), self.random.choice(("before", "after")))
        self.calls.start(fault)
        try:
            act()
        except (Outage, SweepFailed):
            self.counts["crashes"] += 1
            if kind in ("open", "answer") or (kind != "sweep" and tries < MAX_TRIES):
                self.put(self.world.now + PLATFORM_RETRY, kind, act, tries + 1)
            if kind == "sweep":
                self.put(self.world.now + timedelta(minutes=1), "sweep", self.sweep)
        finally:
            self.calls.start()
        if fault is not None:
            self.may_repeat |= sent_but_not_recorded(self.world)
        self._deliver()

    def put(self, at: datetime, kind: str, act: Act, tries: int = 0) -> None:
        self.number += 1
        heapq.heappush(self.queue, (at, self.number, kind, act, tries))

    def within(self, span: timedelta) -> timedelta:
        return timedelta(milliseconds=int(self.random.random() * span / timedelta(milliseconds=1)))

    def fates(self) -> Iterator[timedelta]:
        """When something that is on its way arrives: at once, late, twice or never."""
        if self.random.random() < LOSS:
            self.counts["lost"] += 1
            return
        late = self.random.random() < DELAY
        self.counts["late"] += late
        yield self.within(LATEST) if late else timedelta(milliseconds=20)
        if self.random.random() < REPEAT:
            self.counts["repeated"] += 1
            yield self.within(timedelta(minutes=5))

    def _deliver(self) -> None:
        events, self.world.bus.events = self.world.bus.events, []
        for event in events:
            for delay in self.fates():
                self.put(self.world.now + delay, "event", lambda event=event: self._event(event))

    def _event(self, event: Event) -> None:
        """What the rules of the bus do: a wait begins, mails go out."""
        request_id = str(event.detail.get("request_id", ""))
        if event.name in ("request.opened", OVERDUE_EVENT) and "wake_at" in event.detail:
            self._wait(request_id, datetime.fromisoformat(str(event.detail["wake_at"])))
        if event.name != OVERDUE_EVENT:
            self.world.handle(event)

    def _wait(self, request_id: str, wake_at: datetime) -> None:
        for delay in self.fates():
            at = max(self.world.now, wake_at) + delay
            self.put(at, "wake", lambda: self._wake(request_id))

    def _wake(self, request_id: str) -> None:
        again = self.world.wake(request_id)
        if again is not None:
            self._wait(request_id, again)

    def sweep(self) -> None:
        """Once a minute, the minutes in which it would find nothing left out."""
        self.world.sweep()
        attention = [at for r in self.witness.requests.values() if (at := r.attention_at) is not None]
        coming = [at for at, _, kind, _, _ in self.queue if kind != "sweep"]
        if attention or coming:
            soonest = min([*attention, *coming])
            self.put(max(self.world.now, soonest) + timedelta(minutes=1), "sweep", self.sweep)

    def _opening(self, number: int) -> Act:
        deployment = self.random.choice(self.deployments)
        request_id = self.world.uuid()
        flow_id = f"flow-{number if self.random.random() < 0.9 else 0}"
        people = self._people(request_id)

        def act() -> None:
            opened = self.world.pause(deployment, request_id=request_id, flow_id=flow_id)
            if not opened.replayed or request_id not in planned:
                planned.add(request_id)
                for kind, after, deed in people:
                    self.put(self.world.now + after, kind, deed)

        planned: set[str] = set()
        return act

    def _people(self, request_id: str) -> list[tuple[str, timedelta, Act]]:
        """Who will do what with this request, and how long after its opening."""
        deeds: list[tuple[str, timedelta, Act]] = []
        span = timedelta(hours=4)
        for number in range(self.random.choice((0, 0, 1, 1, 2))):
            body, key = self.random.choice((*OPTIONS, "looks fine")), f"{request_id}-{number}"
            by_mail = self.random.random() < 0.3
            act = self._reply(request_id, body) if by_mail else self._answer(request_id, body, key)
            deeds.append(("answer", self.within(span), act))
        if self.random.random() < 0.06:
            deeds.append(("cancel", self.within(span), self._cancel(request_id)))
        if self.random.random() < 0.12:
            deeds.append(("reassign", self.within(span), self._reassign(request_id, self.random.choice(ADDRESSES))))
        return deeds

    def _caller(self, request_id: str, scope: Scope) -> Caller:
        return Caller(scope, self.world.request(request_id).deployment_id, f"k-{scope}")

    def _answer(self, request_id: str, body: str, key: str) -> Act:
        def act() -> None:
            try:
                respond_by_api(
                    request_id,
                    feedback=body,
                    outcome=None,
                    responder=None,
                    idempotency_key=key,
                    caller=self._caller(request_id, Scope.RESPOND),
                    storage=self.world.storage,
                    now=self.world.now,
                )
                self.told.append(Told(request_id, True))
            except Refused:
                self.told.append(Told(request_id, False))

        return act

    def _reply(self, request_id: str, body: str) -> Act:
        def act() -> None:
            about = [mime(m) for m in self.world.mailer.sent if m.tags["request_id"] == request_id]
            asking = [mail for mail in about if mail["Reply-To"]]
            if not asking:
                return
            mail = self.random.choice(asking)
            to, sender = mail["Reply-To"].addresses[0].addr_spec, mail["To"].addresses[0].addr_spec
            result = self.world.reply(body, to=to, sender=sender)
            if result is Result.RECORDED:
                self.told.append(Told(request_id, True))

        return act

    def _cancel(self, request_id: str) -> Act:
        def act() -> None:
            with suppress(Refused):
                caller = self._caller(request_id, Scope.MANAGE)
                cancel_request(request_id, reason="changed plans", caller=caller, **self._tools())

        return act

    def _reassign(self, request_id: str, to: str) -> Act:
        def act() -> None:
            with suppress(Refused):
                caller = self._caller(request_id, Scope.MANAGE)
                reassign_request(request_id, to, reason=None, caller=caller, **self._tools())

        return act

    def _tools(self) -> dict[str, Any]:
        world = self.world
        return {"storage": world.storage, "now": world.now}

    def requests(self) -> list[Request]:
        return [self.world.request(request_id) for request_id in self.witness.requests]
