"""nodback verify against canonicalising with rfc8785 and hashing: a million entries, one core."""

import hashlib
import json
import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import rfc8785

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.exports import export_all
from support.world import START, World

import nodback_core.usecases.audit.exports as exports
from nodback.verify import Verdict, verify
from nodback_core.domain.audit.day_lists import day_sort
from nodback_core.domain.shared.entries import SERVICE, Action, Head, NewEntry, append

ENTRIES_IN_CHAIN = 10
AIM_SECONDS = 60.0
MILLION = 1_000_000


def a_large_export(entries: int, folder: Path) -> Path:
    """Chains like those of reviews, sealed and exported by the service itself."""
    world = World()
    world.deployment()
    data = {"outcome": "approved", "responder": "reviewer@example.com", "feedback_digest": "a" * 64, "seconds": 321}
    happenings = [NewEntry(Action.REQUEST_REMINDED, SERVICE, data)] * ENTRIES_IN_CHAIN
    for number in range(entries // ENTRIES_IN_CHAIN):
        made, _ = append(Head(1, 1, f"request/{number:032x}"), happenings, at=START + timedelta(milliseconds=number))
        world.store.chains[made[0].subject] = list(made)
        world.store.days.setdefault(f"1#{START.date()}#0", []).extend((day_sort(e), e) for e in made)
    world.now = START + timedelta(days=1)
    exports.PAGE_ENTRIES = 50_000
    return export_all(world, 1, folder)


def by_rfc8785(folder: Path) -> int:
    """What any program would do: parse, canonicalise, hash, compare; no links, no seals."""
    count = 0
    for path in sorted(folder.glob("entries-*.ndjson")):
        with path.open("rb") as lines:
            for line in lines:
                entry = json.loads(line)
                recorded = entry.pop("hash")
                assert hashlib.sha256(rfc8785.dumps(entry)).hexdigest() == recorded
                count += 1
    return count


def main() -> None:
    entries = int(os.environ.get("NODBACK_BENCH_ENTRIES", MILLION))
    with tempfile.TemporaryDirectory() as name:
        folder = a_large_export(entries, Path(name))
        began = time.process_time()
        report = verify(folder)
        ours = time.process_time() - began
        assert report.verdict is Verdict.INTACT, report.reason
        began = time.process_time()
        count = by_rfc8785(folder)
        theirs = time.process_time() - began
    print(f"{report.entries} entries, {report.subjects} chains, {report.seals} seals")
    a_million = ours / report.entries * MILLION
    print(f"nodback verify            {ours:7.1f} s   ({a_million:.1f} s a million, aim {AIM_SECONDS})")
    print(f"rfc8785 and hashlib alone {theirs:7.1f} s   ({theirs / count * MILLION:.1f} s a million)")
    print(f"ratio                     {ours / theirs:7.2f}   (below 1: faster, and with links and seals)")


if __name__ == "__main__":
    main()
