"""An answer in free text: what the flow took it for comes back, to wherever outcomes are shown and counted."""

from datetime import date

import pytest
from support.world import FLOW_CLASS, INSTALL, REVIEWER, World

from nodback_core.api.shared.views import request_view
from nodback_core.domain.audit.trail import happening_of
from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.figures.tallies import OUTCOME
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.people.members import Identity
from nodback_core.domain.shared.errors import InvalidInput
from nodback_core.domain.webhooks.events import Resumed
from nodback_core.usecases.figures.metrics import GroupBy, count_events, read_metrics
from nodback_core.usecases.figures.rebuild import rebuild_metrics
from nodback_core.usecases.flows.resumes import claim_resume, mark_consumed, record_result, retry_resume
from nodback_core.usecases.reviews.history import HistoryFilter, read_history
from nodback_core.usecases.reviews.read_requests import read_request
from nodback_core.usecases.webhooks.messages import event_for

FLOW, MANAGE = Caller(Scope.FLOW, 1, "k1"), Caller(Scope.MANAGE, 1, "k2")
WORDS = "Looks fine to me."


def answered(text: str = WORDS) -> tuple[World, str]:
    world = World()
    request_id = world.pause(world.deployment()).request.request_id
    world.deliver()
    world.reply(text, to=world.reply_address())
    world.deliver()
    return world, request_id


def go_on(world: World, request_id: str, outcome: str | None, *, claim_id: str = "c1", succeeded: bool = True) -> None:
    claim_resume(
        worker="w1", claim_id=claim_id, flow_classes=[FLOW_CLASS], caller=FLOW, storage=world.storage, now=world.now
    )
    held = {"caller": FLOW, "store": world.store, "now": world.now}
    mark_consumed(request_id, claim_id, flow_class=FLOW_CLASS, outcome=outcome, **held)
    record_result(request_id, claim_id, succeeded=succeeded, error=None if succeeded else "Boom: x", **held)


def counted(world: World) -> dict[str, int]:
    """The outcomes as live counting knows them, and as a rebuild finds them: they must be the same."""
    events = [(e.subject.removeprefix("request/"), e.action.value) for c in world.store.chains.values() for e in c]
    for _ in range(2):
        count_events([e for e in events if e[1].startswith(("request.", "outcome."))], store=world.store, now=world.now)
    live = read(world)
    assert rebuild_metrics(1, store=world.store, now=world.now).is_done
    assert read(world) == live
    return live


def read(world: World) -> dict[str, int]:
    day: date = world.now.date()
    total = read_metrics(1, first=day, last=day, group_by=GroupBy.OUTCOME, caller=INSTALL, store=world.store).total
    return total.by(OUTCOME)


def in_history(world: World, outcome: str) -> int:
    wanted = HistoryFilter(outcome=outcome)
    return len(
        read_history(wanted, cursor=None, identity=Identity(REVIEWER, "s"), store=world.store, now=world.now).items
    )


def test_what_the_flow_took_free_text_for_is_in_the_trail_the_view_the_history_and_the_figures() -> None:
    world, request_id = answered()
    assert counted(world) == {"(free text)": 1}
    go_on(world, request_id, "approved")

    request = world.request(request_id)
    assert request.decision is not None
    assert request.decision.outcome is None, "what the reviewer said stays what it was"
    assert request.outcome == "approved"
    assert "outcome.settled" in world.actions(request_id)
    view = request_view(read_request(request_id, caller=INSTALL, storage=world.storage), now=world.now)
    assert (view.outcome, view.settled_outcome, view.settled_by) == (None, "approved", "llm")
    assert (in_history(world, "approved"), in_history(world, "free text")) == (1, 0)
    assert counted(world) == {"approved": 1}
    (told,) = [e for e in world.store.chains[f"request/{request_id}"] if e.action.value == "resume.succeeded"]
    happening = happening_of(told)
    assert happening is not None
    event = event_for(happening, told.at, request, words=None, reason=None)
    assert isinstance(event, Resumed)
    assert event.outcome == "approved"
    world.check_chains()


@pytest.mark.parametrize("outcome", [None, "approved"])
def test_an_answer_that_names_an_option_needs_no_settling(outcome: str | None) -> None:
    world, request_id = answered("approved")
    go_on(world, request_id, outcome)
    assert world.request(request_id).settled == ()
    assert "outcome.settled" not in world.actions(request_id)
    assert counted(world) == {"approved": 1}


def test_a_retry_may_settle_it_otherwise_and_the_figures_follow() -> None:
    world, request_id = answered()
    go_on(world, request_id, "approved", succeeded=False)
    assert counted(world) == {"approved": 1}
    retry_resume(request_id, outcome="rejected", caller=MANAGE, store=world.store, now=world.now)
    go_on(world, request_id, "rejected", claim_id="c2")

    settled = world.request(request_id).settled
    assert [(s.outcome, s.by.value, s.attempt) for s in settled] == [("approved", "llm", 1), ("rejected", "person", 2)]
    assert counted(world) == {"rejected": 1}
    assert (in_history(world, "rejected"), in_history(world, "approved")) == (1, 0)


def test_the_same_outcome_at_two_attempts_counts_once() -> None:
    world, request_id = answered()
    go_on(world, request_id, "approved", succeeded=False)
    assert counted(world) == {"approved": 1}
    retry_resume(request_id, outcome=None, caller=MANAGE, store=world.store, now=world.now)
    go_on(world, request_id, "approved", claim_id="c2")

    assert [s.attempt for s in world.request(request_id).settled] == [1, 2]
    assert counted(world) == {"approved": 1}


def test_consumed_twice_settles_once() -> None:
    world, request_id = answered()
    claim_resume(
        worker="w1", claim_id="c1", flow_classes=[FLOW_CLASS], caller=FLOW, storage=world.storage, now=world.now
    )
    for outcome in ("approved", "rejected"):
        held = {"caller": FLOW, "store": world.store, "now": world.now}
        mark_consumed(request_id, "c1", flow_class=FLOW_CLASS, outcome=outcome, **held)
    assert world.actions(request_id).count("outcome.settled") == 1
    assert world.request(request_id).outcome == "approved"


def test_what_is_no_option_is_refused_and_changes_nothing() -> None:
    world, request_id = answered()
    with pytest.raises(InvalidInput, match="not an option"):
        go_on(world, request_id, "maybe")
    assert world.request(request_id).settled == ()
    assert world.request(request_id).resume.status == "claimed"
