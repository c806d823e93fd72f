"""Counts the steps that code takes: unlike seconds, the same on every machine, however busy it is."""

import sys
from collections.abc import Callable
from types import FrameType


class TooManySteps(AssertionError):
    """The code went on beyond its limit."""


def steps_of(action: Callable[[], object], *, limit: int) -> int:
    """How many lines of Python run in `action`; what one call of a C function does counts as nothing.

    Raises TooManySteps as soon as there are more than `limit`.
    """
    taken = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Callable[..., object]:
        nonlocal taken
        if event == "line":
            taken += 1
            if taken > limit:
                raise TooManySteps(f"more than {limit} steps")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return taken
