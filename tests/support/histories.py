"""Any history of a few requests: people answer, machines repeat, delay, lose and die, and after every step it holds."""

import re
from collections.abc import Callable
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import ResumeStatus
from nodback_core.domain.shared.errors import NodbackError
from nodback_core.mail.replies.sender import Verdicts
from nodback_core.usecases.flows.resumes import claim_resume, mark_consumed, record_result, renew_resume, retry_resume
from nodback_core.usecases.reviews.cancel_request import cancel_request
from nodback_core.usecases.reviews.reassign_request import reassign_request
from nodback_core.usecases.reviews.respond import Recorded
from nodback_core.usecases.reviews.respond_by_api import respond_by_api
from nodback_core.usecases.shared.sweep import SweepFailed
from support import invariants
from support.crashes import KEY_SECRET, sent_but_not_recorded
from support.faults import Calls, Fault, Outage, watch
from support.pauses import no_pauses
from support.witness import CLOSING_ACTIONS, Witness
from support.world import FLOW_CLASS, OPTIONS, PASS, REPLY_DOMAIN, World

FLOW, RESPOND, MANAGE = (Caller(scope, 1, f"k-{scope}") for scope in (Scope.FLOW, Scope.RESPOND, Scope.MANAGE))
PEOPLE = ("reviewer@example.com", "other@example.com", "boss@example.com")
SETTINGS: tuple[dict[str, object], ...] = (
    {},
    {"free_text": "ask", "reminder_minutes": [10, 40], "sla_minutes": 30},
    {"auto_response": {"enabled": True, "timeout_minutes": 60, "default_outcome": "rejected"}},
    {
        "escalation": {"after_minutes": 20, "to_email": "boss@example.com"},
        "auto_response": {"enabled": True, "timeout_minutes": 90, "default_outcome": "approved"},
        "reminder_minutes": [15],
    },
    {"email_notifications": False, "auto_response": {"enabled": True, "timeout_minutes": 5, "default_outcome": "x"}},
)
TEXTS = (*OPTIONS, "looks fine to me", "", "> quoted only", "approved\n\nOn Monday somebody wrote:\n> rejected")
CHAPTERS = 40
"""Steps of one history, at most."""
REPLY_ADDRESS = re.compile(rf"r-[a-z2-7]{{56}}@{re.escape(REPLY_DOMAIN)}".encode())

some = st.one_of(st.integers(0, 1), st.integers(0, 11))
faults = st.none() | st.builds(Fault, at=st.integers(1, 9), when=st.sampled_from(("before", "after")))


