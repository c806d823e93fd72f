"""Exports: a person starts one, then a function writes it step by step. Each step can be repeated safely."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import cast

from nodback_core.domain.audit.exports import (
    MANIFEST,
    MAX_RANGE_DAYS,
    PAGE_ENTRIES,
    PAGE_SEALS,
    Export,
    ExportFile,
    ExportStatus,
    as_csv,
    as_lines,
    files_of,
)
from nodback_core.domain.audit.happenings import ExportFinished, ExportStarted
from nodback_core.domain.audit.seals import OVERLAP_MINUTES, SEAL_EVERY_MINUTES, Seal
from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.shared import labels
from nodback_core.domain.shared.canonical import Json, canonical
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NotFound
from nodback_core.domain.shared.outcomes import Outcome, changed
from nodback_core.domain.shared.records import Rows
from nodback_core.domain.shared.times import stamp
from nodback_core.ports import Message, Objects, Page, Queue, Store
from nodback_core.usecases.audit.seal import Archive, seal, sealed_groups, seals_between
from nodback_core.usecases.shared.change import change, change_once
from nodback_core.usecases.shared.reading import read_one

LINK_SECONDS = 3600
MAX_PLAN_BYTES = 512 * 1024 * 1024
LATEST_SEAL = timedelta(minutes=2 * SEAL_EVERY_MINUTES + OVERLAP_MINUTES)
"""How long after the end of a range a seal may still cover entries of it."""


@dataclass(frozen=True, slots=True)
class Writing:
    """The ports that writing an export needs, and the number of the organization."""

    store: Store
    objects: Objects
    archive: Archive
    organization_id: int


def start_export(
    deployment_id: int,
    *,
    export_id: str,
    begin: datetime,
    end: datetime | None,
    caller: Caller,
    store: Store,
    queue: Queue,
    now: datetime,
) -> Export:
    """Start an export of what happened from `begin` to `end`, or to this moment.

    Raises InvalidInput for a range that is empty, too long or not over yet.
    """
    caller.require(Scope.MANAGE, Scope.INSTALL)
    caller.check_deployment(deployment_id)
    last = min(end, now) if end is not None else now
    if not timedelta(0) < last - begin <= timedelta(days=MAX_RANGE_DAYS):
        raise InvalidInput((FieldError("from", f"must lie before the end, by at most {MAX_RANGE_DAYS} days"),))
    export = Export(deployment_id, export_id, begin, last, now)
    started = ExportStarted(by=caller.actor, export_id=export_id, begin=stamp(begin), end=stamp(last))

    def decide(rows: Rows) -> Outcome:
        deployment = rows[Deployment.at(deployment_id)]
        if deployment is None:
            raise NotFound(f"there is no deployment {deployment_id}")
        return changed(deployment, started, also=(export,))

    stored = change(decide, Deployment.at(deployment_id), on=store, now=now).of(Export)
    queue.send([export_message(stored)])
    return stored


def resume_export(deployment_id: int, export_id: str, *, caller: Caller, store: Store, queue: Queue) -> Export:
    """Continue an export that stopped. For one that is finished or under way, nothing changes."""
    caller.require(Scope.MANAGE, Scope.INSTALL)
    export = read_export(deployment_id, export_id, caller=caller, store=store)
    if export.status is not ExportStatus.FINISHED:
        queue.send([export_message(export)])
    return export


def read_export(deployment_id: int, export_id: str, *, caller: Caller, store: Store) -> Export:
    caller.require(Scope.MANAGE, Scope.INSTALL)
    caller.check_deployment(deployment_id)
    found = read_one(Export.at(deployment_id, export_id), store=store)
    if found is None:
        raise NotFound(f"deployment {deployment_id} has no export {export_id}")
    return found


def list_exports(deployment_id: int, *, caller: Caller, store: Store, cursor: str | None) -> Page[Export]:
    caller.require(Scope.MANAGE, Scope.INSTALL)
    caller.check_deployment(deployment_id)
    return store.children(Export, f"deployment/{deployment_id}", "export/", cursor=cursor)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to one file of an export, valid for `LINK_SECONDS`."""

    name: str
    bytes: int
    sha256: str
    url: str


def export_links(export: Export, *, store: Store, objects: Objects) -> list[Link]:
    """The links of a finished export, the manifest first; none before it is finished."""
    if export.status is not ExportStatus.FINISHED:
        return []
    made = sorted(files(export.export_id, store=store), key=lambda f: (f.name != MANIFEST, f.name))
    return [Link(f.name, f.bytes, f.sha256, objects.link(export.prefix + f.name, seconds=LINK_SECONDS)) for f in made]


