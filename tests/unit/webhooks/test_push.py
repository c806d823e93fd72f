"""Pushing a decision: receivers are told of it until it is carried out, and never once somebody has it."""

from contextlib import suppress
from datetime import timedelta

import pytest
from support.faults import Fault, Outage, When, watch
from support.hooks import FINE, Network, a_webhook, log, sending, take_all
from support.world import FLOW_CLASS, INSTALL, World

from nodback.webhooks import verify
from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.requests import Request, ResumeStatus
from nodback_core.domain.shared.entries import Action
from nodback_core.domain.shared.errors import InvalidInput, Refused
from nodback_core.domain.webhooks.events import EventType
from nodback_core.domain.webhooks.outcome import DeliveryClass, DeliveryOutcome
from nodback_core.domain.webhooks.pushing import NEVER_CLAIMED, PUSH_HOURS
from nodback_core.domain.webhooks.webhook import PUSH, Reach
from nodback_core.usecases.flows.resumes import Claimed, claim_resume, mark_consumed, record_result, retry_resume
from nodback_core.usecases.reviews.respond_by_api import respond_by_api
from nodback_core.usecases.webhooks.configure import NewSecret, Wish, change_webhook, remove_webhook
from nodback_core.usecases.webhooks.log import redeliver
from nodback_core.usecases.webhooks.push import push

DOWN = DeliveryOutcome(DeliveryClass.CONNECT, None, 3)
FAILING = DeliveryOutcome(DeliveryClass.HTTP_5XX, 500, 3, "oops")
RECEIVER = "https://flows.example.com/nodback"


class Pushed:
    """A deployment with one receiver, and a review that waits for its answer."""

    def __init__(self) -> None:
        self.world, self.network = World(), Network()
        self.deployment: Deployment = self.world.deployment()
        self.receiver: NewSecret = a_webhook(self.world, self.deployment, RECEIVER, resumes=True)
        self.request_id = self.pause()

    def pause(self) -> str:
        return self.world.pause(self.deployment, flow_id=f"flow-{next(self.world.counter)}").request.request_id

    def answer(self, outcome: str = "approved", request_id: str | None = None) -> None:
        respond_by_api(
            request_id or self.request_id,
            feedback=None,
            outcome=outcome,
            responder=None,
            idempotency_key=None,
            caller=Caller(Scope.RESPOND, self.deployment.deployment_id, "k2"),
            storage=self.world.storage,
            now=self.world.now,
        )

    def run(self, **span: float) -> None:
        """Minute after minute: the bus and the queue deliver, the sweeper asks after what is overdue."""
        end = self.world.now + timedelta(**span)
        self.settle()
        while self.world.now < end:
            self.world.pass_time(minutes=1)
            self.world.sweep()
            self.settle()

    def settle(self) -> None:
        self.world.deliver()
        take_all(self.world, self.network)

    def claim(self, worker: str = "receiver", request_id: str | None = None) -> Claimed | None:
        return claim_resume(
            worker=worker,
            claim_id=f"claim-{next(self.world.counter)}",
            flow_classes=[FLOW_CLASS],
            request_id=request_id,
            caller=self.key,
            storage=self.world.storage,
            now=self.world.now,
        )

    def carry_out(self, claimed: Claimed) -> None:
        rid, claim_id = claimed.request.request_id, claimed.request.resume.claim_id
        assert claim_id is not None
        given = {"caller": self.key, "store": self.world.store, "now": self.world.now}
        mark_consumed(rid, claim_id, flow_class=FLOW_CLASS, **given)
        record_result(rid, claim_id, succeeded=True, error=None, **given)

    @property
    def key(self) -> Caller:
        return Caller(Scope.FLOW, self.deployment.deployment_id, "k1")

    @property
    def request(self) -> Request:
        return self.world.request(self.request_id)

    @property
    def resume(self) -> ResumeStatus:
        return self.request.resume.status

    @property
    def minutes(self) -> list[int]:
        """When the receiver was called, in minutes after the answer, as its log says."""
        closed = self.request.closed_at
        assert closed is not None
        return [round((d.created_at - closed).total_seconds() / 60) for d in reversed(self.log)]

    @property
    def log(self) -> list:
        return list(log(self.world, self.receiver))


