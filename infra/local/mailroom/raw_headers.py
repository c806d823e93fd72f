"""The header block of a raw mail, handled as bytes so that everything else of the mail stays as it was sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_FIELD: Final = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)


@dataclass(frozen=True)
class RawMail:
    """A mail as its header lines (folded ones kept together, line ends included) and all that follows them."""

    fields: tuple[bytes, ...]
    rest: bytes

    def to_bytes(self) -> bytes:
        return b"".join(self.fields) + self.rest

    def named(self) -> list[tuple[str, str]]:
        """Names and unfolded values, in order; lines that are no header field are left out."""
        found = []
        for field in self.fields:
            match = _FIELD.fullmatch(field)
            if match:
                value = re.sub(rb"\r?\n(?=[ \t])", b"", match[2]).strip()
                found.append((match[1].decode("ascii"), value.decode("utf-8", "replace")))
        return found

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.named() if each.lower() == name.lower()]

    def without_prefix(self, prefix: str) -> RawMail:
        """The same mail without the fields whose name begins with `prefix`."""
        kept = tuple(field for field in self.fields if not field.lower().startswith(prefix.lower().encode("ascii")))
        return RawMail(kept, self.rest)


def split_mail(raw: bytes) -> RawMail:
    """Split a raw mail after its header block; a mail without a blank line is all headers."""
    fields: list[bytes] = []
    position = 0
    while position < len(raw):
        end = raw.find(b"\n", position) + 1 or len(raw)
        line = raw[position:end]
        if not line.strip(b"\r\n"):
            break
        if line[:1] in b" \t" and fields:
            fields[-1] += line
        else:
            fields.append(line)
        position = end
    return RawMail(tuple(fields), raw[position:])
