"""Lists that are longer than a page: everything in them can be reached, counted and found, whoever looks."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from support.browse import ADMIN, Browser, Shown
from support.hooks import Network, a_webhook, take_all
from support.world import INSTALL, REVIEWER, World

from nodback_core.domain.deployments.deployment import Deployment, KeyMaterial, Scope
from nodback_core.domain.reviews.requests import Request
from nodback_core.usecases.deployments.register import create_key
from nodback_core.usecases.people.members import add_member
from nodback_core.usecases.reviews.inbox import PAGE_ROWS
from nodback_core.usecases.reviews.list_requests import MAX_LOOKED_AT

MANAGE = "manage_human_feedback"
OTHER = "ben@example.com"


@pytest.fixture
def world() -> World:
    return World()


def a_manager(world: World, *deployments: Deployment, address: str = "ana@example.com") -> Browser:
    for deployment in deployments:
        add_member(deployment.deployment_id, address, [MANAGE], caller=INSTALL, store=world.store, now=world.now)
    return Browser(world).sign_in(address)


def that_wait(world: World, deployment: Deployment, count: int, *, method: str = "approve_invoice") -> list[Request]:
    """`count` reviews, opened a minute after one another."""
    found = []
    first = world.pause(deployment, flow_id=f"{method}-0", method_name=method).request
    for number in range(count):
        rid = world.uuid() if number else first.request_id
        opened = first.opened_at + timedelta(minutes=number)
        row = replace(first, request_id=rid, flow_id=f"{method}-{number}", opened_at=opened, number=number + 1)
        if number:
            world.store.commit([replace(row, version=0)])
        found.append(row)
    world.pass_time(minutes=count)
    return found


def links(page: Shown) -> list[str]:
    """The reviews that a page leads to."""
    return re.findall(r'href="/review/([0-9a-f-]{36})"', page.body)


def way_on(page: Shown, words: str) -> str:
    """The address behind the link that reads `words`."""
    found = re.findall(rf'<a [^>]*href="([^"]*)"[^>]*>{words}</a>', page.body)
    assert len(found) == 1, f"{words}: {found}"
    return str(found[0]).replace("&amp;", "&")


def test_a_filter_finds_the_newest_of_135_reviews(world: World) -> None:
    seven = world.deployment(creator_email=OTHER)
    that_wait(world, seven, 134)
    newest = world.pause(seven, flow_id="new", method_name="approve_refund").request
    ana = a_manager(world, seven)

    page = ana.get("/?method=approve_refund")

    assert links(page) == [newest.request_id]
    assert "Nothing fits" not in page.text


def test_135_reviews_are_counted_and_read_page_by_page(world: World) -> None:
    seven = world.deployment(creator_email=OTHER)
    all_of_them = {r.request_id for r in that_wait(world, seven, 135)}
    ana = a_manager(world, seven)

    first = ana.get("/")
    second = ana.get(way_on(first, "Next"))
    third = ana.get(way_on(second, "Next"))

    assert "For others 135" in first.text
    assert "1–50 of 135" in first.text
    assert "51–100 of 135" in second.text
    assert "101–135 of 135" in third.text
    assert [len(links(page)) for page in (first, second, third)] == [50, 50, 35]
    assert {rid for page in (first, second, third) for rid in links(page)} == all_of_them
    assert ">Next<" not in third.body
    assert links(ana.get(way_on(third, "Previous"))) == links(second)


def test_a_reviewer_without_filters_reaches_every_one_of_54_reviews(world: World) -> None:
    all_of_them = {r.request_id for r in that_wait(world, world.deployment(), 54)}
    reviewer = Browser(world).sign_in(REVIEWER)

    first = reviewer.get("/")
    second = reviewer.get(way_on(first, "Next"))

    assert "<title>54 Inbox" in first.body
    assert {*links(first), *links(second)} == all_of_them
    assert len(links(second)) == 4


def test_what_is_due_next_comes_first_even_where_it_was_asked_last(world: World) -> None:
    that_wait(world, world.deployment(), 80)
    urgent = world.pause(world.deployment(sla_minutes=10), flow_id="urgent").request
    reviewer = Browser(world).sign_in(REVIEWER)

    assert links(reviewer.get("/"))[0] == urgent.request_id
    world.pass_time(minutes=20)
    assert links(reviewer.get("/?overdue=yes")) == [urgent.request_id]


def test_a_page_that_is_gone_shows_the_last_one_there_is(world: World) -> None:
    that_wait(world, world.deployment(), 54)
    reviewer = Browser(world).sign_in(REVIEWER)

    for number in ("9", "0", "-3", "soon", "9" * 50):
        assert reviewer.get(f"/?mine={number}").status == 200
    assert len(links(reviewer.get("/?mine=9"))) == 4
    assert reviewer.get("/?mine_from=nowhere").status == 422


def test_where_more_waits_than_one_look_takes_the_page_says_so_and_goes_on(world: World) -> None:
    seven = world.deployment(creator_email=OTHER)
    waiting = that_wait(world, seven, MAX_LOOKED_AT + 30)
    newest = world.pause(seven, flow_id="new", method_name="approve_refund").request
    ana = a_manager(world, seven)

    first = ana.get("/")
    assert f"For others {MAX_LOOKED_AT}+" in first.text
    assert f"1–{PAGE_ROWS} of more than {MAX_LOOKED_AT}" in first.text
    later = ana.get(way_on(first, "Continue with what came later"))
    assert len(links(later)) == 31
    assert links(later)[0] == waiting[MAX_LOOKED_AT].request_id
    assert links(ana.get(way_on(later, "Back to the oldest"))) == links(first)

    nothing = ana.get("/?method=approve_refund")
    assert "Nothing fits so far" in nothing.text
    found = ana.get(way_on(nothing, "Continue with what came later"))
    assert links(found) == [newest.request_id]


def test_an_assignee_that_is_no_address_is_named_beside_its_field_and_hides_nothing(world: World) -> None:
    seven = world.deployment(creator_email=OTHER)
    request = world.pause(seven).request
    ana = a_manager(world, seven)

    page = ana.get("/?assignee=ben")

    assert page.status == 422
    assert '<p id="assignee-problem" class="field-problem" role="alert">Type a whole mail address' in page.body
    assert 'value="ben"' in page.body
    assert links(page) == [request.request_id]
    assert 'id="assignee-problem" class="field-problem"></p>' in ana.get(f"/?assignee={OTHER}").body


def test_a_manager_of_seven_deployments_sees_what_waits_in_all_of_them(world: World) -> None:
    seven = [world.deployment(creator_email=OTHER) for _ in range(7)]
    asked = [world.pause(d, flow_id="f").request.request_id for d in seven]
    ana = a_manager(world, *seven)

    first = ana.get("/")
    assert set(links(first)) == set(asked[:5])
    assert "deployments 1 to 5 of 7" in first.text
    second = ana.get(way_on(first, "The next deployments"))
    assert set(links(second)) == set(asked[5:])
    assert links(ana.get(way_on(second, "The first deployments"))) == links(first)


def test_somebody_elses_reviews_are_found_in_every_deployment_that_one_manages(world: World) -> None:
    seven = [world.deployment(creator_email=OTHER) for _ in range(7)]
    foreign = world.deployment(creator_email=OTHER)
    asked = {world.pause(d, flow_id="f").request.request_id for d in seven}
    world.pause(foreign, flow_id="f")
    ana = a_manager(world, *seven)

    assert set(links(ana.get(f"/?assignee={OTHER}"))) == asked
    assert links(ana.get(f"/?assignee={OTHER}&deployment={foreign.deployment_id}")) == []


def test_a_filter_that_finds_nothing_in_the_first_deployments_does_not_say_that_nothing_fits(world: World) -> None:
    seven = [world.deployment(creator_email=OTHER) for _ in range(7)]
    wanted = world.pause(seven[6], flow_id="f", method_name="approve_refund").request
    ana = a_manager(world, *seven)

    page = ana.get("/?method=approve_refund")

    assert "Nothing fits so far" in page.text
    assert links(ana.get(way_on(page, "The next deployments"))) == [wanted.request_id]
    assert "Nothing more" in ana.get("/?method=nothing&group=2").text


def test_an_admin_meets_every_one_of_105_deployments(world: World) -> None:
    made = [world.deployment(creator_email=OTHER) for _ in range(105)]
    last = made[-1].deployment_id
    wanted = world.pause(made[-1]).request
    admin = Browser(world).sign_in(ADMIN)

    for path in ("/", "/history", "/analytics"):
        assert admin.get(path).body.count("<option value=") >= 105, path
        assert f'<option value="{last}" selected>' in admin.get(f"{path}?deployment={last}").body
    assert links(admin.get(f"/?deployment={last}")) == [wanted.request_id]
    listed, page = set(), admin.get("/deployments")
    while True:
        listed |= set(re.findall(r'href="/deployments/(\d+)/settings"', page.body))
        if ">Next<" not in page.body:
            break
        page = admin.get(way_on(page, "Next"))
    assert listed == {str(d.deployment_id) for d in made}


def test_a_manager_meets_every_one_of_105_deployments_and_no_others(world: World) -> None:
    made = [world.deployment(creator_email=OTHER) for _ in range(105)]
    foreign = world.deployment(creator_email=OTHER)
    ana = a_manager(world, *made)

    first = ana.get("/deployments")
    second = ana.get(way_on(first, "Next"))

    listed = re.findall(r'href="/deployments/(\d+)/settings"', first.body + second.body)
    assert sorted(map(int, listed)) == [d.deployment_id for d in made]
    assert f'<option value="{made[-1].deployment_id}"' in ana.get("/").body
    assert f'<option value="{foreign.deployment_id}"' not in ana.get("/").body
    assert ana.get("/deployments?cursor=nowhere").status == 422


def test_every_one_of_54_keys_can_be_revoked(world: World) -> None:
    seven = world.deployment()
    ana = a_manager(world, seven)
    for number in range(54):
        create_key(
            seven.deployment_id,
            name=f"Worker {number}",
            scope=Scope.FLOW,
            caller=INSTALL,
            store=world.store,
            material=KeyMaterial(f"w{number:03d}", "s" * 48),
            now=world.now,
        )
    path = f"/deployments/{seven.deployment_id}/keys"

    first = ana.get(path)
    second = ana.get(way_on(first, "Next"))

    found = set(re.findall(r"/keys/(\w+)/revoke", first.body + second.body))
    assert {f"w{number:03d}" for number in range(54)} <= found
    assert way_on(second, "Back to the first") == path


def test_every_one_of_54_members_can_be_changed_and_removed(world: World) -> None:
    seven = world.deployment()
    ana = a_manager(world, seven)
    for number in range(53):
        address = f"m{number:03d}@example.com"
        add_member(seven.deployment_id, address, [MANAGE], caller=INSTALL, store=world.store, now=world.now)
    path = f"/deployments/{seven.deployment_id}/members"

    first = ana.get(path)
    second = ana.get(way_on(first, "Next"))

    found = set(re.findall(r'name="address" value="([^"]+)"', first.body + second.body))
    assert found == {"ana@example.com", *(f"m{number:03d}@example.com" for number in range(53))}
    assert ">Next<" not in second.body
    assert way_on(second, "Back to the first") == path
    assert ana.get(f"{path}?cursor=nowhere").status == 422


def test_a_webhooks_older_deliveries_can_be_looked_at_and_sent_again(world: World) -> None:
    seven = world.deployment()
    ana = a_manager(world, seven)
    new = a_webhook(world, seven)
    path = f"/deployments/{seven.deployment_id}/webhooks/{new.webhook.webhook_id}"
    for _ in range(54):
        ana.post(f"{path}/test")
        world.pass_time(minutes=1)
    take_all(world, Network())

    newest = ana.get(path)
    older = ana.get(way_on(newest, "Older ones"))

    found = re.findall(r'name="delivery" value="([^"]+)"', newest.body + older.body)
    assert len(found) == len(set(found)) == 54
    assert way_on(older, "Back to the newest") == path
    assert f'data-url="{path}?cursor=' in older.body


def test_the_newest_entries_of_a_long_timeline_can_be_read(world: World) -> None:
    seven = world.deployment(creator_email=OTHER)
    request = world.pause(seven).request
    ana = a_manager(world, seven)
    for number in range(49):
        to = {"to_email": f"person{number}@example.com"}
        assert ana.post(f"/review/{request.request_id}/reassign", to).status == 303
        world.deliver()

    first = ana.get(f"/review/{request.request_id}")
    later = ana.get(way_on(first, "Later entries").partition("#")[0])

    assert "to person48@example.com" not in first.text
    assert "Given to somebody else to person48@example.com" in later.text
    assert way_on(later, "From the beginning").startswith(f"/review/{request.request_id}#")
