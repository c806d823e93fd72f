"""Every page in Chromium: no barrier, fits a phone, small, and nothing of a stranger runs or loads."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, Request
from support.browse import Browser
from support.site import site
from support.world import INSTALL, REVIEWER, World

from browser.injections import PAYLOADS
from browser.story import MANAGER, Install, an_install, paths
from infra.build import dashboard_assets
from nodback_core.dashboard import assets
from nodback_core.usecases.people.members import add_member

FIRST_LOAD_BYTES = 100_000
BATCH = 60


@pytest.fixture(scope="module", autouse=True)
def built() -> Iterator[None]:
    """The files as they are deployed, the font among them."""
    before, assets.BUILT = assets.BUILT, dashboard_assets(assets.SOURCES)
    assets.assets.cache_clear()
    yield
    assets.BUILT = before
    assets.assets.cache_clear()


@pytest.fixture(scope="module")
def install() -> Install:
    return an_install()


@pytest.fixture(scope="module")
def cookies(install: Install) -> dict[str, str]:
    return Browser(install.world).sign_in(MANAGER).cookies


@pytest.fixture(scope="module")
def url(install: Install, cookies: dict[str, str]) -> Iterator[str]:
    with site(install.world) as address:
        yield address


def a_context(browser: Chromium, url: str, cookies: dict[str, str], **options: object) -> BrowserContext:
    context = browser.new_context(base_url=url, **options)  # type: ignore[arg-type]
    context.add_cookies(
        [
            {"name": n, "value": v, "url": url.replace("http:", "https:"), "secure": True, "httpOnly": True}
            for n, v in cookies.items()
        ]
    )
    return context


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_every_page_fits_is_small_and_has_no_barriers(
    browser: Chromium, url: str, cookies: dict[str, str], install: Install, scheme: str, width: int
) -> None:
    problems: list[str] = []
    for name, path in {**paths(install), "sign_in": "/sign-in", "nowhere": "/nowhere"}.items():
        context = a_context(
            browser,
            url,
            {} if name == "sign_in" else cookies,
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
        )
        tab = context.new_page()
        errors: list[str] = []
        tab.on(
            "console", lambda message, errors=errors: errors.append(message.text) if message.type == "error" else None
        )
        tab.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
        sizes: list[int] = []
        tab.on("requestfinished", lambda request, sizes=sizes: sizes.append(_size(request)))
        tab.goto(path)
        tab.wait_for_load_state("networkidle")
        if tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(f"{name}: wider than {width}")
        if sum(sizes) > FIRST_LOAD_BYTES:
            problems.append(f"{name}: {sum(sizes)} bytes at first load")
        problems += [f"{name}: {error}" for error in errors if "404" not in error]
        found = Axe().run(tab)
        assert found["passes"]
        problems += [f"{name}: {v['id']}: {v['nodes'][0]['html'][:200]}" for v in found["violations"]]
        context.close()

    assert problems == []


def _size(request: Request) -> int:
    sizes = request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


def test_keys_lead_through_the_inbox_and_to_the_answers(
    browser: Chromium, url: str, cookies: dict[str, str], install: Install
) -> None:
    tab = a_context(browser, url, cookies).new_page()
    tab.goto("/")
    tab.keyboard.press("j")
    tab.keyboard.press("j")
    assert tab.evaluate("[...document.querySelectorAll('.row > a')].indexOf(document.activeElement)") == 1
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/review/*")
    tab.keyboard.press("2")
    assert tab.evaluate("document.activeElement.value") == "rejected"
    tab.keyboard.press("c")
    tab.keyboard.type("j2?")
    assert tab.input_value("#feedback") == "j2?"
    tab.keyboard.press("Escape")
    tab.keyboard.press("?")
    assert tab.is_visible("#help")
    tab.get_by_label("Use these shortcuts in this browser").uncheck()
    tab.keyboard.press("Escape")
    tab.keyboard.press("1")
    assert tab.evaluate("document.activeElement.value") != "approved"
    tab.context.close()


def test_every_bar_and_line_of_the_charts_is_painted_in_the_colour_of_its_design(
    browser: Chromium, url: str, cookies: dict[str, str]
) -> None:
    for scheme in ("light", "dark"):
        context = a_context(browser, url, cookies, color_scheme=scheme)
        tab = context.new_page()
        tab.goto("/analytics")
        painted = tab.evaluate(PAINT)
        context.close()
        assert len(painted["shapes"]) > 20
        assert painted["patterns"] > 1
        assert [shape for shape in painted["shapes"] if shape["problem"]] == []


PAINT = """() => {
    const seen = (colour) => colour !== 'none' && !/, 0\\)$|^transparent$/.test(colour);
    const accent = getComputedStyle(document.querySelector('.legend .p0')).fill;
    const patterns = new Set();
    const shapes = [...document.querySelectorAll('#figures .chart :is(rect, circle, polyline)')].map((shape) => {
        const style = getComputedStyle(shape), box = shape.getBoundingClientRect();
        const pattern = /url\\("?#([^")]+)/.exec(style.fill)?.[1];
        let problem = box.width > 0 && box.height > 0 ? '' : 'no size';
        if (pattern) {
            patterns.add(pattern);
            for (const part of document.querySelectorAll(`#${pattern} :is(path, circle)`)) {
                const ink = getComputedStyle(part)[part.tagName === 'path' ? 'stroke' : 'fill'];
                if (ink !== accent) problem = `#${pattern} is drawn in ${ink}, not in ${accent}`;
            }
            if (!document.querySelector(`#${pattern} :is(path, circle)`)) problem = `there is no #${pattern}`;
        } else if (!seen(style.fill) && !seen(style.stroke)) problem = 'neither filled nor stroked';
        return { problem, shape: shape.outerHTML.slice(0, 120) };
    });
    return { patterns: patterns.size, shapes };
}"""


def test_no_style_is_written_for_a_place_where_its_class_never_stands(
    browser: Chromium, url: str, cookies: dict[str, str], install: Install
) -> None:
    """Such as `.chart .pattern` while every pattern stands elsewhere: nobody sees what the style says."""
    world = install.world
    automatic = {"enabled": True, "timeout_minutes": 60, "default_outcome": "rejected"}
    late = world.deployment(creator_email=MANAGER, sla_minutes=30, auto_response=automatic)
    request = world.pause(late, flow_id="late").request
    for _ in range(2):
        world.pass_time(minutes=31)
        world.wake(request.request_id)
    context = a_context(browser, url, cookies)
    tab = context.new_page()
    known: set[str] = set()
    styled: dict[str, str] = {}
    fits: set[str] = set()

    def look() -> None:
        for selector, last, stands, matches in tab.evaluate(SELECTORS):
            styled[selector] = last
            known.update([last] if stands else [])
            fits.update([selector] if matches else [])

    for path in [*paths(install).values(), "/sign-in", f"/review/{request.request_id}", "/?assignee=marta"]:
        tab.goto(path)
        look()
    tab.goto(f"/deployments/{install.content.deployment_id}/keys")
    tab.get_by_label("Name").fill("A key")
    tab.get_by_role("button", name="Make the key").click()
    tab.get_by_text("Copy it now").wait_for()
    look()
    context.close()

    assert len(styled) > 100
    assert sorted(s for s, last in styled.items() if last in known and s not in fits) == []


SELECTORS = r"""() => {
    const rules = (list) => [...list].flatMap((r) => r.selectorText ? [r.selectorText] : rules(r.cssRules || []));
    const found = [...document.styleSheets].flatMap((sheet) => rules(sheet.cssRules))
        .flatMap((text) => text.split(/,(?![^(]*\))/));
    return [...new Set(found.map((text) => text.trim()))]
        .map((selector) => [selector, selector.replace(/::?(?!not|is|first|last|nth)[a-z-]+/g, "")])
        .map(([selector, plain]) => [selector, plain, plain.split(/[\s>+~]+/).pop()])
        .filter(([, , last]) => /^(\.[\w-]+)+$/.test(last))
        .map(([selector, plain, last]) =>
            [selector, last, !!document.querySelector(last), !!document.querySelector(plain)]);
}"""


def test_a_page_is_ready_for_a_person_within_moments(browser: Chromium, url: str, cookies: dict[str, str]) -> None:
    tab = a_context(browser, url, cookies).new_page()
    tab.goto("/")
    ready = tab.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    print(f"inbox: ready after {ready:.0f} ms")
    assert ready < 5000
    tab.context.close()


def test_of_a_thousand_injections_none_runs_and_nothing_is_loaded_from_elsewhere(browser: Chromium) -> None:
    assert len(PAYLOADS) >= 1000
    world = World()
    pages = ["/", "/history"]
    for start in range(0, len(PAYLOADS), BATCH):
        batch = PAYLOADS[start : start + BATCH]
        seven = world.deployment(creator_email=REVIEWER)
        request = world.pause(
            seven,
            flow_id=f"f{start}",
            method_name=batch[0][:200],
            output="\n\n".join(batch),
            state={p: {"inner": [p]} for p in batch},
            emit=tuple(f"{n} {p[:80]}" for n, p in enumerate(batch[:4])),
        ).request
        pages.append(f"/review/{request.request_id}")
    person = Browser(world).sign_in(REVIEWER)
    for path in pages[2::2]:
        said = "\n".join(PAYLOADS[:40])
        person.post(f"{path}/answer", {"outcome": "", "feedback": said, "form_id": "f"})
    cookies = person.cookies
    with site(world) as address:
        context = a_context(browser, address, cookies)
        elsewhere: list[str] = []
        context.on("request", lambda r: None if r.url.startswith(address) else elsewhere.append(r.url))
        tab = context.new_page()
        tab.on("dialog", lambda dialog: dialog.dismiss())
        for path in pages:
            tab.goto(path)
            _poke(tab)
            assert tab.evaluate("window.__taken") is None, path
            assert tab.url == f"{address}{path}"
        context.close()

    assert elsewhere == []


def _poke(tab: Page) -> None:
    """What a person's mouse and keyboard would set off."""
    tab.evaluate(
        """() => { for (const each of document.querySelectorAll('main *')) {
            each.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
            if (each.tagName === 'DETAILS') each.open = true;
        } }"""
    )
    tab.wait_for_timeout(30)