class History(RuleBasedStateMachine):
    """The rules are what may happen; each step may be struck by a failure at one of its calls."""

    make_world: ClassVar[Callable[[], World]] = World

    def __init__(self) -> None:
        super().__init__()
        self.patience = no_pauses()
        self.patience.__enter__()
        self.world = type(self).make_world()
        self.witness = Witness(self.world.store, (KEY_SECRET,))
        self.world.store = self.witness
        self.calls: Calls = watch(self.world)
        self.twice: set[str] = set()
        self.request_ids: list[str] = []
        self.said: dict[str, str] = {}
        self.claims: list[tuple[str, str]] = []

    @initialize(settings=st.sampled_from(SETTINGS))
    def register(self, settings: dict[str, object]) -> None:
        self.deployment = self.world.deployment(**settings)

    def do(self, act: Callable[[], object], fault: Fault | None = None) -> object:
        """Take a step; what it was refused, and that it failed, changes nothing that must hold."""
        self.calls.start(fault)
        self.refused = False
        try:
            return act()
        except (NodbackError, SweepFailed, Outage):
            self.refused = True
        finally:
            self.calls.start()
            self.twice |= sent_but_not_recorded(self.world)
        return None

    def request_id(self, which: int) -> str:
        """The newest request is number 0."""
        return self.request_ids[-1 - which % len(self.request_ids)]

    # Flows.

    @rule(flow=st.integers(1, 2), fault=faults)
    def pause(self, flow: int, fault: Fault | None) -> None:
        request_id = self.world.uuid()
        self.request_ids.append(request_id)
        pause = lambda: self.world.pause(self.deployment, flow_id=f"flow-{flow}", request_id=request_id)  # noqa: E731
        self.do(pause, fault)
        self.do(pause)  # the SDK sends it again until it is told

    @rule(flow=st.integers(1, 3), text=st.sampled_from(OPTIONS), deliver=st.booleans(), fault=faults)
    def pause_and_answer(self, flow: int, text: str, deliver: bool, fault: Fault | None) -> None:
        """The common case, so that histories go on from there."""
        self.pause(flow, None)
        self.world.deliver()
        if self.addresses():
            self.reply(0, text, None, PASS, False, 1, fault)
            if deliver:
                self.world.deliver()

    @rule(worker=st.integers(1, 2), consume=st.booleans(), fault=faults)
    def claim_and_work(self, worker: int, consume: bool, fault: Fault | None) -> None:
        before = len(self.claims)
        self.claim(worker, None)
        if len(self.claims) > before:
            self.work(before, "consumed", fault)
            if consume:
                self.work(before, "succeeded", fault)

    # People.

    @precondition(lambda self: self.addresses())
    @rule(
        which=some,
        text=st.sampled_from(TEXTS),
        stranger=st.sampled_from((None, None, None, "mallory@example.net")),
        verdicts=st.sampled_from((PASS, PASS, PASS, Verdicts(dmarc="FAIL"))),
        automatic=st.sampled_from((False, False, False, True)),
        times=st.integers(1, 2),
        fault=faults,
    )
    def reply(
        self,
        which: int,
        text: str,
        stranger: str | None,
        verdicts: Verdicts,
        automatic: bool,
        times: int,
        fault: Fault | None,
    ) -> None:
        addresses = self.addresses()
        to, person = addresses[which % len(addresses)]
        message_id = f"<{next(self.world.counter)}@example.com>"
        headers = "Auto-Submitted: auto-replied\r\n" if automatic else ""
        before: object = None
        for _ in range(times):
            told = self.do(
                lambda: self.world.reply(
                    text,
                    to=to,
                    sender=stranger or person,
                    verdicts=verdicts,
                    headers=headers,
                    message_id=message_id,
                ),
                fault,
            )
            fault = None
            assert before is None or told is Result.DUPLICATE, f"the same mail again was {told}"
            before = told
            if told is Result.RECORDED:
                assert not stranger, "a stranger decided"
                assert not automatic, "a machine decided"
                assert verdicts is PASS, "an unauthenticated mail decided"
                self.accept("message_id", message_id)

    def addresses(self) -> list[tuple[str, str]]:
        """Every reply address that was ever mailed, with the person that it was mailed to, the newest first."""
        heads = ((mail.message[: mail.message.index(b"\r\n\r\n")], mail.to) for mail in self.world.mailer.sent)
        found = [(address[0].decode(), to) for head, to in heads if (address := REPLY_ADDRESS.search(head))]
        return found[::-1]

    @precondition(lambda self: self.request_ids)
    @rule(which=some, outcome=st.sampled_from(OPTIONS), key=st.integers(0, 2), fault=faults)
    def answer_by_api(self, which: int, outcome: str, key: int, fault: Fault | None) -> None:
        request_id = self.request_id(which)
        told = self.do(
            lambda: respond_by_api(
                request_id,
                feedback=None,
                outcome=outcome,
                responder=f"script {key}",
                idempotency_key=str(key),
                caller=RESPOND,
                **self.ports(),
            ),
            fault,
        )
        if isinstance(told, Recorded):
            assert told.request.decision is not None
            self.accept("decision_id", told.request.decision.decision_id)

    @precondition(lambda self: self.request_ids)
    @rule(which=some, fault=faults)
    def cancel(self, which: int, fault: Fault | None) -> None:
        request_id = self.request_id(which)
        self.do(lambda: cancel_request(request_id, reason="not needed", caller=MANAGE, **self.ports()), fault)

    @precondition(lambda self: self.request_ids)
    @rule(which=some, to=st.sampled_from(PEOPLE), fault=faults)
    def reassign(self, which: int, to: str, fault: Fault | None) -> None:
        request_id = self.request_id(which)
        self.do(lambda: reassign_request(request_id, to, reason=None, caller=MANAGE, **self.ports()), fault)

    # Time and the bus.

    @rule(minutes=st.sampled_from((0.5, 1, 2, 3, 10, 30, 100)))
    def pass_time(self, minutes: float) -> None:
        self.world.pass_time(minutes=minutes)

    @rule(fault=faults)
    def deliver_all(self, fault: Fault | None) -> None:
        self.do(self.world.deliver, fault)

    @precondition(lambda self: self.world.bus.events)
    @rule(which=some, times=st.integers(0, 2), fault=faults)
    def deliver_one_out_of_order(self, which: int, times: int, fault: Fault | None) -> None:
        events = self.world.bus.events
        event = events.pop(which % len(events))
        for _ in range(times):
            self.do(lambda: self.world.handle(event), fault)
            fault = None

    @precondition(lambda self: self.world.bus.events)
    @rule(which=some)
    def repeat_an_event_later(self, which: int) -> None:
        events = self.world.bus.events
        events.append(events[which % len(events)])

    @precondition(lambda self: self.request_ids)
    @rule(which=some, fault=faults)
    def a_wait_ends(self, which: int, fault: Fault | None) -> None:
        self.do(lambda: self.world.wake(self.request_id(which)), fault)

    @rule(fault=faults)
    def sweep(self, fault: Fault | None) -> None:
        self.do(self.world.sweep, fault)

    # Workers.

    @rule(worker=st.integers(1, 2), fault=faults)
    def claim(self, worker: int, fault: Fault | None) -> None:
        claim_id = f"c{next(self.world.counter)}"
        claimed = self.do(
            lambda: claim_resume(
                worker=f"w{worker}", claim_id=claim_id, flow_classes=[FLOW_CLASS], caller=FLOW, **self.ports()
            ),
            fault,
        )
        if claimed is not None:
            self.claims.append((claimed.request.request_id, claim_id))

    @precondition(lambda self: self.claims)
    @rule(which=some, step=st.sampled_from(("renew", "consumed", "succeeded", "failed")), fault=faults)
    def work(self, which: int, step: str, fault: Fault | None) -> None:
        request_id, claim_id = self.claims[which % len(self.claims)]
        held = {"caller": FLOW, "store": self.world.store, "now": self.world.now}
        if step == "renew":
            self.do(lambda: renew_resume(request_id, claim_id, **held), fault)
        elif step == "consumed":
            self.do(lambda: mark_consumed(request_id, claim_id, flow_class=FLOW_CLASS, **held), fault)
        else:
            done = step == "succeeded"
            error = None if done else "a listener failed"
            self.do(lambda: record_result(request_id, claim_id, succeeded=done, error=error, **held), fault)
        if not self.refused:
            assert self.world.request(request_id).resume.claim_id == claim_id, "a claim that was lost still counted"

    @precondition(lambda self: self.request_ids)
    @rule(which=some, outcome=st.sampled_from((None, *OPTIONS)), fault=faults)
    def retry(self, which: int, outcome: str | None, fault: Fault | None) -> None:
        caller = FLOW if outcome is None else MANAGE
        held = {"caller": caller, "store": self.world.store, "now": self.world.now}
        self.do(lambda: retry_resume(self.request_id(which), outcome=outcome, **held), fault)

    # What must hold.

    def accept(self, field: str, value: str) -> None:
        """Somebody was told that this is the answer: from now on it is."""
        self.said[value] = field
        assert value in self.decided(field), f"told that {value} was recorded, and it is not"

    def decided(self, field: str) -> set[object]:
        return {
            entry.data.get(field)
            for request_id in self.witness.requests
            for entry in self.world.store.chain(f"request/{request_id}").items
            if entry.action.value in CLOSING_ACTIONS
        }

    def ports(self) -> dict[str, object]:
        world = self.world
        return {"storage": world.storage, "now": world.now}

    @invariant()
    def every_promise_holds(self) -> None:
        touched = set(self.witness.touched)
        self.witness.touched.clear()
        invariants.check(self.world, self.witness, may_repeat=self.twice, only=touched)

    def teardown(self) -> None:
        try:
            self.after_two_sweeps_nothing_is_owed()
        finally:
            self.patience.__exit__(None, None, None)

    def after_two_sweeps_nothing_is_owed(self) -> None:
        self.world.bus.events.clear()  # whatever was still on its way is lost
        for _ in range(2):
            self.world.pass_time(hours=2)
            self.world.sweep()
            self.world.deliver()
        invariants.nothing_owed(self.world, self.witness)
        invariants.check(self.world, self.witness, may_repeat=self.twice)
        for value, field in self.said.items():
            assert value in self.decided(field), f"the answer {value} was accepted and is lost"
        waiting = (ResumeStatus.CONSUMED,)
        left = [r for r in self.witness.requests if self.world.request(r).resume.status in waiting]
        assert not left, f"consumed for hours, and not visibly failed: {left}"
