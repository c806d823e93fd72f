"""Lists of requests over HTTP: every request once, in order, in pages, for those who may see it."""

from typing import Any

import pytest
from support.http import INSTALL_KEY, call, key_for
from support.world import REVIEWER, World

from nodback_core.domain.deployments.deployment import Deployment


def opened(world: World, deployment: Deployment, count: int) -> list[str]:
    """So many requests of as many flows, a minute apart, the oldest first."""
    ids = []
    for number in range(count):
        ids.append(world.pause(deployment, flow_id=f"flow-{deployment.deployment_id}-{number}").request.request_id)
        world.pass_time(minutes=1)
    return ids


def every_page(world: World, key: str, **query: object) -> list[dict[str, Any]]:
    """The list from its first page to its last."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, object] = {}
    for _ in range(60):
        page = call(world, "GET", "/v1/requests", key, query={**query, **cursor})
        assert page.status == 200, page.json
        rows += page["requests"]
        if page["next_cursor"] is None:
            return rows
        cursor = {"cursor": page["next_cursor"]}
    raise AssertionError("a list without end")


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pending_requests_come_oldest_first_each_once_whatever_the_page(limit: int) -> None:
    world = World()
    deployment = world.deployment()
    ids = opened(world, deployment, 25)
    opened(world, world.deployment(), 3)
    key = key_for(world, deployment, "respond")
    assert [r["request_id"] for r in every_page(world, key, limit=limit)] == ids


def test_a_page_stays_right_while_requests_come_and_go() -> None:
    world = World()
    deployment = world.deployment()
    ids = opened(world, deployment, 10)
    key = key_for(world, deployment, "manage")
    first = call(world, "GET", "/v1/requests", key, query={"limit": 5})
    for gone in (ids[0], ids[4], ids[6]):
        assert call(world, "POST", f"/v1/requests/{gone}/cancel", key, {}).status == 200
    newer = opened(world, deployment, 1)  # the same flow as the first: supersedes nothing that is still pending
    second = call(world, "GET", "/v1/requests", key, query={"limit": 100, "cursor": first["next_cursor"]})
    expected = [i for i in [*ids[5:], *newer] if i != ids[6]]
    assert [r["request_id"] for r in second["requests"]] == expected


def test_the_requests_of_one_assignee_are_found_across_rules_but_not_across_deployments() -> None:
    world = World()
    rule = {"name": "legal", "match": {"method_name": "legal_*"}, "assign_to_email": "legal@example.com"}
    mine, other = world.deployment(rules=[rule]), world.deployment(rules=[rule])
    wanted = world.pause(mine, flow_id="a", method_name="legal_check").request.request_id
    world.pause(mine, flow_id="b")
    foreign = world.pause(other, flow_id="c", method_name="legal_check").request.request_id
    key = key_for(world, mine, "respond")
    rows = every_page(world, key, assigned_to="Legal@Example.com")
    assert [(r["request_id"], r["assigned_by_rule"]) for r in rows] == [(wanted, "legal")]
    everywhere = every_page(world, INSTALL_KEY, assigned_to="legal@example.com")
    assert {r["request_id"] for r in everywhere} == {wanted, foreign}


def test_closed_requests_come_newest_first_over_months_within_the_days_asked_for() -> None:
    world = World()
    deployment = world.deployment()
    key = key_for(world, deployment, "manage")
    ids = []
    for number in range(9):
        request_id = world.pause(deployment, flow_id=f"f{number}").request.request_id
        action, body = ("response", {"outcome": "approved"}) if number % 3 else ("cancel", {})
        assert call(world, "POST", f"/v1/requests/{request_id}/{action}", key, body).status == 200
        ids.append(request_id)
        world.pass_time(days=10)
    world.pause(deployment, flow_id="still-waiting")
    whole = {"from": "2026-03-01", "to": "2026-07-01"}
    for limit in (1, 2, 50):
        rows = every_page(world, key, status="closed", limit=limit, **whole)
        assert [r["request_id"] for r in rows] == ids[::-1]
    assert [r["request_id"] for r in every_page(world, key, status="cancelled", **whole)] == ids[6::-3]
    assert {r["outcome"] for r in every_page(world, key, status="responded", **whole)} == {"approved"}
    march = every_page(world, key, status="closed", **{"from": "2026-03-12", "to": "2026-03-31"})
    assert [r["request_id"] for r in march] == [ids[2], ids[1]]
    recent = every_page(world, key, status="closed")
    assert [r["request_id"] for r in recent] == [ids[8], ids[7], ids[6]], "31 days unless asked for more"


def test_a_rare_match_is_found_over_several_bounded_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    from nodback_core.usecases.reviews import list_requests

    monkeypatch.setattr(list_requests, "MAX_LOOKED_AT", 4)
    world = World()
    deployment = world.deployment()
    key = key_for(world, deployment, "manage")
    ids = opened(world, deployment, 11)
    for request_id in ids:
        body = {"outcome": "approved"}
        action = "cancel" if request_id == ids[1] else "response"
        call(world, "POST", f"/v1/requests/{request_id}/{action}", key, {} if action == "cancel" else body)
    first = call(world, "GET", "/v1/requests", key, query={"status": "cancelled"})
    assert (first["requests"], first["next_cursor"] is None) == ([], False)
    assert [r["request_id"] for r in every_page(world, key, status="cancelled")] == [ids[1]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "open"}, "status"),
        ({"assigned_to": "nobody"}, "assigned_to"),
        ({"cursor": "abc"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"from": "yesterday"}, "from"),
        ({"status": "closed", "from": "2026-03-02", "to": "2026-03-01"}, "from"),
        ({"status": "closed", "from": "2024-01-01", "to": "2026-03-01"}, "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "from"),
        ({"assigned_to": "a@b.example", "from": "2026-03-02", "to": "2026-03-01"}, "from"),
        ({"from": "0001-01-01"}, "from"),
        ({"status": "closed", "to": "0001-01-01"}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"status": "closed", "from": "9999-12-31", "to": "9999-12-31"}, "from"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_field(query: dict[str, object], field: str) -> None:
    world = World()
    key = key_for(world, world.deployment(), "manage")
    refused = call(world, "GET", "/v1/requests", key, query=query)
    assert (refused.status, refused.fields) == (422, [field])


def test_a_cursor_beyond_the_days_asked_for_ends_the_list_without_a_swapped_range() -> None:
    world = World()
    deployment = world.deployment()
    ids = opened(world, deployment, 6)
    key = key_for(world, deployment, "manage")
    for request_id in ids[:3]:
        call(world, "POST", f"/v1/requests/{request_id}/cancel", key, {})
    waiting, closed = (
        call(world, "GET", "/v1/requests", key, query={"status": status, "limit": 1})["next_cursor"]
        for status in ("pending", "closed")
    )
    asked: list[tuple[str, str]] = []
    listed = world.store.list

    def watching(*given: Any, after: str | None = None, before: str | None = None, **rest: Any) -> Any:
        asked.append((after or "", before or "~"))
        return listed(*given, after=after, before=before, **rest)

    world.store.list = watching  # type: ignore[method-assign]
    for query in (
        {"to": "2020-01-01", "cursor": waiting},
        {"status": "closed", "from": "2030-01-01", "to": "2030-01-02", "cursor": closed},
    ):
        page = call(world, "GET", "/v1/requests", key, query=query)
        assert (page.status, page["requests"]) == (200, [])
    assert all(after < before for after, before in asked)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("field", ["from", "to"])
def test_figures_of_the_ends_of_the_calendar_are_refused(field: str, day: str) -> None:
    world = World()
    deployment = world.deployment()
    path = f"/v1/deployments/{deployment.deployment_id}/metrics"
    refused = call(world, "GET", path, key_for(world, deployment, "manage"), query={field: day})
    assert (refused.status, refused.fields) == (422, [field])


def test_who_may_list_what() -> None:
    world = World()
    mine, other = world.deployment(), world.deployment()
    assert call(world, "GET", "/v1/requests", key_for(world, mine, "flow")).status == 403
    key = key_for(world, mine, "respond")
    assert call(world, "GET", "/v1/requests", key, query={"deployment_id": other.deployment_id}).status == 404
    assert call(world, "GET", "/v1/requests", INSTALL_KEY).fields == ["deployment_id"]
    assert call(world, "GET", "/v1/requests", INSTALL_KEY, query={"deployment_id": 1}).status == 200


def test_a_list_shows_how_a_request_stands_by_now() -> None:
    world = World()
    deployment = world.deployment(sla_minutes=10)
    world.pause(deployment)
    key = key_for(world, deployment, "respond")
    assert every_page(world, key)[0]["sla"] == "running"
    world.pass_time(minutes=10)
    (row,) = every_page(world, key)
    assert (row["sla"], row["assigned_to_email"], row["status"]) == ("breached", REVIEWER, "pending")