def test_54_reviews_are_reached_by_keyboard_and_a_mistyped_filter_is_told_beside_its_field(browser: Chromium) -> None:
    world = World(now=datetime.now(UTC).replace(microsecond=0))
    seven = world.deployment(creator_email=REVIEWER)
    for number in range(54):
        world.pause(seven, flow_id=f"flow-{number}")
    add_member(
        seven.deployment_id, REVIEWER, ["manage_human_feedback"], caller=INSTALL, store=world.store, now=world.now
    )
    cookies = Browser(world).sign_in(REVIEWER).cookies
    with site(world) as address:
        tab = a_context(browser, address, cookies).new_page()
        tab.goto("/")
        for _ in range(51):
            tab.keyboard.press("j")
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/?mine=2")
        assert tab.locator(".row").count() == 4
        assert tab.get_by_text("51–54 of 54").is_visible()

        tab.get_by_label("Assignee").fill("ben")
        tab.keyboard.press("Enter")
        tab.get_by_role("alert").filter(has_text="Type a whole mail address").wait_for()
        assert tab.locator(".row").count() == 50
        tab.get_by_label("Assignee").fill("ben@example.com")
        tab.keyboard.press("Enter")
        tab.get_by_text("No pending request matches these filters.").wait_for()
        assert tab.get_by_role("alert").count() == 0
        tab.context.close()
