"""The headers of a mail that came in, split by hand: bounded, and strict where a lenient reading would be fooled."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_HEADER_BYTES = 256 * 1024
MAX_HEADER_LINES = 2_000
MAX_HEADER_CHARACTERS = 4_000
MAX_PARAMETERS = 20

_LINE_END = re.compile(rb"\r\n|\r|\n")
_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_PARAMETER = re.compile(r'\s*;?\s*([^\s=;"]{1,60})\s*=\s*(?:"((?:[^"\\]|\\.){0,500})"|([^\s;"]{0,500}))')


@dataclass(frozen=True)
class Headers:
    """Header values by lower-case name, in order, unfolded, as text of raw bytes (UTF-8, else Latin-1).

    is_broken: a line that is no header stood among them, or there was more than we read.
    """

    values: Mapping[str, tuple[str, ...]]
    is_broken: bool = False

    def first(self, name: str) -> str | None:
        """The first value of a header, or None."""
        found = self.values.get(name)
        return found[0] if found else None

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header."""
        return self.values.get(name, ())


def read_headers(raw: bytes, start: int = 0, stop: int | None = None) -> tuple[Headers, int]:
    """The headers of a mail or part that begins at `start`, and where its body begins.

    A bare CR ends a line for some programs and not for others; here it does, so that nobody can hide a second From.
    """
    limit = min(len(raw) if stop is None else stop, start + MAX_HEADER_BYTES)
    values: dict[str, list[str]] = {}
    current: list[str] | None = None
    place = start
    for _ in range(MAX_HEADER_LINES):
        if place >= limit:
            return _headers(values), place
        end = _LINE_END.search(raw, place, limit)
        line = raw[place : end.start() if end else limit]
        if not line:
            return _headers(values), end.end() if end else limit
        if line[:1] in (b" ", b"\t"):
            if current is not None and len(current[-1]) < MAX_HEADER_CHARACTERS:
                current[-1] = f"{current[-1]} {_text(line).strip()}"[:MAX_HEADER_CHARACTERS]
        elif name := _NAME.match(line):
            current = values.setdefault(name.group(1).decode("ascii").lower(), [])
            current.append(_text(line[name.end() :]).strip(" \t"))
        elif not (place == start and line.startswith((b"From ", b">From "))):
            # No header and no mbox line: for some programs the body begins here, others read on.
            return _headers(values, is_broken=True), place
        place = end.end() if end else limit
    return _headers(values, is_broken=True), place


def parameters(value: str) -> tuple[str, Mapping[str, str]]:
    """The main word of a structured header (`text/plain`) in lower case, and its parameters."""
    main, _, rest = value[:MAX_HEADER_CHARACTERS].partition(";")
    found: dict[str, str] = {}
    place = 0
    while len(found) < MAX_PARAMETERS and (parameter := _PARAMETER.match(rest, place)):
        name, quoted, plain = parameter.groups()
        # RFC 2231: name*0, name*0*, name*; their pieces are put together, an encoding prefix is dropped.
        base = name.partition("*")[0].lower()
        text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
        if name.endswith("*") and text.count("'") >= 2:
            text = text.split("'", 2)[2]
        found[base] = found.get(base, "") + text if "*" in name else found.get(base, text)
        place = parameter.end()
    return main.strip().lower(), found


def _headers(values: Mapping[str, list[str]], *, is_broken: bool = False) -> Headers:
    return Headers({name: tuple(found) for name, found in values.items()}, is_broken)


def _text(raw: bytes) -> str:
    raw = raw[:MAX_HEADER_CHARACTERS]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