def export_message(export: Export) -> Message:
    """The message that makes the function continue an export."""
    return Message(
        {"deployment_id": str(export.deployment_id), "export_id": export.export_id}, group=str(export.deployment_id)
    )


def write_export(
    deployment_id: int, export_id: str, *, writing: Writing, queue: Queue, may_go_on: Callable[[], bool], now: datetime
) -> Export | None:
    """Write steps while `may_go_on`, then leave the rest to the next message; None when another run writes it.

    A step is written together with its progress or not at all, so a crash costs at most one step.
    """
    address = Export.at(deployment_id, export_id)
    export = read_one(address, store=writing.store)
    while export is not None and export.status is not ExportStatus.FINISHED:
        export = _step(export, writing=writing, now=now)
        if export is not None and export.status is not ExportStatus.FINISHED and not may_go_on():
            queue.send([export_message(export)])
            break
    return export


def _step(export: Export, *, writing: Writing, now: datetime) -> Export | None:
    """The export after one more step; None when another run has written that step."""
    if export.status is ExportStatus.SEALS:
        return _write_seals(export, writing=writing, now=now)
    if export.status is ExportStatus.ENTRIES:
        return _write_entries(export, writing=writing, now=now)
    return _write_manifest(export, writing=writing, now=now)


def _write_seals(export: Export, *, writing: Writing, now: datetime) -> Export | None:
    """Write one page of seals, with what each says about this deployment; the last page also makes the plan."""
    if export.seal_pages == 0:
        # So that nothing in the range is still unsealed when it is exported.
        seal(store=writing.store, archive=writing.archive, organization_id=writing.organization_id, now=now)
    since = export.last_seal_at or export.begin
    # The one that this page was made in stays the last: its pages are counted, not its days.
    span = seals_between(since, export.end + LATEST_SEAL, store=writing.store)
    part = list(islice((s for s in span if s.number > export.last_seal), PAGE_SEALS))
    if not part:
        return _plan(export, writing=writing, now=now)
    heads: dict[str, int] = {}
    lines = []
    for made in part:
        line, moved = _seal_line(made, export.deployment_id, writing.archive)
        lines.append(line)
        for subject, seq in moved.items():
            heads[subject] = max(seq, heads.get(subject, 0))
    number = export.seal_pages + 1
    file = _put(export, f"seals-{number:05d}.ndjson", b"".join(lines), len(lines), writing=writing, now=now)
    writing.objects.put(f"{export.prefix}.plan-{number:05d}.json", json.dumps(heads).encode())
    after = replace(
        export,
        seal_pages=number,
        first_seal=export.first_seal or part[0].number,
        last_seal=part[-1].number,
        last_seal_at=part[-1].sealed_at,
        last_seal_hash=part[-1].hash,
    )
    return _written(after, file, writing=writing, now=now)


def _seal_line(made: Seal, deployment_id: int, archive: Archive) -> tuple[bytes, dict[str, int]]:
    groups = sealed_groups(made, objects=archive.objects)
    own = [h for g in groups if g.deployment_id == deployment_id for h in g.heads]
    deployments: list[Json] = [list(g.summary) for g in groups]
    document: dict[str, Json] = {
        "digest": cast("Json", json.loads(made.document)),
        "signature": made.signature.hex(),
        "deployments": deployments,
        "heads": [[h.subject, h.seq, h.hash] for h in own],
    }
    return canonical(document) + b"\n", {h.subject: h.seq for h in own}


def _plan(export: Export, *, writing: Writing, now: datetime) -> Export | None:
    """The subjects in order, each with the number of its newest sealed entry."""
    merged: dict[str, int] = {}
    for number in range(1, export.seal_pages + 1):
        for subject, seq in _read(f"{export.prefix}.plan-{number:05d}.json", writing).items():
            merged[subject] = max(seq, merged.get(subject, 0))
    plan = {"subjects": sorted(merged.items())}
    writing.objects.put(f"{export.prefix}.plan.json", json.dumps(plan).encode())
    after = replace(export, status=ExportStatus.ENTRIES, subjects=len(merged))
    return _written(after, writing=writing, now=now)


def _read(name: str, writing: Writing) -> dict[str, int]:
    data = writing.objects.get(name, limit=MAX_PLAN_BYTES)
    if data is None:
        raise LookupError(f"there is no {name}")
    return cast("dict[str, int]", json.loads(data))


