"""One crewAI process for all stories: it runs flows on request and carries answers back into them."""

from collections.abc import Iterator

import pytest

from flows.crew import Crew
from infra.local.house import House


@pytest.fixture(scope="session")
def crew(house: House) -> Iterator[Crew]:
    with Crew(house.flow_environment()) as running:
        yield running
