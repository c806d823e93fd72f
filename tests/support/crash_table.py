"""Inject every failure and write down what it took to repair it: `python -m tests.support.crash_table`.

With `--write` the table goes into docs/reliability.md.
"""

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "layers/core/python"), str(ROOT / "tests")]

from support.all_crash_cases import CASES  # noqa: E402
from support.crashes import calls_made, every_crash, survive  # noqa: E402
from support.documents import put  # noqa: E402


def rows() -> list[str]:
    """The table, a line per case, and the sums."""
    lines = [
        "| what was being done | its calls | failures injected | repaired without a sweep | by one | by two |",
        "|---|---|---|---|---|---|",
    ]
    total: Counter[int] = Counter()
    for named in CASES:
        repaired = [survive(crash) for crash in every_crash(named)]
        sweeps = Counter(one.sweeps for one in repaired)
        total += sweeps
        counts = " | ".join(str(sweeps[n] or "") for n in range(3))
        lines.append(f"| {named.title} | {_short(calls_made(named))} | {len(repaired)} | {counts} |")
    counts = " | ".join(str(total[n]) for n in range(3))
    lines.append(f"| **all** | | **{sum(total.values())}** | {counts} |")
    return lines


def _short(calls: list[str]) -> str:
    """The calls in order, repeated ones counted: ``fetch, 2 list, commit``."""
    parts: list[tuple[str, int]] = []
    for call in calls:
        name = call.replace("store.", "").replace("vault.", "key ").replace(".", " ")
        if parts and parts[-1][0] == name:
            parts[-1] = (name, parts[-1][1] + 1)
        else:
            parts.append((name, 1))
    return ", ".join(name if times == 1 else f"{times} {name}" for name, times in parts)


if __name__ == "__main__":
    table = "\n".join(rows())
    print(table)
    if "--write" in sys.argv:
        put(ROOT / "docs/reliability.md", "crashes", table)
