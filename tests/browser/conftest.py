"""A real browser on the embedded stack. With CI=true a missing browser fails; elsewhere it is said why nothing ran."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from browser.chromium import launched, needed
from browser.doors import sign_in
from infra.local.house import CREATOR, House
from infra.settings import LOCAL_ADMIN

COLD_PAGE_MS = 60_000
"""A cold function on a busy machine answers late, but it answers."""


# Not for the session: Playwright leaves its event loop running, in which crewAI refuses to resume.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched(needed()) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def signed_in(browser: Browser, house: House) -> Iterator[dict[str, BrowserContext]]:
    """One browser for each of the two people, signed in by the mailed link."""
    contexts = {}
    for who in (CREATOR, LOCAL_ADMIN):
        context = browser.new_context(base_url=house.dashboard_url, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(COLD_PAGE_MS)
        sign_in(context, house, who)
        contexts[who] = context
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture
def page(signed_in: dict[str, BrowserContext]) -> Iterator[Page]:
    """A tab of the reviewer, who manages the deployment."""
    tab = signed_in[CREATOR].new_page()
    yield tab
    tab.close()


@pytest.fixture
def admin(signed_in: dict[str, BrowserContext]) -> Iterator[Page]:
    tab = signed_in[LOCAL_ADMIN].new_page()
    yield tab
    tab.close()
