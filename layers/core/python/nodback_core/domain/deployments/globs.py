"""Patterns for method names: `*` stands for any characters, `?` for one, everything else for itself. Case matters.

Written by hand, since at a cold start, compiling 500 regular expressions costs more than checking 500 rules.
"""


def matches_glob(pattern: str, name: str) -> bool:
    """Whether the whole of `name` fits; takes at most len(pattern) * len(name) steps, whatever the pattern."""
    if "*" not in pattern:
        return _fits_at(name, 0, pattern) and len(name) == len(pattern)
    first, *middle, last = pattern.split("*")
    if len(name) < len(first) + len(last) or not _fits_at(name, 0, first):
        return False
    end = len(name) - len(last)
    if not _fits_at(name, end, last):
        return False
    start = len(first)
    # The leftmost place for each part leaves the most room for those behind it, so there is nothing to try again.
    for part in middle:
        place = _find(name, part, start, end)
        if place < 0:
            return False
        start = place + len(part)
    return True


def _fits_at(name: str, start: int, part: str) -> bool:
    """Whether `part`, in which `?` is any one character, stands in `name` at `start`."""
    if "?" not in part:
        return name.startswith(part, start)
    if start + len(part) > len(name):
        return False
    at = start
    for literal in part.split("?"):
        if not name.startswith(literal, at):
            return False
        at += len(literal) + 1
    return True


def _find(name: str, part: str, start: int, end: int) -> int:
    """The first place of `part` in `name[start:end]`, or -1."""
    if "?" not in part:
        return name.find(part, start, end)
    # The longest stretch without a question mark is looked for; where it stands, the rest is compared.
    literal = max(part.split("?"), key=len)
    before = part.index(literal)
    place = name.find(literal, start + before, end)
    while place >= 0 and place - before + len(part) <= end:
        if _fits_at(name, place - before, part):
            return place - before
        place = name.find(literal, place + 1, end)
    return -1
