"""Settings over HTTP: read, replaced, changed, refused by field, never lost to somebody else's change."""

import json
from dataclasses import replace
from typing import Any

import pytest
from support.http import INSTALL_KEY, call, key_for
from support.world import World

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.deployments.document import as_document
from nodback_core.domain.deployments.settings import DEFAULTS


def a_deployment(**settings: object) -> tuple[World, str, str]:
    """A world with one deployment: its path, and a key that may manage it."""
    world = World()
    deployment = world.deployment(**settings)
    return world, f"/v1/deployments/{deployment.deployment_id}", key_for(world, deployment, "manage")


def changed_entries(world: World) -> list[dict[str, Any]]:
    return [dict(e.data) for e in world.store.chain("deployment/1").items if e.action.value == "settings.changed"]


def test_settings_begin_with_their_defaults() -> None:
    world, path, key = a_deployment()
    answer = call(world, "GET", f"{path}/settings", key)
    assert answer.status == 200
    assert answer["settings"] == as_document(DEFAULTS)
    assert (answer["settings_version"], answer.headers["etag"], answer["warnings"]) == (1, '"1"', [])


def test_put_replaces_all_and_leaves_an_entry_with_before_and_after() -> None:
    world, path, key = a_deployment(reminder_minutes=[5])
    answer = call(world, "PUT", f"{path}/settings", key, {"sla_minutes": 0.5})
    assert answer.status == 200
    assert (answer["settings"]["sla_minutes"], answer["settings"]["reminder_minutes"]) == (0.5, [])
    assert answer.headers["etag"] == '"2"'
    assert changed_entries(world) == [
        {
            "settings_version": 2,
            "changes": {
                "sla_minutes": {"before": "null", "after": "0.5"},
                "reminder_minutes": {"before": "[5]", "after": "[]"},
            },
        }
    ]
    world.check_chains()


def test_what_was_read_can_be_put_back_and_is_no_change() -> None:
    world, path, key = a_deployment(sla_minutes=30)
    read = call(world, "GET", f"{path}/settings", key)
    again = call(world, "PUT", f"{path}/settings", key, read["settings"], headers={"If-Match": read.headers["etag"]})
    assert (again.status, again["settings_version"]) == (200, 1)
    assert changed_entries(world) == []


def test_patch_changes_what_it_names_and_null_goes_back_to_the_default() -> None:
    world, path, key = a_deployment(sla_minutes=30, reminder_minutes=[5])
    answer = call(world, "PATCH", f"{path}/settings", key, {"sla_minutes": None, "free_text": "ask"})
    assert answer.status == 200
    settings = answer["settings"]
    assert (settings["sla_minutes"], settings["free_text"], settings["reminder_minutes"]) == (None, "ask", [5])


def test_a_change_of_an_older_version_is_refused_with_the_present_one() -> None:
    world, path, key = a_deployment()
    assert call(world, "PATCH", f"{path}/settings", key, {"sla_minutes": 5}, headers={"If-Match": '"1"'}).status == 200
    late = call(world, "PUT", f"{path}/settings", key, {"sla_minutes": 9}, headers={"If-Match": '"1"'})
    assert (late.status, late["code"], late["settings_version"]) == (412, "version_differs", 2)
    assert call(world, "GET", f"{path}/settings", key)["settings"]["sla_minutes"] == 5
    odd = call(world, "PUT", f"{path}/settings", key, {}, headers={"If-Match": "new"})
    assert (odd.status, odd.fields) == (422, ["If-Match"])


