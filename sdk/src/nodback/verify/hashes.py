"""The hashes of the audit trail, from their definition: canonical JSON (RFC 8785), chains, Merkle trees (RFC 6962)."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

GENESIS_LABEL = "review/audit/1"
SEAL_FORMAT = "review/seal/1"

# What entries hold (text, whole numbers, booleans, null, lists, maps with ASCII keys) is canonical in this form.
canonical_text: Callable[[Any], str] = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


def canonical(value: Any) -> bytes:
    """The one byte form of a value."""
    return canonical_text(value).encode()


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def genesis(organization_id: int, subject: str) -> str:
    """What the first entry of a subject follows: bound to organisation and subject."""
    return digest(canonical([GENESIS_LABEL, organization_id, subject]))


def seal_genesis(organization_id: int) -> str:
    """What the first seal of an install follows."""
    return digest(canonical([SEAL_FORMAT, organization_id]))


def entry_hash(entry: dict[str, Any]) -> str:
    """The hash that an entry must carry: over all of it but the hash itself."""
    return digest(canonical({name: value for name, value in entry.items() if name != "hash"}))


def read_json(data: bytes | str) -> Any:
    """A JSON document that can be read in one way only. Raises ValueError, also when a name is there twice."""
    return json.loads(data, object_pairs_hook=_without_repeats)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def leaf(item: Any) -> bytes:
    """The hash of one item of a Merkle tree."""
    return hashlib.sha256(b"\x00" + canonical(item)).digest()


def tree_root(leaves: Sequence[bytes]) -> str:
    """The Merkle tree hash of a list, by the recursion of RFC 6962, section 2.1."""
    return _tree(leaves).hex()


def _tree(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return _node(_tree(leaves[:half]), _tree(leaves[half:]))


def root_by_path(item: bytes, index: int, size: int, path: Sequence[bytes]) -> str | None:
    """The root that a path leads to (RFC 9162, section 2.1.3.2), or None when place and path do not fit."""
    if not 0 <= index < size:
        return None
    place, last, value = index, size - 1, item
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            value = _node(sibling, value)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            value = _node(value, sibling)
        place, last = place >> 1, last >> 1
    return value.hex() if last == 0 else None


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
