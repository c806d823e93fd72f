"""Figures and charts of a deployment."""

from support.browse import Browser
from support.world import INSTALL, REVIEWER, World

from nodback_core.domain.shared.addresses import normalise
from nodback_core.usecases.figures.metrics import count_events
from nodback_core.usecases.people.members import add_member


def a_month_of_reviews() -> tuple[World, int]:
    world = World()
    seven = world.deployment(sla_minutes=60)
    events = []
    for number in range(12):
        request = world.pause(seven, flow_id=f"flow-{number}", method_name=f"review_{number % 3}").request
        events.append((request.request_id, "request.opened"))
        world.deliver()
        world.pass_time(minutes=20 + 10 * number)
        word = ("approved", "rejected", "needs_revision")[number % 3]
        world.reply(word, to=world.reply_address())
        events.append((request.request_id, "request.responded"))
        world.pass_time(hours=20)
    count_events(events, store=world.store, now=world.now)
    person = normalise("ana@example.com")
    add_member(seven.deployment_id, person, ["manage_human_feedback"], caller=INSTALL, store=world.store, now=world.now)
    return world, seven.deployment_id


def test_the_figures_of_a_month_are_shown_with_charts_and_tables() -> None:
    world, _number = a_month_of_reviews()
    ana = Browser(world).sign_in("ana@example.com")

    page = ana.get("/analytics")

    assert "Answered 12" in page.text
    assert "Within the target 33 %" in page.text
    assert page.body.count("<svg viewBox=") >= 3
    assert "By reviewer Response times of people; automatic answers are not counted in them. Reviewer" in page.text
    assert REVIEWER in page.text
    assert "review_2" in page.text
    assert " style=" not in page.body
    assert page.size < 30_000


def test_a_range_is_chosen_and_a_wrong_one_is_told() -> None:
    world, number = a_month_of_reviews()
    ana = Browser(world).sign_in("ana@example.com")

    assert "Nothing was asked in these days" in ana.get("/analytics?from=2020-01-01&to=2020-01-31").text
    assert ana.get("/analytics?from=2026-03-02&to=2026-01-31").status == 422
    assert ana.get("/analytics?from=soon").status == 422
    assert ana.get(f"/analytics?deployment={number}&days=7").status == 200
    assert ana.get("/analytics?deployment=999").status == 403


def test_who_manages_nothing_sees_nobodys_figures() -> None:
    world, number = a_month_of_reviews()
    reviewer = Browser(world).sign_in(REVIEWER)

    assert "You manage no deployment" in reviewer.get("/analytics").text
    assert reviewer.get(f"/analytics?deployment={number}").status == 403
