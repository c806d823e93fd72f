"""Workers killed between claim and result, with the real crewAI: the documentation says what becomes of each answer."""

import pytest
from support.scale import SCALE

from flows.kill_table import POINTS, ROOT, SMALL, Seen, play

PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")


@pytest.mark.fuzz
@pytest.mark.timeout(900)
def test_a_killed_workers_answer_is_taken_over_before_consumed_and_left_to_a_person_after_it() -> None:
    for seen in play(POINTS if SCALE > 1 else SMALL):
        assert seen.end == "succeeded"
        assert seen.row() in PAGE, f"the documentation says something else; write it again: {seen.row()}"
        _nobody_runs_listeners_twice_by_itself(seen)


def _nobody_runs_listeners_twice_by_itself(seen: Seen) -> None:
    assert not (seen.taken_over and seen.at_death == "consumed")
    assert seen.runs == 1 or seen.retried
