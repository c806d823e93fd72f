"""Reading one record, where nothing is decided over it."""

from typing import TypeVar

from nodback_core.domain.shared.records import Key, Record
from nodback_core.ports import Store

R = TypeVar("R", bound=Record)


def read_one(key: Key[R], *, store: Store) -> R | None:
    """The record at a key; None where there is none."""
    return store.fetch(key)[key]
