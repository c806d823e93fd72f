"""Objects: bytes under a name, for what is too large for a row, and for raw mail."""

from typing import Protocol


class Objects(Protocol):
    def put(self, name: str, data: bytes) -> None:
        """Store `data`, replacing what was there."""

    def get(self, name: str, *, limit: int) -> bytes | None:
        """The object's bytes, None when there is none; ValueError when it has more than `limit` bytes."""
