"""Somebody else is faster: what they do is committed after another has read and before that one writes."""

from collections.abc import Callable, Sequence
from typing import Any

from nodback_core.domain.shared.records import Record


class Overtaken:
    """A store before whose next commit `act` happens, once; with `writes`, before the next that writes such a row."""

    def __init__(self, store: Any, act: Callable[[], object], *, writes: type[Record] | None = None):
        self._store, self._acts, self._writes = store, [act], writes

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._store, attribute)

    def commit(self, records: Sequence[Record], *arguments: Any, **named: Any) -> None:
        if self._acts and (self._writes is None or any(isinstance(row, self._writes) for row in records)):
            self._acts.pop()()
        self._store.commit(records, *arguments, **named)
