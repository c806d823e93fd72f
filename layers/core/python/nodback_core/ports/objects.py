"""Objects: bytes under a name, for what is too large for a row, and for raw mail."""

from collections.abc import Sequence
from typing import Protocol


def check_folder(folder: str) -> None:
    """Raises ValueError for the beginning of a name that ends within a word."""
    if not folder.endswith("/"):
        raise ValueError(f"{folder} is no folder: it has to end with /")


class Objects(Protocol):
    def put(self, name: str, data: bytes) -> None:
        """Store `data`, replacing what was there."""

    def get(self, name: str, *, limit: int) -> bytes | None:
        """The object's bytes, None when there is none; ValueError when it has more than `limit` bytes."""

    def delete(self, name: str) -> None:
        """Remove the object; nothing happens when there is none."""

    def names(self, folder: str) -> Sequence[str]:
        """The names of the objects in `folder`, which ends with a slash, in order; those of folders in it are not.

        So whoever deletes what a folder holds cannot reach what another one holds whose name begins alike.
        """

    def link(self, name: str, *, seconds: int) -> str:
        """An address from which anybody may fetch the object for so long."""
