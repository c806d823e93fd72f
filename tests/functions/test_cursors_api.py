"""Cursors over HTTP: each fits the one list that gave it out, and anything else is 422 `invalid_cursor`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from support.hooks import a_webhook, sending
from support.http import INSTALL_KEY, MemoryService, call, key_for
from support.world import INSTALL, World

from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.entries import SERVICE, Action, NewEntry, append
from nodback_core.usecases.audit.exports import start_export
from nodback_core.usecases.people.members import add_member
from nodback_core.usecases.webhooks.log import send_test

PAGE = 50
LISTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "/v1/deployments": (("{all}", ""),),
    "/v1/deployments/{deployment_id}/keys": (("{here}", ""), ("{there}", "")),
    "/v1/deployments/{deployment_id}/members": (("{here}", ""), ("{there}", "")),
    "/v1/deployments/{deployment_id}/exports": (("{here}", ""), ("{there}", "")),
    "/v1/deployments/{deployment_id}/webhooks/{webhook_id}/deliveries": (("{here}", ""), ("{there}", "")),
    "/v1/requests": (
        ("{here}", "status=pending"),
        ("{there}", "status=pending"),
        ("{here}", "status=pending&assigned_to=reviewer@example.com"),
        ("{here}", "status=closed"),
        ("{here}", "status=responded"),
    ),
    "/v1/requests/{request_id}/timeline": (("{here}", ""), ("{there}", "")),
}
"""Every route with a cursor, and the lists behind it: whose, and the query that asks for it."""


@dataclass
class House:
    """A world in which every list has more than one page, in two deployments."""

    world: World
    parts: Mapping[str, Mapping[str, str]]

    def path(self, route: str, whose: str) -> str:
        parts = self.parts[whose]
        return re.sub(r"\{(\w+)\}", lambda m: parts[m[1]], route)

    def ask(self, route: str, whose: str, query: str, **more: str) -> Any:
        asked = dict(pair.split("=", 1) for pair in query.split("&") if pair)
        if route == "/v1/requests":
            asked["deployment_id"] = self.parts[whose]["deployment_id"]
        return call(self.world, "GET", self.path(route, whose), INSTALL_KEY, query={**asked, **more})


@cache
def house() -> House:
    world = World()
    parts = {whose: fill(world) for whose in ("{here}", "{there}")}
    for _ in range(2 * PAGE):
        world.deployment()
    return House(world, {**parts, "{all}": parts["{here}"]})


def fill(world: World) -> dict[str, str]:
    deployment = world.deployment()
    number = deployment.deployment_id
    made = MemoryService(world=world)
    webhook = a_webhook(world, deployment).webhook
    for index in range(PAGE + 1):
        key_for(world, deployment, "flow")
        address = f"m{index}@example.com"
        add_member(number, address, ["respond_to_human_feedback"], caller=INSTALL, store=world.store, now=world.now)
        start_export(
            number, export_id=made.new_id(), begin=world.now - timedelta(days=1), end=None, caller=INSTALL,
            store=world.store, queue=world.export_queue, now=world.now,
        )  # fmt: skip
        sent = {"caller": INSTALL, "sending": sending(world), "public_url": "https://nodback.test"}
        send_test(number, webhook.webhook_id, new_id=made.new_id(), now=world.now, **sent)
        world.pass_time(seconds=1)
    respond = key_for(world, deployment, "respond")
    for index in range(2 * (PAGE + 1)):
        request = world.pause(deployment, flow_id=f"{number}-{index}").request
        if index % 2:
            call(world, "POST", f"/v1/requests/{request.request_id}/response", respond, {"outcome": "approved"})
        world.pass_time(seconds=1)
    return {"deployment_id": str(number), "webhook_id": webhook.webhook_id, "request_id": long_lived(world, request)}


def long_lived(world: World, request: Request) -> str:
    """The request, after more has happened to it than one page of its timeline holds."""
    read = world.request(request.request_id)
    entries, head = append(read.head, [NewEntry(Action.REQUEST_REMINDED, SERVICE)] * 101, at=world.now)
    # One transaction takes a hundred rows.
    world.store.commit([replace(read, last_seq=head.last_seq, head_hash=head.hash)], entries[:60])
    world.store.commit([], entries[60:])
    return request.request_id


@cache
def cursors() -> Mapping[tuple[str, str, str], str]:
    """The cursor of each list's first page."""
    found = {}
    for route, lists in LISTS.items():
        for whose, query in lists:
            page = house().ask(route, whose, query)
            assert page.status == 200, (route, page.json)
            assert page["next_cursor"] is not None, (route, whose, query)
            found[route, whose, query] = page["next_cursor"]
    return found


