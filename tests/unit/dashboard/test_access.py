"""Who may do what: every route, every role, every state of a request, made from the route table; denied by default."""

import re
from dataclasses import dataclass
from functools import cache

import pytest
from support.browse import ADMIN, Browser, Shown
from support.world import INSTALL, World, mime

from nodback_core.dashboard.routes import PARTS, ROUTES, Access, Route
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.usecases.people.members import add_member
from nodback_core.usecases.reviews.cancel_request import cancel_request

MANAGE, RESPOND = "manage_human_feedback", "respond_to_human_feedback"
ASSIGNEE = "assignee@example.com"
ROLES = {
    "anonymous": "",
    "stranger": "stranger@example.com",
    "assignee": ASSIGNEE,
    "member who may respond": "respond@example.com",
    "manager here": "manager@example.com",
    "manager elsewhere": "elsewhere@example.com",
    "admin": ADMIN,
}
STATES = ("pending", "responded", "cancelled", "superseded")
EVERYBODY = set(ROLES)
GRANTED: dict[Access, set[str]] = {
    Access.ANYBODY: EVERYBODY,
    Access.SIGNED_IN: EVERYBODY - {"anonymous"},
    Access.ASSIGNEE: {"assignee"},
    Access.VIEWER: {"assignee", "manager here", "admin"},
    Access.MANAGER: {"manager here", "admin"},
    Access.ADMIN: {"admin"},
}
FORMS: dict[str, dict[str, object]] = {
    "/review/{request_id}/answer": {"outcome": "approved", "form_id": "f"},
    "/review/{request_id}/sender": {"sender": "alias@example.com"},
    "/review/{request_id}/reassign": {"to_email": "next@example.com"},
    "/deployments/{deployment_id}/members": {"address": "new@example.com", "permissions": [RESPOND]},
    "/deployments/{deployment_id}/members/change": {"address": "respond@example.com", "permissions": [MANAGE]},
    "/deployments/{deployment_id}/members/remove": {"address": "respond@example.com"},
    "/deployments/{deployment_id}/keys": {"name": "A key", "scope": "flow"},
}


@dataclass
class Place:
    """A world with one request in a state, and somebody who has signed in."""

    world: World
    browser: Browser
    parts: dict[str, str]
    delivery: str

    def try_out(self, route: Route) -> Shown:
        """Call the route, and leave the world as it was."""
        path = re.sub(r"\{(\w+)\}", lambda m: self.parts[m[1]], route.pattern)
        store = self.world.store
        rows, chains = dict(store.rows), {k: list(v) for k, v in store.chains.items()}
        cookies = dict(self.browser.cookies)
        try:
            if route.method == "GET":
                return self.browser.get(path)
            form = FORMS.get(route.pattern, {}) | ({"delivery": self.delivery} if path.endswith("/again") else {})
            return self.browser.post(path, form)
        finally:
            store.rows, store.chains, self.browser.cookies = rows, chains, cookies


@cache
def place(role: str, state: str) -> Place:
    world = World()
    here, there = world.deployment(creator_email=ASSIGNEE), world.deployment(creator_email="other@example.com")
    grants = (
        (here, "respond@example.com", RESPOND),
        (here, "manager@example.com", MANAGE),
        (there, "elsewhere@example.com", MANAGE),
    )
    for deployment, address, permission in grants:
        add_member(deployment.deployment_id, address, [permission], caller=INSTALL, store=world.store, now=world.now)
    # A stranger is somebody who may sign in, since another deployment has asked them.
    world.pause(world.deployment(creator_email="stranger@example.com"), flow_id="other")
    request = world.pause(here).request
    # Whoever waits for nothing any more signs in by the link of a mail; here, something else still waits.
    world.pause(there_too(world), flow_id="waits")
    world.deliver()
    if state == "responded":
        world.reply("approved", to=address_of(world, request.request_id), sender=ASSIGNEE)
    elif state == "cancelled":
        cancel_request(
            request.request_id, reason=None, caller=INSTALL, storage=world.storage, now=world.now,
        )  # fmt: skip
    elif state == "superseded":
        world.pause(here)
    manager = Browser(world).sign_in("manager@example.com")
    base = f"/deployments/{here.deployment_id}"
    manager.post(f"{base}/webhooks", {"name": "W", "url": "https://hooks.example.com/"})
    webhook = manager.get(f"{base}/webhooks").body.split(f"{base}/webhooks/")[1].split('"')[0]
    manager.post(f"{base}/webhooks/{webhook}/test")
    delivery = manager.get(f"{base}/webhooks/{webhook}")
    key = manager.post(f"{base}/keys", {"name": "K", "scope": "flow"}).body.split(f"{base}/keys/")[1].split("/")[0]
    parts = {
        "request_id": request.request_id,
        "deployment_id": str(here.deployment_id),
        "token": "a.b.c",
        "name": "x.css",
        "id": webhook,
        "index": "0",
        "key": key,
    }
    browser = Browser(world)
    if ROLES[role]:
        browser.sign_in(ROLES[role])
    found = re.search(r'name="delivery" value="([^"]+)"', delivery.body)
    return Place(world, browser, parts, found[1] if found else "")