def _write_entries(export: Export, *, writing: Writing, now: datetime) -> Export | None:
    """One page of entries: whole chains, or a part of a long one."""
    plan = cast("list[tuple[str, int]]", _read(f"{export.prefix}.plan.json", writing)["subjects"])
    page: list[Entry] = []
    done, seq = export.subjects_done, export.after_seq
    while done < len(plan) and len(page) < PAGE_ENTRIES:
        subject, last = plan[done]
        page += _chain(subject, seq, last, PAGE_ENTRIES - len(page), store=writing.store)
        reached = page[-1].seq if page and page[-1].subject == subject else last
        # A chain that ends early was tampered with: what is there is exported, and the check names what is missing.
        complete = reached >= last or len(page) < PAGE_ENTRIES
        done, seq = (done + 1, 0) if complete else (done, reached)
    number = export.entry_pages + 1
    name = f"entries-{number:05d}"
    files_made = []
    if page:
        files_made = [
            _put(export, f"{name}.ndjson", as_lines(page), len(page), writing=writing, now=now),
            _put(export, f"{name}.csv", as_csv(page), len(page) + 1, writing=writing, now=now),
        ]
    after = replace(
        export,
        subjects_done=done,
        after_seq=seq,
        entries=export.entries + len(page),
        entry_pages=number if page else export.entry_pages,
        status=ExportStatus.MANIFEST if done >= len(plan) else ExportStatus.ENTRIES,
    )
    return _written(after, *files_made, writing=writing, now=now)


def _chain(subject: str, after: int, last: int, limit: int, *, store: Store) -> list[Entry]:
    """The entries of a subject behind `after` up to `last`, at most `limit` of them."""
    found: list[Entry] = []
    while len(found) < limit:
        part = store.chain(subject, after_seq=after, limit=min(500, limit - len(found)))
        found += [entry for entry in part.items if entry.seq <= last]
        if part.cursor is None or part.items[-1].seq >= last:
            break
        after = part.items[-1].seq
    return found


def _write_manifest(export: Export, *, writing: Writing, now: datetime) -> Export | None:
    signer = writing.archive.signer
    listed: list[Json] = [
        {"name": f.name, "bytes": f.bytes, "sha256": f.sha256, "lines": f.lines}
        for f in files(export.export_id, store=writing.store)
        if f.name != MANIFEST
    ]
    manifest: dict[str, Json] = {
        "format": labels.EXPORT,
        "export_id": export.export_id,
        "organization_id": writing.organization_id,
        "deployment_id": export.deployment_id,
        "from": stamp(export.begin),
        "to": stamp(export.end),
        "seals": {"first": export.first_seal, "last": export.last_seal, "last_hash": export.last_seal_hash},
        "subjects": export.subjects,
        "entries": export.entries,
        "files": listed,
        "public_key": signer.public_key().hex(),
    }
    outer: dict[str, Json] = {"manifest": manifest, "signature": signer.sign(canonical(manifest)).hex()}
    file = _put(export, MANIFEST, canonical(outer), 1, writing=writing, now=now)
    finished = ExportFinished(
        export_id=export.export_id, entries=export.entries, subjects=export.subjects, manifest_sha256=file.sha256
    )

    def decide(rows: Rows) -> Outcome | None:
        known = rows[export.key]
        if known is None or known.status is ExportStatus.FINISHED:
            return None
        after = replace(export, status=ExportStatus.FINISHED, finished_at=now, version=known.version)
        return changed(rows.of(Deployment), finished, also=(after, file))

    return change(decide, Deployment.at(export.deployment_id), export.key, on=writing.store, now=now)[export.key]


def _written(after: Export, *made: ExportFile, writing: Writing, now: datetime) -> Export | None:
    """Store the progress of a step together with its files; None when another run has written that step."""
    rows = change_once(Outcome(rows=(after, *made)), on=writing.store, now=now)
    return None if rows is None else rows.of(Export)


def _put(export: Export, name: str, data: bytes, lines: int, *, writing: Writing, now: datetime) -> ExportFile:
    writing.objects.put(export.prefix + name, data)
    return ExportFile(export.export_id, name, len(data), hashlib.sha256(data).hexdigest(), lines, now)


def files(export_id: str, *, store: Store) -> Iterator[ExportFile]:
    """All files of an export by name."""
    cursor = None
    while True:
        page = store.children(ExportFile, files_of(export_id), "file/", limit=300, cursor=cursor)
        yield from page.whole
        if (cursor := page.cursor) is None:
            return
