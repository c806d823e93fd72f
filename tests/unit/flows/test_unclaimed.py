"""An answer that no worker takes: nothing is lost, and it does not stay so in silence."""

from support.browse import Browser
from support.world import FLOW_CLASS, REVIEWER, World

from nodback_core.api.shared.views import resume_view
from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.requests import UNCLAIMED_MINUTES, ResumeStatus
from nodback_core.usecases.flows.resumes import claim_resume, mark_consumed, record_result, retry_resume

FLOW, MANAGE = Caller(Scope.FLOW, 1, "k1"), Caller(Scope.MANAGE, 1, "k2")
SAID = "resume.unclaimed"


def answered() -> tuple[World, str]:
    world = World()
    request_id = world.pause(world.deployment()).request.request_id
    world.deliver()
    world.reply("approved", to=world.reply_address())
    world.deliver()
    return world, request_id


def claim(world: World, claim_id: str = "c1") -> object:
    return claim_resume(
        worker="w", claim_id=claim_id, flow_classes=[FLOW_CLASS], caller=FLOW, storage=world.storage, now=world.now
    )


def test_after_a_quarter_of_an_hour_the_trail_and_the_bus_say_so_once() -> None:
    world, request_id = answered()
    world.pass_time(minutes=UNCLAIMED_MINUTES - 1)
    assert world.sweep().unclaimed == 0
    world.pass_time(minutes=1)
    assert world.sweep().unclaimed == 1
    assert [world.sweep().unclaimed for _ in range(3)] == [0, 0, 0]

    assert world.actions(request_id).count(SAID) == 1
    assert [e.name for e in world.bus.events].count(SAID) == 1
    (entry,) = [e for e in world.store.chains[f"request/{request_id}"] if e.action.value == SAID]
    assert entry.data["flow_class"] == FLOW_CLASS
    assert claim(world) is not None, "whichever worker comes next takes it"
    world.check_chains()


def test_one_that_was_taken_in_time_is_never_called_unclaimed() -> None:
    world, request_id = answered()
    world.pass_time(minutes=1)
    claim(world)
    world.pass_time(minutes=UNCLAIMED_MINUTES * 2)
    assert world.sweep().unclaimed == 0
    assert SAID not in world.actions(request_id)


def test_the_time_of_a_retry_counts_anew() -> None:
    world, request_id = answered()
    claim(world)
    held = {"caller": FLOW, "store": world.store, "now": world.now}
    mark_consumed(request_id, "c1", flow_class=FLOW_CLASS, **held)
    record_result(request_id, "c1", succeeded=False, error="Boom: x", **held)
    world.pass_time(hours=3)
    retry_resume(request_id, outcome=None, caller=MANAGE, store=world.store, now=world.now)
    assert world.sweep().unclaimed == 0
    world.pass_time(minutes=UNCLAIMED_MINUTES)
    assert world.sweep().unclaimed == 1


def test_two_sweeps_at_once_say_it_once() -> None:
    world, request_id = answered()
    world.pass_time(minutes=UNCLAIMED_MINUTES)
    found = world.request(request_id)
    claim(world)
    # The other sweep had read the row before the claim.
    world.store.list = lambda *_, **__: type("P", (), {"items": (found,), "unreadable": (), "cursor": None})()
    assert world.sweep().unclaimed == 0
    assert world.request(request_id).resume.status is ResumeStatus.CLAIMED


def test_the_review_says_what_to_start_and_the_api_since_when() -> None:
    world, request_id = answered()
    reviewer = Browser(world).sign_in(REVIEWER)
    assert "its worker takes the answer next" in reviewer.get(f"/review/{request_id}").text
    world.pass_time(minutes=UNCLAIMED_MINUTES + 5)
    page = reviewer.get(f"/review/{request_id}").text
    assert f"No worker has taken the answer for 20 min. Start one that serves {FLOW_CLASS}" in page
    assert resume_view(world.request(request_id)).ready_at is not None
    claim(world)
    assert resume_view(world.request(request_id)).ready_at is None
    assert "No worker has taken" not in reviewer.get(f"/review/{request_id}").text


def test_nothing_is_said_where_no_flow_waits() -> None:
    world = World()
    world.pause(world.deployment())
    world.pass_time(hours=2)
    assert world.sweep().unclaimed == 0