def there_too(world: World) -> Deployment:
    return world.deployment(creator_email=ASSIGNEE)


def address_of(world: World, request_id: str) -> str:
    """The reply address of the mail about this request."""
    (mail,) = [mime(m) for m in world.mailer.sent if m.tags.get("request_id") == request_id]
    return str(mail["Reply-To"].addresses[0].addr_spec)


def is_granted(shown: Shown, route: Route) -> bool:
    """Whether the caller got further than the door; what the use case then says of the form does not matter."""
    if route.needs_identity and shown.location.startswith("/sign-in?"):
        return False
    if shown.location == "/sign-in" and route.needs_identity:
        return False
    return shown.status not in (403, 404)


def a_request_is_named(route: Route) -> bool:
    return "{request_id}" in route.pattern and not route.pattern.startswith("/deployments")


CASES = [
    pytest.param(route, state, id=f"{route.method} {route.pattern} {state}")
    for route in ROUTES
    for state in (STATES if a_request_is_named(route) else STATES[:1])
    # Signing out ends at the door for everybody.
    if route.access is not Access.ANYBODY
    and "test-mail/{request_id}" not in route.pattern
    and not route.pattern.endswith("out")
]


@pytest.mark.parametrize(("route", "state"), CASES)
def test_each_role_gets_exactly_what_the_table_grants(route: Route, state: str) -> None:
    granted = set()
    for role in ROLES:
        here = place(role, state)
        if "/keys/{id}" in route.pattern:
            here.parts["id"], webhook = here.parts["key"], here.parts["id"]
            shown = here.try_out(route)
            here.parts["id"] = webhook
        else:
            shown = here.try_out(route)
        assert shown.status < 500, (role, shown.text)
        if is_granted(shown, route):
            granted.add(role)

    wanted = GRANTED[route.access]
    if route.pattern.endswith("/webhooks/{id}/again"):
        # The delivery is still queued: a person sees no button, and there is nothing to send again.
        granted |= {r for r in wanted if not place(r, state).delivery}
    assert granted == wanted


def test_the_door_is_the_only_thing_that_is_open_to_anybody() -> None:
    open_paths = {route.pattern for route in ROUTES if route.access is Access.ANYBODY}

    assert all(path.startswith(("/sign-in", "/assets/")) for path in open_paths)


def test_every_route_leads_to_a_page() -> None:
    assert all(callable(route.page) for route in ROUTES)


def test_every_variable_part_of_a_route_has_a_pattern() -> None:
    for route in ROUTES:
        assert set(re.findall(r"\{(\w+)\}", route.pattern)) <= PARTS.keys()


def test_content_of_one_deployment_is_never_in_anothers_pages() -> None:
    world = World()
    here, there = world.deployment(), world.deployment(creator_email="other@example.com")
    secret = world.pause(
        there, flow_id="f2", method_name="secret_method", output="SECRET", state={"s": "SECRET"}
    ).request
    add_member(here.deployment_id, "m@example.com", [MANAGE], caller=INSTALL, store=world.store, now=world.now)
    browser = Browser(world).sign_in("m@example.com")
    number = there.deployment_id

    for path in (
        "/", f"/?deployment={number}", "/?assignee=other@example.com", f"/history?deployment={number}",
        f"/analytics?deployment={number}", f"/review/{secret.request_id}", f"/review/{secret.request_id}/output",
        f"/review/{secret.request_id}/state", "/deployments", f"/deployments/{number}/settings",
    ):  # fmt: skip
        body = browser.get(path).body
        assert "SECRET" not in body, path
        assert "Secret method" not in body, path
        assert "other@example.com" not in body.replace('value="other@example.com"', ""), path
