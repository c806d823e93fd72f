"""What every test may ask for; the embedded stack is started at most once a run, by the first test that needs it."""

import os
import shutil
from collections.abc import Iterator

import pytest
from flows.crew import Crew

from infra.local.house import House, open_house
from infra.local.stack import HOME

# Runs beside each other need a folder each.
TEST_HOME = HOME / os.environ.get("NODBACK_TEST_HOME", "tests")


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """The whole service on this machine, deployed from the real template into a folder of the tests' own."""
    shutil.rmtree(TEST_HOME, ignore_errors=True)
    with open_house(TEST_HOME, tell=lambda _: None) as opened:
        yield opened


@pytest.fixture(scope="session")
def crew(house: House) -> Iterator[Crew]:
    """One crewAI process for all stories: it runs flows on request and carries answers back into them."""
    with Crew(house.flow_environment()) as running:
        yield running