RULE = {"name": "a", "match": {"method_name": "approve_*"}, "assign_to_email": "a@example.com"}


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({"rules": [{**RULE, "match": {"method_name": "approve_[ab]"}}]}, ["rules.0.match.method_name"]),
        ({"rules": [{**RULE, "match": {"state": {"amount": {"above": 1}}}}]}, ["rules.0.match.state.amount.above"]),
        ({"rules": [{**RULE, "assign_to_email": "finance"}]}, ["rules.0.assign_to_email"]),
        ({"rules": [RULE, RULE]}, ["rules.1.name"]),
        ({"escalation": {"after_minutes": 5, "to_email": "reviewer@example.com"}}, ["escalation.to_email"]),
        ({"sla_minutes": 0, "reminder_minutes": [525601]}, ["sla_minutes", "reminder_minutes.0"]),
        (
            {"auto_response": {"enabled": True, "timeout_minutes": 0, "default_outcome": "x"}},
            ["auto_response.timeout_minutes"],
        ),
        ({"colour": "red"}, ["colour"]),
    ],
)
def test_every_mistake_is_named_by_its_field_and_nothing_is_saved(document: dict[str, Any], fields: list[str]) -> None:
    world, path, key = a_deployment()
    for method in ("PUT", "PATCH"):
        answer = call(world, method, f"{path}/settings", key, document)
        assert (answer.status, answer["code"], answer.fields) == (422, "invalid_request", fields)
    assert call(world, "GET", f"{path}/settings", key)["settings_version"] == 1


@pytest.mark.parametrize("body", ["[]", "7", '"x"', "{", '{"sla_minutes": NaN}', '{"sla_minutes": 1e999}'])
def test_a_body_that_is_no_document_is_refused(body: str) -> None:
    world, path, key = a_deployment()
    assert call(world, "PUT", f"{path}/settings", key, body).status == 422


def test_a_default_outcome_that_approves_is_warned_about_until_it_is_acknowledged() -> None:
    world, path, key = a_deployment()
    auto = {"auto_response": {"enabled": True, "timeout_minutes": 60, "default_outcome": "approved"}}
    answer = call(world, "PUT", f"{path}/settings", key, auto)
    assert [w["code"] for w in answer["warnings"]] == ["default_outcome_approves"]
    quiet = call(world, "PATCH", f"{path}/settings", key, {"approval_default_acknowledged": True})
    assert quiet["warnings"] == []


@pytest.mark.parametrize("scope", ["flow", "respond"])
def test_only_keys_that_manage_reach_settings(scope: str) -> None:
    world, path, _ = a_deployment()
    key = key_for(world, world.deployment(), scope)
    for method, where in (("GET", "settings"), ("PUT", "settings"), ("PATCH", "settings"), ("POST", "rules/explain")):
        body = None if method == "GET" else {"method_name": "m"} if method == "POST" else {}
        assert call(world, method, f"{path}/{where}", key, body).status == 403
    stranger = key_for(world, world.deployment(), "manage")
    assert call(world, "GET", f"{path}/settings", stranger).status == 404
    assert call(world, "GET", "/v1/deployments/999/settings", INSTALL_KEY).status == 404


def test_explain_says_who_would_be_asked_and_what_became_of_each_rule() -> None:
    rules = [
        {
            "name": "large",
            "match": {"method_name": "approve_*", "state": {"amount": {"gte": 10000}}},
            "assign_to_email": "cfo@example.com",
        },
        {"name": "sales", "match": {"method_name": "review_*"}, "assign_from_input": "sales_rep_email"},
    ]
    world, path, key = a_deployment(rules=rules)
    made_up = {"method_name": "review_content", "state": {"sales_rep_email": "alice@company.com"}}
    told = call(world, "POST", f"{path}/rules/explain", key, made_up)
    assert told.status == 200
    assert (told["assigned_to_email"], told["rule"]) == ("alice@company.com", "sales")
    assert [v["outcome"] for v in told["considered"]] == ["method_differs", "won_by_input"]
    missing = call(world, "POST", f"{path}/rules/explain", key, {"method_name": "review_content"})
    assert (missing["assigned_to_email"], missing["rule"]) == ("reviewer@example.com", None)
    other = call(world, "POST", f"{path}/rules/explain", key, {**made_up, "rules": [RULE]})
    assert other["assigned_to_email"] == "reviewer@example.com"
    broken = call(world, "POST", f"{path}/rules/explain", key, {**made_up, "rules": [{**RULE, "name": ""}]})
    assert (broken.status, broken.fields) == (422, ["rules.0.name"])


