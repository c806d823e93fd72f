"""The master key: makes data keys and opens them again; and the vault, which seals texts with those."""

from dataclasses import dataclass, field
from typing import Protocol


class ContentErased(Exception):
    """The data key of this content was destroyed; what it sealed can never be read again."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key of 32 bytes for one owner; `wrapped` is the form that may be stored."""

    owner: str
    wrapped: bytes
    secret: bytes = field(repr=False)


class MasterKey(Protocol):
    def create(self, owner: str) -> DataKey:
        """A new data key, bound to its owner."""

    def open(self, owner: str, wrapped: bytes) -> DataKey:
        """The data key that `create` wrapped; ValueError when it belongs to another owner or was altered."""


class Vault(MasterKey, Protocol):
    def seal(self, key: DataKey, name: str, plain: bytes) -> bytes:
        """Encrypt and authenticate `plain`, bound to the owner and to `name`."""

    def unseal(self, key: DataKey, name: str, sealed: bytes) -> bytes:
        """What was sealed under this owner and name; ValueError for anything else."""

    def salt(self, key: DataKey) -> bytes:
        """The salt for this owner's text digests, gone with the key."""
