"""Check an audit export or a receipt without the service: ``signoff verify FOLDER_OR_RECEIPT``.

    from pathlib import Path
    from signoff.verify import Verdict, verify

    report = verify(Path("export-2026-q4"))
    assert report.verdict is Verdict.INTACT, report.reason

Nothing is asked over the network. What holds is said by hashes and signatures alone; docs/audit.md describes them, so
that another program can do the same.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from signoff.verify_export import FORMAT as EXPORT_FORMAT
from signoff.verify_export import check_export, seals_of_manifest
from signoff.verify_hashes import canonical, digest
from signoff.verify_receipt import FORMAT as RECEIPT_FORMAT
from signoff.verify_receipt import check_receipt
from signoff.verify_report import Incomplete, Known, Report, Tampered, Unreadable, Verdict

__all__ = ["Known", "Report", "Verdict", "read_known", "size_of", "verify"]

MAX_RECEIPT_BYTES = 64 * 1024 * 1024


def verify(path: Path, *, known: Known | None = None, tell: Callable[[int], None] = lambda _: None) -> Report:
    """Check the export in a folder, or the receipt in a file.

    Args:
        path: a folder with a ``manifest.json``, or a receipt.
        known: what you have kept from before, or were told by another way.
        tell: hears the number of bytes that were read, again and again.
    """
    report = Report()
    known = known or Known()
    try:
        if path.is_dir():
            check_export(path, known, report, tell)
        else:
            check_receipt(_receipt(path), known, report)
    except Tampered as found:
        report.verdict, report.where, report.reason = Verdict.TAMPERED, found.where, found.reason
    except Incomplete as found:
        report.verdict, report.reason = Verdict.INCOMPLETE, str(found)
    except (Unreadable, OSError) as found:
        report.verdict, report.reason = Verdict.UNREADABLE, str(found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        report.verdict, report.reason = Verdict.UNREADABLE, f"{path} holds values where others belong"
    return report


def size_of(path: Path) -> int:
    """How many bytes a check of `path` will read."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir() if file.suffix in (".ndjson", ".csv"))
    return path.stat().st_size if path.is_file() else 0


def read_known(path: Path, key: str | None = None) -> Known:
    """What an earlier receipt, or the manifest of an earlier export, lets be compared.

    Raises:
        ValueError: when it is neither.
    """
    file = path / "manifest.json" if path.is_dir() else path
    try:
        document = json.loads(file.read_bytes())
        if document.get("format") == RECEIPT_FORMAT and document["seal"] is not None:
            sealed = document["seal"]["digest"]
            return Known(key, {int(sealed["number"]): digest(canonical(sealed))})
        if document["manifest"]["format"] == EXPORT_FORMAT:
            return Known(key, seals_of_manifest(document["manifest"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} is neither a sealed receipt nor the manifest of an export") from error
    raise ValueError(f"{file} is neither a sealed receipt nor the manifest of an export")


def _receipt(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_RECEIPT_BYTES:
            raise Unreadable(f"{path} is too large for a receipt")
        document = json.loads(path.read_bytes(), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        raise Unreadable(f"{path} cannot be read") from None
    if not isinstance(document, dict) or document.get("format") != RECEIPT_FORMAT:
        raise Unreadable(f"{path} is no receipt of the format {RECEIPT_FORMAT}")
    return document


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that is there twice could be read in two ways."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found