CASES = [(route, whose, query) for route, lists in LISTS.items() for whose, query in lists]


def test_every_list_of_the_api_is_in_this_table() -> None:
    document = call(World(), "GET", "/v1/openapi.json").json
    with_cursor = {
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if any(p["name"] == "cursor" for p in operation.get("parameters", []))
    }
    answering_one = {
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for content in operation["responses"].get("200", {}).get("content", {}).values()
        if "next_cursor" in schema_of(content, document).get("properties", {})
    }
    assert with_cursor == answering_one == set(LISTS)


def schema_of(content: Any, document: Any) -> Any:
    name = str(content["schema"].get("$ref", "")).rpartition("/")[2]
    return document["components"]["schemas"].get(name, {})


@pytest.mark.parametrize(("route", "whose", "query"), CASES)
def test_a_cursor_opens_the_next_page_of_its_own_list(route: str, whose: str, query: str) -> None:
    first = house().ask(route, whose, query)
    second = house().ask(route, whose, query, cursor=cursors()[route, whose, query])

    assert second.status == 200
    (rows,) = (value for value in first.json.values() if isinstance(value, list))
    (more,) = (value for value in second.json.values() if isinstance(value, list))
    assert more
    assert not [row for row in more if row in rows]


@pytest.mark.parametrize(("route", "whose", "query"), CASES)
def test_a_cursor_fits_no_other_list(route: str, whose: str, query: str) -> None:
    for other, cursor in cursors().items():
        if other != (route, whose, query):
            refused = house().ask(route, whose, query, cursor=cursor)
            assert (refused.status, refused.json.get("code"), refused.fields) == (422, "invalid_cursor", ["cursor"]), (
                other
            )


@pytest.mark.parametrize(("route", "whose", "query"), CASES)
@pytest.mark.parametrize(
    "alter",
    [
        lambda cursor: "",
        lambda cursor: "0",
        lambda cursor: "9" * 41,
        lambda cursor: "9" * 5000,
        lambda cursor: "é",
        lambda cursor: cursor[:-1],
        lambda cursor: cursor + "A",
        lambda cursor: cursor + "=",
        lambda cursor: cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1],
        lambda cursor: ("A" if cursor[0] != "A" else "B") + cursor[1:],
    ],
    ids=["empty", "nought", "41 digits", "5000 digits", "no ASCII", "cut", "longer", "padded", "another place", "mark"],
)
def test_a_cursor_that_was_altered_is_refused(route: str, whose: str, query: str, alter: Any) -> None:
    refused = house().ask(route, whose, query, cursor=alter(cursors()[route, whose, query]))

    assert (refused.status, refused.json.get("code"), refused.fields) == (422, "invalid_cursor", ["cursor"])


@pytest.mark.parametrize(("route", "whose", "query"), CASES)
def test_a_list_is_read_to_its_end_page_by_page_each_row_once(route: str, whose: str, query: str) -> None:
    rows: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = house().ask(route, whose, query, **more)
        (part,) = (value for value in page.json.values() if isinstance(value, list))
        rows += [str(row) for row in part]
        if page["next_cursor"] is None:
            break
        more = {"cursor": page["next_cursor"]}

    assert len(set(rows)) == len(rows) == expected(route, whose)


def expected(route: str, whose: str) -> int:
    """How many rows there are, counted where they are kept."""
    store, parts = house().world.store, house().parts[whose]
    if route.endswith("/timeline"):
        return len(store.chains[f"request/{parts['request_id']}"])
    if route == "/v1/requests":
        return PAGE + 1
    partition, prefix = {
        "/v1/deployments": ("deployments", ""),
        "keys": (f"deployment/{parts['deployment_id']}", "key/"),
        "members": (f"deployment/{parts['deployment_id']}", "member/"),
        "exports": (f"deployment/{parts['deployment_id']}", "export/"),
        "deliveries": (f"delivery/{parts['webhook_id']}", "log/"),
    }[route if route == "/v1/deployments" else route.rpartition("/")[2]]
    return sum(pk == partition and sk.startswith(prefix) for pk, sk in store.rows)
