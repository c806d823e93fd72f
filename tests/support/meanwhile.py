"""Somebody else is faster: what they do is committed after another has read and before that one writes."""

from collections.abc import Callable
from typing import Any


class Overtaken:
    """A store before whose next commit `act` happens, once."""

    def __init__(self, store: Any, act: Callable[[], object]):
        self._store, self._acts = store, [act]

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._store, attribute)

    def commit(self, *arguments: Any, **named: Any) -> None:
        if self._acts:
            self._acts.pop()()
        self._store.commit(*arguments, **named)
