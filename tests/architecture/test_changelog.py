"""The changelog is in order: each heading once per version, in the order of Keep a Changelog, one line per bullet."""

import re
from pathlib import Path

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
HEADINGS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def test_each_version_has_each_heading_once_and_in_order() -> None:
    _, *versions = re.split(r"^## ", CHANGELOG.read_text(), flags=re.M)
    assert versions
    for version in versions:
        found = re.findall(r"^### (.+)$", version, re.M)
        assert found == [heading for heading in HEADINGS if heading in found]
        lines = [line for line in version.splitlines()[1:] if line]
        assert [line for line in lines if not line.startswith(("### ", "- "))] == []
