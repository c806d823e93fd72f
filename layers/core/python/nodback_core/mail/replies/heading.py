"""The headers by which a mail says to whom and when it was written, and which mail it is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.mail.replies.headers import Headers
from nodback_core.mail.replies.proof import Proof, read_proof

MAX_DATE_CHARACTERS = 100

_ONCE = ("to", "date", "message-id")


@dataclass(frozen=True)
class Heading:
    """What a mail says of itself, and what vouches for it.

    to, cc: the normalised addresses in these headers. date: None when nobody can read it. message_id: as it stands
    there, whatever its form. is_ambiguous: whether To, Date or Message-ID is missing, or one of them or Cc is there
    more than once, so that two programs could read it differently.
    """

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    date: datetime | None = None
    message_id: str = ""
    is_ambiguous: bool = True
    proof: Proof = field(default_factory=Proof)


def read_heading(headers: Headers, sender: str | None) -> Heading:
    """The heading of a mail from `sender`, a normalised address; None when From names nobody for certain."""
    given = {name: [value for value in headers.all(name) if value.strip()] for name in _ONCE}
    once = all(len(headers.all(name)) == 1 and given[name] for name in _ONCE)
    return Heading(
        to=tuple(_addresses(headers.first("to") or "")),
        cc=tuple(_addresses(headers.first("cc") or "")),
        date=_date(headers.first("date") or ""),
        message_id=" ".join((headers.first("message-id") or "").split()),
        is_ambiguous=not once or len(headers.all("cc")) > 1,
        proof=read_proof(headers, sender.rpartition("@")[2]) if sender else Proof(),
    )


def _addresses(value: str) -> Iterator[str]:
    """The addresses in a list of mailboxes; what stands in names, comments and groups is none."""
    for mailbox in _mailboxes(value):
        name, bracket, rest = mailbox.partition("<")
        if bracket and (not rest.endswith(">") or ":" in name):
            continue
        try:
            yield normalise(rest[:-1] if bracket else mailbox)
        except InvalidAddress:
            continue


def _mailboxes(value: str) -> Iterator[str]:
    """The parts between commas, without comments, a quoted name as one quote mark; an open quote hides the rest."""
    current: list[str] = []
    depth, is_quoted, is_escaped = 0, False, False
    for character in value:
        if is_escaped:
            is_escaped = False
        elif character == "\\" and (is_quoted or depth):
            is_escaped = True
        elif is_quoted:
            is_quoted = character != '"'
        elif character == "(" or (character == ")" and depth):
            depth += 1 if character == "(" else -1
        elif depth:
            continue
        elif character == ",":
            yield "".join(current).strip()
            current = []
        else:
            is_quoted = character == '"'
            current.append(character)
    if not is_quoted and not depth:
        yield "".join(current).strip()


def _date(value: str) -> datetime | None:
    if len(value) > MAX_DATE_CHARACTERS:
        return None
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    # "-0000" says that the zone is not known; the moment is still in UTC (RFC 5322, 3.3).
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
