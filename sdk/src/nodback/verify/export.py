"""Checks an export: a folder with a manifest, entries and seals."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nodback.verify.hashes import canonical, digest, genesis, read_json
from nodback.verify.report import Incomplete, Kept, Known, Report, Tampered, Unreadable, missing_known
from nodback.verify.seals import PublicKey, SealChain

MANIFEST = "manifest.json"
FORMAT = "review/export/1"
LEFT_BY_FILE_MANAGERS = {".DS_Store", "Thumbs.db", "desktop.ini"}
TELL_EVERY = 2_000
HASH_BYTES = len(',"hash":""') + 64
_loads = json.JSONDecoder().decode
# In the order of the file: entries are written in canonical order, and any other order is a change.
_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


@dataclass
class Files:
    """The files of an export, hashed while they are read."""

    folder: Path
    listed: dict[str, dict[str, Any]]
    tell: Callable[[int], None]
    found: dict[str, tuple[int, str]] = field(default_factory=dict)

    def lines(self, name: str) -> Iterator[bytes]:
        size, hasher, told = 0, hashlib.sha256(), 0
        with (self.folder / name).open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                size += len(line)
                hasher.update(line)
                if number % TELL_EVERY == 0:
                    self.tell(size - told)
                    told = size
                yield line
        self.tell(size - told)
        self.found[name] = (size, hasher.hexdigest())

    def names(self, kind: str, ending: str) -> list[str]:
        return sorted(n for n in self.listed if n.startswith(f"{kind}-") and n.endswith(ending))

    def check(self) -> None:
        """Whether every file is the one that the manifest lists. Raises Tampered."""
        for name, file in sorted(self.listed.items()):
            if name not in self.found:
                for _ in self.lines(name):
                    pass
            if self.found[name] != (file.get("bytes"), file.get("sha256")):
                raise Tampered(name, "it is not the file that the manifest lists")


def check_export(
    folder: Path, known: Known, report: Report, tell: Callable[[int], None], keep: Kept | None = None
) -> None:
    """Raises Tampered, Incomplete or Unreadable; returns when all of it holds.

    `keep` gathers what a later export can be held against.
    """
    report.kind = "export"
    outer, manifest = _manifest(folder)
    files = _files(folder, manifest, tell)
    key = PublicKey.read(manifest.get("public_key"))
    report.key = key.fingerprint
    if known.key is not None and known.key != key.fingerprint:
        raise Tampered("public key", f"its fingerprint is {key.fingerprint}, not the one that you know")
    try:
        chain = SealChain(
            key,
            manifest["organization_id"],
            manifest["deployment_id"],
            manifest["seals"]["first"],
            known,
            report,
            keep or Kept(),
        )
        for name in files.names("seals", ".ndjson"):
            for number, line in enumerate(files.lines(name), start=1):
                chain.add(_object(line, f"{name} line {number}"))
    except KeyError as error:
        raise Unreadable(f"the manifest does not say {error}") from None
    _check_entries(files, chain, report, keep)
    files.check()
    counted = {"subjects": report.subjects, "entries": report.entries}
    first = chain.first if report.seals else 0
    sealed = {"first": first, "last": max(0, first + report.seals - 1), "last_hash": chain.last_hash}
    if {name: manifest.get(name) for name in counted} != counted or manifest["seals"] != sealed:
        raise Tampered(MANIFEST, "it does not count what is there")
    _check_signature(manifest, outer, key)
    if keep is not None:
        keep.key = key.fingerprint


def keep_manifest(path: Path, keep: Kept) -> None:
    """What a manifest by itself lets be compared later: the newest seal. Raises Tampered or Unreadable."""
    outer, manifest = _read_manifest(path)
    key = PublicKey.read(manifest.get("public_key"))
    _check_signature(manifest, outer, key)
    keep.key = key.fingerprint
    if seals := manifest["seals"]["last"]:
        keep.seals[int(seals)] = str(manifest["seals"]["last_hash"])


def _check_signature(manifest: dict[str, Any], outer: dict[str, Any], key: PublicKey) -> None:
    if set(outer) != {"manifest", "signature"}:
        raise Tampered(MANIFEST, "it says more than was signed")
    if not key.has_signed(canonical(manifest), outer["signature"]):
        raise Tampered(MANIFEST, "its signature does not belong to it")


def _manifest(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    path = folder / MANIFEST
    if not path.is_file():
        if any(folder.glob("entries-*.ndjson")):
            raise Incomplete(f"there is no {MANIFEST}: the export is not finished, or not all of it was fetched")
        raise Unreadable(f"{folder} holds no {MANIFEST}: this is no export")
    return _read_manifest(path)


def _read_manifest(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        outer = read_json(path.read_bytes())
        manifest = outer["manifest"]
        if manifest["format"] != FORMAT:
            raise Unreadable(f"{path} has the format {manifest['format']!r}; this program knows {FORMAT!r}")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable(f"{path} cannot be read, or not in one way only") from None
    return outer, manifest


def _files(folder: Path, manifest: dict[str, Any], tell: Callable[[int], None]) -> Files:
    try:
        listed = {str(file["name"]): file for file in manifest["files"]}
    except (KeyError, TypeError):
        raise Unreadable("the manifest does not list its files") from None
    if len(listed) != len(manifest["files"]):
        raise Tampered(MANIFEST, "it lists a file twice")
    if any(Path(name).name != name or name in ("", ".", "..") for name in listed):
        raise Tampered(MANIFEST, "it lists a file outside the export")
    if missing := sorted(name for name in listed if not (folder / name).is_file()):
        raise Incomplete(f"missing: {', '.join(missing)}")
    for name in sorted(path.name for path in folder.iterdir()):
        if name not in listed and name != MANIFEST and name not in LEFT_BY_FILE_MANAGERS:
            raise Tampered(name, "the manifest does not list it; keep nothing in this folder but the export's files")
    return Files(folder, listed, tell)


def _check_entries(files: Files, chain: SealChain, report: Report, keep: Kept | None) -> None:
    """Every chain from its first entry to the newest sealed head, exactly those that the seals name."""
    expected = iter(sorted(chain.heads))
    subject, seq, previous, last = "", 0, "", 0
    sealed: dict[int, str] = {}
    known: Sequence[str] = ()
    made: list[str] = []
    organization_id, deployment_id = chain.organization_id, chain.deployment_id
    sha256 = hashlib.sha256
    for name in files.names("entries", ".ndjson"):
        for number, line in enumerate(files.lines(name), start=1):
            try:
                entry = _loads(line.decode())
                found, place = entry["subject"], entry["seq"]
                recorded = entry.pop("hash")
                text = _text(entry).encode()
                computed = sha256(text).hexdigest()
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise Tampered(_place(subject, seq + 1, name, number), "it cannot be read") from None
            if found != subject:
                _ended(subject, seq, last)
                _check_known(subject, seq, known, chain)
                wanted = next(expected, None)
                if found != wanted:
                    if wanted is not None and found in chain.heads and found > wanted:
                        raise Tampered(_entry(wanted, 1), "it is missing, and all that followed it")
                    raise Tampered(_entry(found, place), "it is in no chain that was sealed, or there a second time")
                subject, seq, previous = found, 0, genesis(organization_id, found)
                sealed = chain.heads[found]
                last = max(sealed)
                known = chain.known.entries.get(found, ())
                report.subjects += 1
                if keep is not None:
                    made = keep.entries.setdefault(found, [])
            if place != seq + 1:
                if isinstance(place, int) and place > seq:
                    raise Tampered(_entry(subject, seq + 1), f"it is missing: entry {place} stands in its place")
                raise Tampered(_entry(subject, place), "it is there a second time, or in the wrong place")
            if entry["previous"] != previous:
                raise Tampered(_entry(subject, place), "it does not follow the entry before it")
            if recorded != computed:
                raise Tampered(_entry(subject, place), "it was changed: its hash does not match")
            if entry["organization_id"] != organization_id or entry["deployment_id"] != deployment_id:
                raise Tampered(_entry(subject, place), "it belongs to another deployment")
            if len(line) != len(text) + HASH_BYTES + 1:
                raise Tampered(_entry(subject, place), "it is not written in the one form that an entry has")
            if seq < len(known) and known[seq] != computed:
                raise Tampered(_entry(subject, place), "it is not the one that you have kept")
            if place in sealed and sealed[place] != computed:
                raise Tampered(_entry(subject, place), "it, or one before it, is not the one that was sealed")
            if place > last:
                raise Tampered(_entry(subject, place), "it was added behind the head that was sealed")
            seq, previous = place, computed
            report.entries += 1
            if keep is not None:
                made.append(computed)
    _ended(subject, seq, last)
    _check_known(subject, seq, known, chain)
    if (wanted := next(expected, None)) is not None:
        raise Tampered(_entry(wanted, 1), "it is missing, and all that followed it")


def _ended(subject: str, seq: int, last: int) -> None:
    if seq < last:
        raise Tampered(_entry(subject, seq + 1), f"it is missing: entry {last} was sealed")


def _check_known(subject: str, seq: int, known: Sequence[str], chain: SealChain) -> None:
    """Whether a chain that was sealed after what was kept holds all the entries that were kept. Raises Incomplete."""
    if seq < len(known) and subject in chain.moved_since:
        # A late entry may be sealed after a later one, so this alone is no proof of a tampering.
        raise Incomplete(missing_known(subject, seq + 1))
    chain.report.compared_entries += min(seq, len(known))


def _entry(subject: object, seq: object) -> str:
    return f"{subject} entry {seq}"


def _place(subject: str, seq: int, name: str, number: int) -> str:
    return f"{name} line {number} (after {subject} entry {seq - 1})" if subject else f"{name} line {number}"


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        value = read_json(line)
    except (ValueError, RecursionError):
        raise Tampered(where, "it cannot be read") from None
    if not isinstance(value, dict):
        raise Tampered(where, "it is no object")
    return value


__all__ = ["FORMAT", "MANIFEST", "check_export", "digest", "keep_manifest"]
