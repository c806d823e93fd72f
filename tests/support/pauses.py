"""Retries without their pauses, so that thousands of collisions take no time."""

from collections.abc import Iterator
from contextlib import contextmanager

from nodback_core.usecases.shared.attempts import until_written


@contextmanager
def no_pauses() -> Iterator[None]:
    """While it lasts, `until_written` tries again at once."""
    defaults = until_written.__kwdefaults__
    before = defaults["sleep"]
    defaults["sleep"] = lambda _: None
    try:
        yield
    finally:
        defaults["sleep"] = before
