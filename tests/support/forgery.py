"""Forges an export as somebody with all rights would, the signing key included: every hash and signature is made anew.

What is left to find is only what cannot be made anew: what somebody else has kept.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from nodback.verify.hashes import canonical, digest, entry_hash, genesis, leaf, root_by_path, seal_genesis, tree_root
from nodback_core.domain.audit.seals import fingerprint
from nodback_core.ports import Signer

Document = dict[str, Any]
Change = Callable[[Document], None]


def unchanged(_: Document) -> None:
    """The change that leaves a document as it is."""


@dataclass
class Forger:
    """Rewrites the export in `folder`, in place.

    Args:
        change: applied to every entry, before its chain is hashed again.
        drop: which entries are taken out; what follows in their chain is numbered anew.
        first_previous: what the first seal says it follows; as it was when left out.
        number_seals_from: the number of the first seal; as it was when left out.
        after_lines: called when all lines are written, before their files are listed and signed.
    """

    folder: Path
    signer: Signer
    change: Change = unchanged
    drop: Callable[[Document], bool] = lambda _: False
    first_previous: str | None = None
    number_seals_from: int | None = None
    after_lines: Callable[[], object] = lambda: None
    _moved: dict[tuple[str, int], tuple[int, str]] = field(default_factory=dict)

    def forge(self) -> Path:
        manifest = json.loads((self.folder / "manifest.json").read_bytes())["manifest"]
        counted = self._entries(manifest)
        seals = self._seals(manifest)
        self.after_lines()
        for file in manifest["files"]:
            data = (self.folder / file["name"]).read_bytes()
            file |= {"bytes": len(data), "sha256": sha256(data).hexdigest()}
        manifest |= {"entries": counted, "seals": seals, "public_key": self.signer.public_key().hex()}
        outer = {"manifest": manifest, "signature": self.signer.sign(canonical(manifest)).hex()}
        (self.folder / "manifest.json").write_bytes(canonical(outer))
        return self.folder

    def _entries(self, manifest: Document) -> int:
        """Chains are hashed again; remembers where each entry is now, for the seals."""
        counted, subject, seq, previous = 0, "", 0, ""
        for path in sorted(self.folder.glob("entries-*.ndjson")):
            lines = []
            for line in path.read_bytes().splitlines():
                entry = json.loads(line)
                before = entry["subject"], entry["seq"]
                if entry["subject"] != subject:
                    subject, seq = entry["subject"], 0
                    previous = genesis(manifest["organization_id"], subject)
                if not self.drop(entry):
                    self.change(entry)
                    seq += 1
                    entry |= {"seq": seq, "previous": previous}
                    previous = entry["hash"] = entry_hash(entry)
                    lines.append(canonical(entry) + b"\n")
                self._moved[before] = seq, previous
            path.write_bytes(b"".join(lines))
            counted += len(lines)
        return counted

    def _seals(self, manifest: Document) -> Document:
        deployment_id = manifest["deployment_id"]
        first = manifest["seals"]["first"] if self.number_seals_from is None else self.number_seals_from
        number, previous = first, self.first_previous
        for path in sorted(self.folder.glob("seals-*.ndjson")):
            lines = []
            for line in path.read_bytes().splitlines():
                seal = json.loads(line)
                seal["heads"] = [[subject, *self._moved[subject, seq]] for subject, seq, _ in seal["heads"]]
                own = [deployment_id, len(seal["heads"]), tree_root([leaf(head) for head in seal["heads"]])]
                seal["deployments"] = [own if d[0] == deployment_id else d for d in seal["deployments"]]
                document = seal["digest"]
                document["root"] = tree_root([leaf(item) for item in seal["deployments"]])
                document["key"] = fingerprint(self.signer.public_key())
                document["number"] = number
                if number == 1:
                    document["previous"] = seal_genesis(manifest["organization_id"])
                elif previous is not None:
                    document["previous"] = previous
                seal["signature"] = self.signer.sign(canonical(document)).hex()
                previous = digest(canonical(document))
                lines.append(canonical(seal) + b"\n")
                number += 1
            path.write_bytes(b"".join(lines))
        return {"first": first, "last": number - 1, "last_hash": previous or ""}


def forge_receipt(receipt: Document, signer: Signer, *, change: Change, **seal: object) -> Document:
    """The receipt with `change` made to every entry, hashed and signed anew; `seal` replaces fields of its digest."""
    entries = receipt["entries"]
    previous = genesis(receipt["organization_id"], entries[0]["subject"])
    for entry in entries:
        change(entry)
        entry["previous"] = previous
        previous = entry["hash"] = entry_hash(entry)
    proof = receipt["seal"]
    subject, seq, _ = proof["head"]
    proof["head"] = [subject, seq, entries[seq - 1]["hash"]]
    number, count, _ = proof["deployment"]
    proof["deployment"] = [number, count, _root(proof["head"], proof["path"], count)]
    digested = proof["digest"]
    digested["root"] = _root(proof["deployment"], proof["deployment_path"], digested["deployments"])
    digested |= {"key": fingerprint(signer.public_key()), **seal}
    proof["signature"] = signer.sign(canonical(digested)).hex()
    receipt["public_key"] = signer.public_key().hex()
    return receipt


def _root(item: object, path: Document, size: int) -> str:
    root = root_by_path(leaf(item), path["index"], size, [bytes.fromhex(value) for value in path["hashes"]])
    assert root is not None
    return root
