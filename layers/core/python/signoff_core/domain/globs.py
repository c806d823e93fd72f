"""Patterns for method names: `*` for any characters, `?` for one, everything else for itself, case-sensitive.

Written by hand, since a regular expression per rule costs more to compile at a cold start than all 500 rules to check.
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
    piece = name[start : start + len(part)]
    return len(piece) == len(part) and all(p in ("?", c) for p, c in zip(part, piece, strict=True))


def _find(name: str, part: str, start: int, end: int) -> int:
    """The first place of `part` in `name[start:end]`, or -1."""
    if "?" not in part:
        return name.find(part, start, end)
    return next((at for at in range(start, end - len(part) + 1) if _fits_at(name, at, part)), -1)