@pytest.fixture
def pushed() -> Pushed:
    return Pushed()


def test_a_decision_is_told_to_the_receiver_in_ids_and_names_alone(pushed: Pushed) -> None:
    pushed.answer()
    pushed.settle()
    (post,) = pushed.network.posts
    assert post.url == RECEIVER
    assert post.json == {
        "event": "resume_ready",
        "request": {
            "id": pushed.request_id,
            "flow_id": pushed.request.flow_id,
            "flow_class": FLOW_CLASS,
            "method_name": "review_content",
        },
        "deployment": {"id": 1},
        "attempt": 1,
    }
    verify(post.body, post.headers, secret=pushed.receiver.secret.reveal(), now=pushed.world.now.timestamp())


def test_a_receiver_is_told_of_nothing_but_decisions_and_other_webhooks_of_no_resume(pushed: Pushed) -> None:
    other = a_webhook(pushed.world, pushed.deployment, "https://other.example.com/", EventType.REQUEST_RESPONDED)
    second = pushed.pause()
    pushed.answer(request_id=second)
    pushed.settle()
    assert [d.event for d in pushed.log] == [EventType.RESUME_READY]
    assert [d.event for d in log(pushed.world, other)] == [EventType.REQUEST_RESPONDED, EventType.NEW_REQUEST]


def test_events_of_no_other_kind_can_be_given_to_a_receiver(pushed: Pushed) -> None:
    events = (EventType.SLA_BREACHED,)
    with pytest.raises(InvalidInput):
        a_webhook(pushed.world, pushed.deployment, RECEIVER, *events, resumes=True)
    with pytest.raises(InvalidInput):
        _change(pushed, events=events)
    with pytest.raises(InvalidInput):
        a_webhook(pushed.world, pushed.deployment, RECEIVER, EventType.RESUME_READY)


@pytest.mark.parametrize("url", ["http://flows.example.com/", "https://10.0.0.7/", "https://nodback.test/x"])
def test_a_receiver_passes_the_same_guard_as_a_webhook(pushed: Pushed, url: str) -> None:
    with pytest.raises(InvalidInput):
        a_webhook(pushed.world, pushed.deployment, url, resumes=True)


def test_a_receiver_that_is_down_for_an_hour_gets_the_answer_afterwards(pushed: Pushed) -> None:
    pushed.network.answer = lambda _: DOWN
    pushed.answer()
    pushed.run(minutes=60)
    assert pushed.minutes == [0, 1, 2, 4, 9, 24]
    assert {d.class_ for d in pushed.log} == {DeliveryClass.CONNECT}
    assert pushed.resume is ResumeStatus.READY

    def up(_: str) -> DeliveryOutcome:
        claimed = pushed.claim(request_id=pushed.request_id)
        assert claimed is not None
        pushed.carry_out(claimed)
        return FINE

    pushed.network.answer = up
    pushed.run(minutes=60)
    assert pushed.minutes == [0, 1, 2, 4, 9, 24, 84]
    assert [p.json["attempt"] for p in pushed.network.posts] == [1, 2, 3, 4, 5, 6, 7]
    assert pushed.resume is ResumeStatus.SUCCEEDED
    pushed.run(hours=30)
    assert len(pushed.log) == 7
    assert pushed.request.effects == ()


def test_a_day_of_errors_fails_the_resume_and_a_retry_begins_anew(pushed: Pushed) -> None:
    pushed.network.answer = lambda _: FAILING
    pushed.answer()
    pushed.run(hours=PUSH_HOURS - 1)
    assert pushed.resume is ResumeStatus.READY
    pushed.run(hours=2)
    assert (pushed.resume, pushed.request.resume.error) == (ResumeStatus.FAILED, NEVER_CLAIMED)
    assert {(d.class_, d.http_status) for d in pushed.log} == {(DeliveryClass.HTTP_5XX, 500)}
    made = len(pushed.log)
    pushed.run(hours=3)
    assert len(pushed.log) == made
    retry_resume(pushed.request_id, outcome=None, caller=INSTALL, store=pushed.world.store, now=pushed.world.now)
    pushed.settle()
    assert len(pushed.log) == made + 1
    assert pushed.network.posts[-1].json["attempt"] == 1
    assert pushed.resume is ResumeStatus.READY
    assert pushed.world.actions(pushed.request_id)[-2:] == [Action.RESUME_FAILED, Action.RESUME_RETRIED]
    pushed.world.check_chains()


