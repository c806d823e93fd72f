"""Objects: bytes under a name, for what is too large for a row, and for raw mail."""

from collections.abc import Sequence
from typing import Protocol


class Objects(Protocol):
    def put(self, name: str, data: bytes) -> None:
        """Store `data`, replacing what was there."""

    def get(self, name: str, *, limit: int) -> bytes | None:
        """The object's bytes, None when there is none; ValueError when it has more than `limit` bytes."""

    def delete(self, name: str) -> None:
        """Remove the object; nothing happens when there is none."""

    def names(self, prefix: str) -> Sequence[str]:
        """The names of all objects that begin with `prefix`, in order."""

    def link(self, name: str, *, seconds: int) -> str:
        """An address from which anybody may fetch the object for so long."""
