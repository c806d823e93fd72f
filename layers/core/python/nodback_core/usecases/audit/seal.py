"""Sealing: chains that moved since the last seal are found by day, without a scan, and entries cost no extra write.

Each run reads the day lists again from `OVERLAP_MINUTES` before the last seal. An entry has the time at which its use
case started, and it may be written and listed later: by the time limit of a function, the skew of clocks and the lag of
an index. Heads that a seal in that time covers already are skipped. The first run of a day reads the whole day before
once more, so that even later entries are sealed then. When two runs overlap, one conditional write decides.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from nodback_core.domain.audit.day_lists import DAY_SHARDS
from nodback_core.domain.audit.seals import (
    OVERLAP_MINUTES,
    DeploymentHeads,
    Seal,
    SealState,
    day_of_seal,
    digest_document,
    fingerprint,
    group_heads,
    heads_document,
    heads_name,
    heads_of,
    seal_root,
    seals_of,
)
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.people.members import INSTALL_SUBJECTS
from nodback_core.domain.shared.canonical import canonical
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.times import stamp
from nodback_core.ports import Objects, Signer, Store
from nodback_core.usecases.shared.change import change_once
from nodback_core.usecases.shared.reading import read_one

MAX_HEADS_BYTES = 256 * 1024 * 1024
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Archive:
    """What sealing needs besides the store: objects that nobody can replace, and the signing key."""

    objects: Objects
    signer: Signer


def seal(*, store: Store, archive: Archive, organization_id: int, now: datetime) -> Seal | None:
    """Seal every chain that moved; None when none did, or when another run was first."""
    state = read_one(SealState.at(), store=store) or SealState()
    finish(state, store=store, archive=archive)
    groups = _moved(state, store=store, archive=archive, now=now)
    if not groups:
        return None
    document = digest_document(
        groups,
        organization_id=organization_id,
        after=state,
        key=fingerprint(archive.signer.public_key()),
        sealed_at=now,
    )
    message = canonical(document)
    made = Seal(state.number + 1, now, message.decode(), archive.signer.sign(message))
    # Named by its root: of two runs that race, neither can disturb the other's.
    archive.objects.put(heads_name(seal_root(groups)), heads_document(groups))
    after = replace(state, number=made.number, hash=made.hash, sealed_at=now)
    if change_once(Outcome(rows=(after, made)), on=store, now=now) is None:
        return None
    _publish(made, archive)
    return made


def finish(state: SealState, *, store: Store, archive: Archive) -> None:
    """Put the newest seal into the archive if the run that made it crashed before it could."""
    if state.sealed_at is None:
        return
    address = Seal.at(day_of_seal(state.sealed_at), state.number)
    newest = read_one(address, store=store)
    if newest is not None and archive.objects.get(newest.object_name, limit=MAX_HEADS_BYTES) is None:
        _publish(newest, archive)


def seals_between(first: datetime, last: datetime, *, store: Store) -> Iterator[Seal]:
    """The seals that were made from `first` to `last`, in order."""
    for day in _days(first.date(), last.date()):
        cursor = None
        while True:
            page = store.children(Seal, seals_of(day), "", limit=300, cursor=cursor)
            yield from (s for s in page.whole if first <= s.sealed_at <= last)
            if (cursor := page.cursor) is None:
                break


def sealed_groups(made: Seal, *, objects: Objects) -> tuple[DeploymentHeads, ...]:
    """All heads of a seal. Raises LookupError when the archive has lost them."""
    name = heads_name(str(json.loads(made.document)["root"]))
    data = objects.get(name, limit=MAX_HEADS_BYTES)
    if data is None:
        raise LookupError(f"the archive has no {name}")
    return heads_of(json.loads(data))


def _publish(made: Seal, archive: Archive) -> None:
    document = {"digest": json.loads(made.document), "signature": made.signature.hex()}
    archive.objects.put(made.object_name, canonical(document))


def _moved(state: SealState, *, store: Store, archive: Archive, now: datetime) -> Sequence[DeploymentHeads]:
    since = _look_back(state, now)
    known = set()
    if since is not None:
        for recent in seals_between(since, now + DAY, store=store):
            for group in sealed_groups(recent, objects=archive.objects):
                known |= {(head.subject, head.seq) for head in group.heads}
    found = []
    for deployment_id, began in _deployments(store):
        start = began if since is None else since
        heads = group_heads(_entries(deployment_id, start, now, store=store)).get(deployment_id, {})
        fresh = tuple(sorted(h for h in heads.values() if (h.subject, h.seq) not in known))
        if fresh:
            found.append(DeploymentHeads(deployment_id, fresh))
    return found


def _look_back(state: SealState, now: datetime) -> datetime | None:
    """The time from which entries are read; None for all entries."""
    if state.sealed_at is None:
        return None
    if state.sealed_at.date() != now.date():
        return datetime.combine(state.sealed_at.date() - DAY, time(), UTC)
    return state.sealed_at - timedelta(minutes=OVERLAP_MINUTES)


def _deployments(store: Store) -> Iterator[tuple[int, datetime]]:
    """Every deployment with the time of its creation, and the subjects that belong to no deployment.

    Raises RowUnreadable instead of leaving one out; the next run that can read the row seals what was missed.
    """
    cursor, oldest = None, None
    while True:
        page = store.children(Deployment, "deployments", "", cursor=cursor)
        for deployment in page.whole:
            oldest = deployment.created_at if oldest is None else min(oldest, deployment.created_at)
            yield deployment.deployment_id, deployment.created_at
        if (cursor := page.cursor) is None:
            break
    if oldest is not None:
        yield INSTALL_SUBJECTS, oldest


def _entries(deployment_id: int, start: datetime, end: datetime, *, store: Store) -> Iterator[Entry]:
    """Entries from `start` on, including the day after `end`, in case a clock is ahead."""
    for day in _days(start.date(), end.date() + DAY):
        after = stamp(start) if day == stamp(start)[:10] else None
        for shard in range(DAY_SHARDS):
            cursor = None
            while True:
                page = store.day(deployment_id, day, shard=shard, after=after, cursor=cursor)
                yield from page.items
                if (cursor := page.cursor) is None:
                    break


def _days(first: date, last: date) -> Iterator[str]:
    for number in range((last - first).days + 1):
        yield (first + timedelta(days=number)).isoformat()