def test_nothing_is_sent_while_somebody_holds_the_answer_and_again_once_its_lease_was_lost(pushed: Pushed) -> None:
    pushed.answer()
    assert pushed.claim("a worker that was faster") is not None
    pushed.settle()
    assert pushed.network.posts == []
    pushed.run(minutes=5)
    assert len(pushed.network.posts) >= 1, "the worker has died, its lease was lost"
    assert pushed.resume is ResumeStatus.CLAIMED
    claimed = pushed.claim()
    assert claimed is not None
    pushed.carry_out(claimed)
    sent = len(pushed.network.posts)
    pushed.run(hours=2)
    assert len(pushed.network.posts) == sent


def test_a_receiver_that_acknowledges_and_dies_is_told_again(pushed: Pushed) -> None:
    pushed.network.answer = lambda _: FINE if pushed.claim(request_id=pushed.request_id) else FAILING
    pushed.answer()
    pushed.run(minutes=10)
    assert [d.class_ for d in pushed.log][-1] is DeliveryClass.DELIVERED
    assert len(pushed.log) > 1


def test_a_receiver_that_answers_after_its_lease_carries_out_nothing(pushed: Pushed) -> None:
    pushed.answer()
    late = pushed.claim("the late one")
    assert late is not None
    pushed.run(minutes=5)
    faster = pushed.claim("another")
    assert faster is not None
    with pytest.raises(Refused) as refused:
        pushed.carry_out(late)
    assert refused.value.code == "claim_lost"
    pushed.carry_out(faster)
    assert pushed.world.actions(pushed.request_id).count(Action.RESUME_CONSUMED) == 1


def test_events_twice_late_and_out_of_order_make_each_attempt_once(pushed: Pushed) -> None:
    pushed.network.answer = lambda _: DOWN
    pushed.answer()
    (event,) = [e for e in pushed.world.bus.events if "webhooks" in e.detail]
    for _ in range(3):
        pushed.world.handle(event)
        take_all(pushed.world, pushed.network)
    assert len(pushed.network.posts) == 1
    pushed.run(minutes=2)
    sent = len(pushed.network.posts)
    for _ in range(3):
        pushed.world.handle(event)
        pushed.settle()
    assert len(pushed.network.posts) == sent
    claimed = pushed.claim()
    assert claimed is not None
    pushed.carry_out(claimed)
    pushed.world.pass_time(hours=1)
    pushed.world.handle(event)
    pushed.settle()
    assert len(pushed.network.posts) == sent


def test_what_the_bus_lost_is_asked_after(pushed: Pushed) -> None:
    pushed.answer()
    pushed.world.bus.events.clear()
    pushed.world.pass_time(minutes=1)
    pushed.world.sweep()
    pushed.settle()
    assert [p.json["attempt"] for p in pushed.network.posts] == [2]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_push_that_dies_before_or_after_any_call_is_tried_again(when: When) -> None:
    at = 0
    while True:
        at += 1
        pushed = Pushed()
        calls = watch(pushed.world)
        pushed.answer()
        (seq,) = [effect.seq for effect in pushed.world.request(pushed.request_id).effects if effect.kind == PUSH]
        calls.start(Fault(at, when))
        with suppress(Outage):
            push(pushed.request_id, seq, storage=pushed.world.storage, queue=pushed.world.queue, now=pushed.world.now)
        struck = calls.struck
        calls.start()
        if struck is None:
            break
        pushed.run(minutes=5)
        assert pushed.network.posts, f"nothing was told after {struck} had failed"
        assert pushed.claim() is not None
    assert at > 5


def test_url_and_secret_are_those_of_the_moment_of_each_attempt(pushed: Pushed) -> None:
    pushed.network.answer = lambda _: DOWN
    pushed.answer()
    pushed.settle()
    _change(pushed, url="https://moved.example.com/")
    pushed.run(minutes=1)
    assert [p.url for p in pushed.network.posts] == [RECEIVER, "https://moved.example.com/"]


