"""Tables in the documentation that a command writes."""

import re
from pathlib import Path


def put(page: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of `name`; ValueError when the page has no such marks."""
    old = page.read_text(encoding="utf-8")
    marks = rf"(<!-- {name}: begin[^>]*-->\n).*?(<!-- {name}: end -->)"
    new, found = re.subn(marks, lambda m: m[1] + text + "\n" + m[2], old, flags=re.DOTALL)
    if found != 1:
        raise ValueError(f"{page} has {found} places for {name}")
    page.write_text(new, encoding="utf-8")
