"""What every answer of the dashboard carries, what forms are taken, and that nothing of a stranger runs."""

import re
from html.parser import HTMLParser

import pytest
from browser.injections import PAYLOADS
from support.browse import ADMIN, Browser
from support.world import REVIEWER, World

from nodback_core.dashboard.routes import ROUTES


@pytest.fixture
def browser() -> Browser:
    return Browser(World()).sign_in(ADMIN)


def test_every_page_has_the_headers_and_a_nonce_of_its_own(browser: Browser) -> None:
    nonces = set()
    for path in ("/", "/history", "/deployments", "/account", "/nowhere"):
        shown = browser.get(path)
        policy = shown.headers["content-security-policy"]
        (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
        nonces.add(nonce)
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert shown.headers["cache-control"] == "no-store"
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" in shown.headers
        assert all(f'nonce="{nonce}"' in tag for tag in re.findall(r"<script\b[^>]*>", shown.body))
        assert "<style" not in shown.body
        assert not re.search(r"\s(style|on\w+)=", re.sub(r">[^<]*<", "><", shown.body))
    assert len(nonces) == 5


def test_a_form_from_elsewhere_is_refused(browser: Browser) -> None:
    form = {"everywhere": "yes"}

    assert browser.post("/sign-out", form, origin="https://evil.example").status == 403
    assert browser.post("/sign-out", form, origin="null").status == 403
    assert browser.ask("POST", "/sign-out", form).status == 403
    assert browser.ask("POST", "/sign-out", form, {"sec-fetch-site": "cross-site"}).status == 403
    assert browser.get("/account").status == 200
    assert browser.ask("POST", "/sign-out", form, {"sec-fetch-site": "same-origin"}).status == 303


def test_no_get_changes_anything() -> None:
    world = World()
    request = world.pause(world.deployment(creator_email=ADMIN)).request
    browser = Browser(world).sign_in(ADMIN)
    before = dict(world.store.rows)
    parts = {
        "request_id": request.request_id, "deployment_id": "1", "token": "x", "name": "x.js", "id": "x", "index": "0",
    }  # fmt: skip

    for route in ROUTES:
        path = re.sub(r"\{(\w+)\}", lambda m: parts[m[1]], route.pattern)
        shown = browser.get(f"{path}?outcome=approved&feedback=x&form_id=1&everywhere=yes&permissions=x&scope=flow")
        assert shown.status in (200, 303, 403, 404, 405, 422), (path, shown.status)
        if route.method == "POST" and not any(r.method == "GET" and r.match(path) is not None for r in ROUTES):
            assert shown.status == 405

    assert world.store.rows == before


def test_assets_are_kept_by_browsers_for_ever_and_only_ours_are_served(browser: Browser) -> None:
    page = browser.get("/").body
    for name in re.findall(r"/assets/([^\"]+)", page):
        found = browser.get(f"/assets/{name}")
        assert found.status == 200
        assert "immutable" in found.headers["cache-control"]
    assert browser.get("/assets/manifest.json").status == 404
    assert browser.get("/assets/..%2f..%2fapp.py").status == 404


def test_after_signing_in_nobody_is_sent_to_another_site() -> None:
    for hostile in ("https://evil.example", "//evil.example", "/\\evil.example", "/x?next=//evil", "javascript:x"):
        browser = Browser(World())
        assert 'name="next" value=""' in browser.get(f"/sign-in?next={hostile}").body


@pytest.mark.parametrize("body", ["{}", "--x", "a=" + "b" * 800_000])
def test_what_is_no_form_is_refused(browser: Browser, body: str) -> None:
    shown = browser.ask("POST", "/sign-out", {"a": body}, {"origin": "https://nodback.test", "content-type": "x/y"})

    assert shown.status == 400


def test_a_session_that_was_tampered_with_is_none(browser: Browser) -> None:
    good = browser.cookies["__Host-nodback"]
    for bad in (good[:-2] + "xx", "", "a.b.c", good.replace(".", "", 1)):
        browser.cookies["__Host-nodback"] = bad
        assert browser.get("/").location.startswith("/sign-in")


class Found(HTMLParser):
    """Every tag and attribute that a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "script" and not (names.get("nonce") and (names.get("src") or "").startswith("/assets/")):
            self.bad.append(f"script {attrs}")
        if tag in ("iframe", "object", "embed", "img", "base", "video", "audio", "style", "math", "foreignobject"):
            self.bad.append(f"{tag} {attrs}")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc", "formaction", "xlink:href"):
                self.bad.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action") and re.match(r"\s*(javascript|data|vbscript):", value or "", re.I):
                self.bad.append(f"{tag} {name}={value}")


def test_injections_in_every_field_of_a_flow_stay_text() -> None:
    assert len(PAYLOADS) >= 1000
    world = World()
    size = 40
    browser = Browser(world)
    for start in range(0, len(PAYLOADS), size):
        batch = PAYLOADS[start : start + size]
        seven = world.deployment(creator_email=REVIEWER)
        request = world.pause(
            seven,
            flow_id=f"flow-{start}",
            method_name=batch[0][:200],
            output="\n\n".join(batch),
            state={p: {"inner": [p]} for p in batch},
            emit=tuple(f"{n} {p[:80]}" for n, p in enumerate(batch[:5])),
        ).request
        if start == 0:
            browser.sign_in(REVIEWER)
        for path in ("/", f"/review/{request.request_id}"):
            found = Found()
            found.feed(browser.get(path).body)
            assert not found.bad, (start, path, found.bad[:3])
        answer = {"outcome": "", "feedback": "\n".join(batch[:10]), "form_id": "f"}
        assert browser.post(f"/review/{request.request_id}/answer", answer).status == 303
        found = Found()
        found.feed(browser.get(f"/review/{request.request_id}").body)
        assert not found.bad, (start, found.bad[:3])
        world.pass_time(minutes=20)