def test_a_review_that_waits_already_is_pushed_to_a_receiver_that_is_added_now() -> None:
    pushed = Pushed()
    remove_webhook(
        1, pushed.receiver.webhook.webhook_id, caller=INSTALL, store=pushed.world.store, now=pushed.world.now
    )
    waiting = pushed.pause()
    assert "resume_ready" not in pushed.world.request(waiting).webhook_events
    pushed.receiver = a_webhook(pushed.world, pushed.deployment, RECEIVER, resumes=True)
    pushed.answer(request_id=waiting)
    pushed.settle()
    assert [p.json["request"]["id"] for p in pushed.network.posts] == [waiting]


def test_a_paused_receiver_is_told_once_it_is_active_again(pushed: Pushed) -> None:
    _change(pushed, active=False)
    later = pushed.pause()
    for request_id in (pushed.request_id, later):
        pushed.answer(request_id=request_id)
    pushed.run(minutes=5)
    assert pushed.network.posts == []
    _change(pushed, active=True)
    pushed.run(minutes=15)
    assert {p.json["request"]["id"] for p in pushed.network.posts} == {pushed.request_id, later}


def test_without_a_receiver_an_answer_waits_for_a_worker_for_ever(pushed: Pushed) -> None:
    remove_webhook(
        1, pushed.receiver.webhook.webhook_id, caller=INSTALL, store=pushed.world.store, now=pushed.world.now
    )
    pushed.answer()
    pushed.run(hours=PUSH_HOURS + 2)
    assert pushed.resume is ResumeStatus.READY
    assert pushed.request.effects == ()
    assert pushed.network.posts == []


def test_two_receivers_are_both_told_and_one_of_them_gets_it(pushed: Pushed) -> None:
    a_webhook(pushed.world, pushed.deployment, "https://second.example.com/", resumes=True)
    second = pushed.pause()
    pushed.answer(request_id=second)
    claims: list[Claimed | None] = []

    def claim(_: str) -> DeliveryOutcome:
        claims.append(pushed.claim(request_id=second))
        return FINE

    pushed.network.answer = claim
    pushed.settle()
    assert [c is not None for c in claims] == [True, False]


def test_a_push_that_a_person_sends_again_carries_nothing_out_twice(pushed: Pushed) -> None:
    pushed.answer()
    pushed.settle()
    claimed = pushed.claim()
    assert claimed is not None
    pushed.carry_out(claimed)
    redeliver(
        1,
        pushed.receiver.webhook.webhook_id,
        pushed.log[0].delivery_id,
        new_id=pushed.world.uuid(),
        caller=INSTALL,
        sending=sending(pushed.world),
        now=pushed.world.now,
    )
    pushed.settle()
    assert len(pushed.network.posts) == 2
    assert pushed.claim(request_id=pushed.request_id) is None


def test_cancelled_reviews_and_old_entries_are_pushed_to_nobody(pushed: Pushed) -> None:
    assert (
        push(pushed.request_id, 1, storage=pushed.world.storage, queue=pushed.world.queue, now=pushed.world.now) == ()
    )
    assert (
        push(pushed.world.uuid(), 1, storage=pushed.world.storage, queue=pushed.world.queue, now=pushed.world.now) == ()
    )
    assert [e for e in pushed.request.effects if e.kind == PUSH] == []


def test_a_claim_of_one_request_takes_no_other(pushed: Pushed) -> None:
    second = pushed.pause()
    pushed.answer()
    pushed.answer(request_id=second)
    claimed = pushed.claim(request_id=second)
    assert claimed is not None
    assert claimed.request.request_id == second
    assert pushed.claim(request_id=second) is None
    assert pushed.resume is ResumeStatus.READY


def _change(pushed: Pushed, **wish: object) -> None:
    change_webhook(
        1,
        pushed.receiver.webhook.webhook_id,
        Wish(**wish),  # type: ignore[arg-type]
        reach=Reach(),
        caller=INSTALL,
        store=pushed.world.store,
        now=pushed.world.now,
    )