def test_new_settings_are_for_new_requests() -> None:
    world, path, key = a_deployment(sla_minutes=30)
    deployment = world.store.rows[("deployments", "0000000001")]
    opened = world.pause(deployment)  # type: ignore[arg-type]
    call(world, "PUT", f"{path}/settings", key, {"sla_minutes": 5})
    before = call(world, "GET", f"/v1/requests/{opened.request.request_id}", key)
    after = world.pause(deployment, flow_id="flow-2")  # type: ignore[arg-type]
    assert before["sla_due_at"] == "2026-03-02T09:30:00.000Z"
    new = call(world, "GET", f"/v1/requests/{after.request.request_id}", key)
    assert new["sla_due_at"] == "2026-03-02T09:05:00.000Z"


def test_name_and_creator_can_be_changed_and_the_trail_says_so() -> None:
    world, path, key = a_deployment(escalation={"after_minutes": 5, "to_email": "boss@example.com"})
    answer = call(world, "PATCH", path, key, {"name": "Reviews", "creator_email": "New@Example.com"})
    assert (answer.status, answer["name"], answer["creator_email"]) == (200, "Reviews", "new@example.com")
    entry = world.store.chain("deployment/1").items[-1]
    assert entry.action.value == "deployment.changed"
    assert entry.data["changes"]["name"] == {"before": "Content Review Flow", "after": "Reviews"}  # type: ignore[index]
    to_oneself = call(world, "PATCH", path, key, {"creator_email": "boss@example.com"})
    assert (to_oneself.status, to_oneself.fields) == (422, ["escalation.to_email"])
    assert call(world, "PATCH", path, key, {"creator_email": "nobody"}).fields == ["creator_email"]


def test_the_largest_settings_can_be_changed_and_fit_in_an_entry() -> None:
    world, path, key = a_deployment()
    for letter in "ab":
        rules = [
            {
                "name": f"{n} {letter * 40}",
                "match": {"method_name": f"m_{n}_{'é' * 40}"},
                "assign_to_email": f"p{n}@a.com",
            }
            for n in range(500)
        ]
        assert call(world, "PUT", f"{path}/settings", key, {"rules": rules}).status == 200
    size = len(json.dumps(world.store.chain("deployment/1").items[-1].document(), ensure_ascii=False).encode())
    assert size < 400_000


def test_a_push_is_refused_by_every_route_that_takes_settings() -> None:
    world, path, key = a_deployment()
    push = {"resume": {"mode": "push", "resume_url": "https://flows.example.com/resume"}}
    made = {"name": "Pushed", "creator_email": "boss@example.com", "settings": push}
    refusals = (
        call(world, "PUT", f"{path}/settings", key, push),
        call(world, "PATCH", f"{path}/settings", key, {"resume": {"mode": "push"}}),
        call(world, "POST", "/v1/deployments", INSTALL_KEY, made),
    )
    for refused in refusals:
        assert (refused.status, refused["code"]) == (422, "invalid_request")
        told = {error["field"]: error["message"] for error in refused["errors"]}
        assert "`nodback worker package.module`" in told["resume.mode"]
    assert call(world, "GET", f"{path}/settings", key)["settings"]["resume"] == {"mode": "worker"}


def test_a_deployment_that_was_saved_with_a_push_is_read_and_changed_as_one_with_a_worker() -> None:
    world, path, key = a_deployment()
    row = world.store.fetch(Deployment.at(1))[Deployment.at(1)]
    assert row is not None
    push = {"mode": "push", "resume_url": "https://flows.example.com/resume"}
    world.store.commit([replace(row, settings=json.dumps({**as_document(DEFAULTS), "resume": push}))])
    read = call(world, "GET", f"{path}/settings", key)
    assert (read.status, read["settings"]["resume"]) == (200, {"mode": "worker"})
    assert call(world, "PUT", f"{path}/settings", key, read["settings"]).status == 200
    assert call(world, "PATCH", f"{path}/settings", key, {"sla_minutes": 5}).status == 200
    assert world.pause(row).request.sla_due_at is not None
