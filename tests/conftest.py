"""What every test may ask for; the embedded stack is started at most once a run, by the first test that needs it."""

import shutil
from collections.abc import Iterator

import pytest

from infra.local.house import House, open_house
from infra.local.stack import HOME

TEST_HOME = HOME / "tests"


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """The whole service on this machine, deployed from the real template into a folder of the tests' own."""
    shutil.rmtree(TEST_HOME, ignore_errors=True)
    with open_house(TEST_HOME, tell=lambda _: None) as opened:
        yield opened
