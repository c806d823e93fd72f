"""The check of an export or a receipt, and what an earlier one lets be compared."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nodback.verify.export import MANIFEST, check_export, keep_manifest
from nodback.verify.hashes import read_json
from nodback.verify.receipt import FORMAT as RECEIPT_FORMAT
from nodback.verify.receipt import check_receipt, keep_receipt
from nodback.verify.report import (
    Incomplete,
    Kept,
    Known,
    Report,
    Tampered,
    Unanchored,
    Unlinked,
    Unreadable,
    Verdict,
)

MAX_RECEIPT_BYTES = 64 * 1024 * 1024
HOW_TO_LINK = "Export that time too, check it with what you have kept, then keep it and check this with it"


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
        _check_ties(known, report)
    except Tampered as found:
        report.verdict, report.where, report.reason = Verdict.TAMPERED, found.where, found.reason
    except Incomplete as found:
        report.verdict, report.reason = Verdict.INCOMPLETE, str(found)
    except Unlinked as found:
        report.verdict, report.reason = Verdict.UNLINKED, f"incomplete: {found}"
    except Unanchored as found:
        report.verdict, report.reason = Verdict.UNANCHORED, f"consistent, but not anchored: {found}"
    except (Unreadable, OSError) as found:
        report.verdict, report.reason = Verdict.UNREADABLE, str(found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        report.verdict, report.reason = Verdict.UNREADABLE, f"{path} holds values where others belong"
    return report


def _check_ties(known: Known, report: Report) -> None:
    """Whether what holds by itself is tied to something that did not come with it. Raises Unlinked or Unanchored."""
    same_chain = report.kind == "receipt" and report.compared_entries > 0
    if known.seals and not (report.compared or report.adjoins or same_chain):
        raise Unlinked(_gap(known, report))
    # A seal names the key; a link between two seals does not, and anybody who has the one can make the next.
    if known.key is None and not report.compared:
        raise Unanchored("it is signed with the key below, and nothing but itself says whose key that is")


def _gap(known: Known, report: Report) -> str:
    if report.span is None:
        return "it holds no seal, so nothing ties it to what you have kept. Ask for a range in which something happened"
    first, last = report.span
    oldest, newest = min(known.seals), max(known.seals)
    begin, end = (newest + 1, first - 1) if first > newest else (last + 1, oldest - 1)
    if begin > end:
        return f"what you have kept does not tell which seal {oldest} follows. Check with the whole of it, not a part"
    missing = f"seals {begin} to {end} are missing" if begin < end else f"seal {begin} is missing"
    return f"{missing} between this and what you have kept, so nothing ties the two together. {HOW_TO_LINK} (--known)"


def size_of(path: Path) -> int:
    """How many bytes a check of `path` will read."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir() if file.suffix in (".ndjson", ".csv"))
    return path.stat().st_size if path.is_file() else 0


def read_known(path: Path, key: str | None = None, *, tell: Callable[[int], None] = lambda _: None) -> Known:
    """What an earlier receipt or export lets be compared, once it is found to hold itself.

    Args:
        path: a receipt; the folder of an export; or only its manifest, which names no more than its newest seal.
        key: the fingerprint of the public key, as you know it by another way; that of the earlier one when left out.
        tell: hears the number of bytes that were read, again and again.

    Raises:
        ValueError: when it is neither, holds no seal, or was changed; and when the fingerprint is none.
    """
    given = Known(key)
    try:
        kept = _kept(path, tell)
    except Tampered as found:
        raise ValueError(f"{path} does not hold by itself: {found}") from None
    except Unreadable as found:
        raise ValueError(str(found)) from None
    except (Incomplete, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is neither a sealed receipt nor an export nor the manifest of one") from error
    if not kept.seals:
        raise ValueError(f"{path} holds no seal, so nothing can be compared with it")
    return Known(given.key or kept.key, kept.seals, kept.follows, kept.entries)


def _kept(path: Path, tell: Callable[[int], None]) -> Kept:
    kept = Kept()
    if path.is_dir():
        try:
            check_export(path, Known(), Report(), tell, kept)
            return kept
        except Incomplete:
            # Whoever keeps no more than the manifest has kept enough to compare.
            path, kept = path / MANIFEST, Kept()
    document = read_json(path.read_bytes())
    if document.get("format") == RECEIPT_FORMAT:
        if document["seal"] is not None:
            keep_receipt(document, kept)
    else:
        keep_manifest(path, kept)
    return kept


def _receipt(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_RECEIPT_BYTES:
            raise Unreadable(f"{path} is too large for a receipt")
        document = read_json(path.read_bytes())
    except (ValueError, RecursionError):
        raise Unreadable(f"{path} cannot be read") from None
    if not isinstance(document, dict) or document.get("format") != RECEIPT_FORMAT:
        raise Unreadable(f"{path} is no receipt of the format {RECEIPT_FORMAT}")
    return document
