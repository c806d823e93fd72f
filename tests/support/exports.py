"""Exports in memory: begun, written step by step, laid into a folder as a person would fetch them."""

from datetime import datetime
from pathlib import Path

from nodback.verify import Known
from nodback_core.adapters.memory import MemoryQueue
from nodback_core.domain.audit.exports import Export, ExportStatus
from nodback_core.domain.audit.seals import fingerprint
from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.usecases.audit.exports import Writing, start_export, write_export
from support.world import World

TOLD = Known(fingerprint(World().archive.signer.public_key()))
"""What an auditor was told by another way: the key that every world signs with."""


def manager(deployment_id: int) -> Caller:
    return Caller(Scope.MANAGE, deployment_id, "m")


def begin_export(world: World, deployment_id: int, begin: datetime, end: datetime | None = None) -> Export:
    return start_export(
        deployment_id,
        export_id=world.uuid(),
        begin=begin,
        end=end,
        caller=manager(deployment_id),
        store=world.store,
        queue=MemoryQueue(),
        now=world.now,
    )


def write_once(world: World, export: Export) -> Export | None:
    """One message of the queue, with time for a single step."""
    return write_export(
        export.deployment_id,
        export.export_id,
        writing=Writing(world.store, world.objects, world.archive, 1),
        queue=MemoryQueue(),
        may_go_on=lambda: False,
        now=world.now,
    )


def finish_export(world: World, export: Export) -> Export:
    for _ in range(10_000):
        written = write_once(world, export)
        if written is not None and written.status is ExportStatus.FINISHED:
            return written
    raise AssertionError("the export never ends")


def fetch_export(world: World, export: Export, folder: Path) -> Path:
    """The files of a finished export, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in world.objects.names(export.prefix):
        short = name.removeprefix(export.prefix)
        if not short.startswith("."):
            data = world.objects.get(name, limit=2**40)
            assert data is not None
            (folder / short).write_bytes(data)
    return folder


def export_all(world: World, deployment_id: int, folder: Path, *, begin: datetime | None = None) -> Path:
    from support.world import START

    return fetch_export(
        world, finish_export(world, begin_export(world, deployment_id, begin or START.replace(month=1))), folder
    )
