"""Whatever happens to a few requests, in whatever order: the promises hold after every step."""

import pytest
from hypothesis import HealthCheck, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from support.histories import CHAPTERS, History
from support.moto_world import clients
from support.scale import SCALE, SEED, replay_with

HISTORIES = 100 * SCALE
HISTORIES_ON_AWS = 2 * SCALE
BATCH = 500


def tell(machine: type[History], histories: int, number: int = 0) -> None:
    """Run that many histories from one seed; what fails is made small, and the seed is named."""
    chosen = SEED + number
    print(f"histories from {replay_with(chosen)}")
    limits = settings(
        max_examples=histories,
        stateful_step_count=CHAPTERS,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.normal,
    )
    try:
        run_state_machine_as_test(seed(chosen)(machine), settings=limits)
    except Exception as problem:
        problem.add_note(replay_with(chosen))
        raise


@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_histories_of_requests() -> None:
    for number in range(0, HISTORIES, BATCH):
        tell(History, min(BATCH, HISTORIES), number)


@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_the_same_histories_with_the_adapters_of_aws() -> None:
    with clients() as made:
        on_aws = type("HistoryOnAws", (History,), {"make_world": staticmethod(made.world)})
        tell(on_aws, HISTORIES_ON_AWS)
