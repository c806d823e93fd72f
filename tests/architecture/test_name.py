"""The product's earlier name stands in one line of the changelog, and nowhere else."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
EARLIER = "sign" + "off"


def test_the_earlier_name_is_gone() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if EARLIER in name.lower():
            found.append(name)
        if not path.is_file():
            continue
        lines = path.read_bytes().lower().split(b"\n")
        found += [f"{name}:{number}" for number, line in enumerate(lines, start=1) if EARLIER.encode() in line]
    assert [place.partition(":")[0] for place in found] == ["CHANGELOG.md"], found
