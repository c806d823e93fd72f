"""The three places of a request's texts, in one hand: rows, keys and objects."""

from dataclasses import dataclass

from nodback_core.ports.objects import Objects
from nodback_core.ports.store import Store
from nodback_core.ports.vault import Vault


@dataclass(frozen=True, slots=True)
class Storage:
    """What a use case needs that reads or writes texts."""

    store: Store
    vault: Vault
    objects: Objects
