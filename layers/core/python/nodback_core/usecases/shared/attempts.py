"""Reading, deciding and writing again when somebody else wrote first."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from nodback_core.domain.shared.errors import Busy
from nodback_core.ports import Changed

T = TypeVar("T")
ATTEMPTS = 12
LONGEST_PAUSE_SECONDS = 0.2


def until_written(step: Callable[[], T], *, sleep: Callable[[float], None] = time.sleep) -> T:
    """Run `step`, which reads, decides and commits, until its commit is not overtaken by another.

    Raises Busy after `ATTEMPTS` tries; then nothing was written.
    """
    for attempt in range(ATTEMPTS):
        try:
            return step()
        except Changed:
            sleep(random.uniform(0, min(LONGEST_PAUSE_SECONDS, 0.005 * 2**attempt)))  # noqa: S311 - jitter
    raise Busy("this was changed by others again and again; nothing was written, so try again")
