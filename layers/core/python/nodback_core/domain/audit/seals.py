"""Seals: a signed digest over the heads of all chains that moved, chained to the digest before it.

There are two levels of trees: the heads of each deployment have a root, and these roots have a common root. So an
auditor of one deployment can see all of its heads, and of the other deployments only a number and a hash.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nodback_core.domain.audit import merkle
from nodback_core.domain.shared import labels
from nodback_core.domain.shared.canonical import Json, canonical
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.records import Key, Row
from nodback_core.domain.shared.times import stamp

SEAL_EVERY_MINUTES = 5
OVERLAP_MINUTES = 10
"""How far before the last seal a run starts to read, for entries that were written or listed late."""


@dataclass(frozen=True, slots=True, order=True)
class SealedHead:
    """The head of a chain when it was sealed."""

    subject: str
    seq: int
    hash: str

    @property
    def leaf(self) -> bytes:
        return merkle.leaf_hash(canonical([self.subject, self.seq, self.hash]))


@dataclass(frozen=True, slots=True)
class DeploymentHeads:
    """The heads of one deployment in one seal, by subject."""

    deployment_id: int
    heads: tuple[SealedHead, ...]

    @property
    def summary(self) -> tuple[int, int, str]:
        """What the seal reveals about a deployment: its id, the number of its heads, and their root."""
        return self.deployment_id, len(self.heads), merkle.root([h.leaf for h in self.heads]).hex()


@dataclass(frozen=True, slots=True)
class SealState(Row):
    """The end of the chain of seals. Writing this row decides which run makes the next seal."""

    number: int = 0
    hash: str = ""
    sealed_at: datetime | None = None
    version: int = 0

    @property
    def key(self) -> "Key[SealState]":
        return SealState.at()

    @staticmethod
    def at() -> "Key[SealState]":
        return Key(SealState, "seals", "state")


@dataclass(frozen=True, slots=True)
class Seal(Row):
    """One seal, listed by its day; the same text is in the archive, where nobody can replace it."""

    number: int
    sealed_at: datetime
    document: str
    """The digest in canonical JSON: exactly the bytes that are signed."""
    signature: bytes
    version: int = 0

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.document.encode()).hexdigest()

    @property
    def object_name(self) -> str:
        return f"seals/{self.number:010d}.json"

    @property
    def key(self) -> "Key[Seal]":
        return Seal.at(day_of_seal(self.sealed_at), self.number)

    @staticmethod
    def at(day: str, number: int) -> "Key[Seal]":
        return Key(Seal, seals_of(day), f"{number:010d}")


def day_of_seal(moment: datetime) -> str:
    return stamp(moment)[:10]


def seals_of(day: str) -> str:
    """The partition that lists the seals of a day (``2026-11-22``, UTC)."""
    return f"seals/{day}"


def group_heads(entries: Iterable[Entry]) -> Mapping[int, Mapping[str, SealedHead]]:
    """The newest head of each subject among `entries`, by deployment."""
    found: dict[int, dict[str, SealedHead]] = {}
    for entry in entries:
        heads = found.setdefault(entry.deployment_id, {})
        known = heads.get(entry.subject)
        if known is None or known.seq < entry.seq:
            heads[entry.subject] = SealedHead(entry.subject, entry.seq, entry.hash)
    return found


def heads_document(groups: Sequence[DeploymentHeads]) -> bytes:
    """All heads of a seal in canonical JSON, as the archive keeps them."""
    listed: list[Json] = [[g.deployment_id, [[h.subject, h.seq, h.hash] for h in g.heads]] for g in groups]
    return canonical({"format": labels.HEADS, "deployments": listed})


def heads_of(document: Mapping[str, object]) -> tuple[DeploymentHeads, ...]:
    """The heads in what `heads_document` wrote; raises ValueError for anything else."""
    if document.get("format") != labels.HEADS:
        raise ValueError("this is no list of sealed heads")
    listed = document["deployments"]
    assert isinstance(listed, list)
    return tuple(DeploymentHeads(int(number), tuple(SealedHead(*head) for head in heads)) for number, heads in listed)


def heads_name(root: str) -> str:
    """Where the archive keeps the heads under a root."""
    return f"heads/{root}.json"


def digest_document(
    groups: Sequence[DeploymentHeads], *, organization_id: int, after: SealState, key: str, sealed_at: datetime
) -> dict[str, Json]:
    """What is signed: `key` is the fingerprint of the public key that the signature belongs to."""
    return {
        "format": labels.SEAL,
        "organization_id": organization_id,
        "number": after.number + 1,
        "sealed_at": stamp(sealed_at),
        "heads": sum(len(g.heads) for g in groups),
        "deployments": len(groups),
        "root": seal_root(groups),
        "previous": after.hash or seal_genesis(organization_id),
        "key": key,
    }


def seal_root(groups: Sequence[DeploymentHeads]) -> str:
    return merkle.root([summary_leaf(g) for g in groups]).hex()


def summary_leaf(group: DeploymentHeads) -> bytes:
    return merkle.leaf_hash(canonical(list(group.summary)))


def seal_genesis(organization_id: int) -> str:
    """The value of `previous` in the first seal of an install."""
    return hashlib.sha256(canonical([labels.SEAL, organization_id])).hexdigest()


def fingerprint(public_key: bytes) -> str:
    """The fingerprint of a public key: SHA-256 of its DER form, in hex."""
    return hashlib.sha256(public_key).hexdigest()
