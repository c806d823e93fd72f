"""Rows that this version of the service cannot read, as a newer one leaves them behind after a rollback."""

from dataclasses import dataclass

from nodback_core.domain.shared.records import Record
from support.world import World


def spoiled(record: Record) -> Record:
    """A row of a kind that this version does not know, where `record` would stand."""

    @dataclass(frozen=True)
    class FromANewerVersion:
        of_tomorrow: str = "?"
        version: int = 0

        key = record.key
        indexes = record.indexes
        forget_after = None

    return FromANewerVersion()


def spoil(world: World, record: Record) -> None:
    """Let a stored row be one that cannot be read."""
    world.store.rows[record.key.partition, record.key.sort] = spoiled(record)


def restore(world: World, record: Record) -> None:
    """The newer version is back: the row can be read again."""
    world.store.rows[record.key.partition, record.key.sort] = record
