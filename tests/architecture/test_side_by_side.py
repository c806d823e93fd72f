"""`make test` leaves no test out and runs none twice, whatever folders there are."""

from pathlib import Path

from tests.side_by_side import ON_THE_STACK, commands

TESTS = Path(__file__).parents[1]


def test_every_folder_of_tests_is_in_one_of_the_two_runs() -> None:
    on_the_stack, others = commands()
    wanted = {Path(argument).name for argument in on_the_stack if argument.startswith("/")} - {
        Path(on_the_stack[0]).name
    }
    left_out = {Path(argument.removeprefix("--ignore=")).name for argument in others if "--ignore" in argument}
    assert wanted == left_out == set(ON_THE_STACK)
    assert str(TESTS) in others, "all that is not left out is in the second run"
    assert all((TESTS / name).is_dir() for name in ON_THE_STACK)


def test_whatever_asks_for_the_stack_is_in_the_run_that_has_it() -> None:
    asking = {
        path.relative_to(TESTS).parts[0]
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__) and ("house: House" in path.read_text() or "EmbeddedStack.start" in path.read_text())
    }
    assert asking <= set(ON_THE_STACK)
    assert {"flows", "infra"} <= asking
