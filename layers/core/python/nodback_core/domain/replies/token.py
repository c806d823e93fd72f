"""The reply token: 56 characters in the local part of a reply address that say which request, and prove it.

35 bytes in base32: version and key id (1) · request id (16) · expiry in hours since 1970, rounded up (3) ·
the first 120 bits of an HMAC-SHA256 (15) over those 20 bytes, the round and the authorised address.
Lower case, because mailers fold the case of local parts; 58 octets with its prefix, because RFC 5321 allows 64.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from nodback_core.domain.shared import labels
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.key_ring import KeyRing, Purpose

__all__ = [
    "KeyRing",
    "MalformedToken",
    "ReplyToken",
    "is_signed_for",
    "issue",
    "parse",
    "reply_address",
    "token_of",
    "tokens_of",
]

PREFIX = "r-"
MAC_BYTES = 15

_VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_HOURS_LIMIT = 1 << 24
_ROUND_LIMIT = 1 << 32
# ASCII only: some letters outside it turn into ASCII ones when their case is changed.
_SHAPE = re.compile(r"[A-Za-z2-7]{56}")


class MalformedToken(ValueError):
    """The text is not a reply token of this version."""


@dataclass(frozen=True)
class ReplyToken:
    """What a reply token says; nothing of it is to be believed before `is_signed_for`.

    expires_at: UTC, a whole hour, never before the moment that was asked for.
    """

    kid: int
    request_id: UUID
    expires_at: datetime
    mac: bytes = field(repr=False)

    def is_expired(self, now: datetime) -> bool:
        """Whether a reply that arrives now is too late for this token."""
        return now >= self.expires_at


def issue(
    *,
    request_id: UUID,
    round_number: int,
    address: str,
    expires_at: datetime,
    ring: KeyRing,
    is_confirming: bool = False,
) -> str:
    """A token that lets `address` answer this round of this request until `expires_at` (rounded up to the hour).

    is_confirming: whether it goes out to have a doubtful answer confirmed; such a token is never the same as another.
    Raises InvalidAddress, or ValueError for a round below 1 or a moment without a zone.
    """
    if not 1 <= round_number < _ROUND_LIMIT:
        raise ValueError("rounds count from 1")
    hours = -((_EPOCH - expires_at) // _HOUR)
    if not 0 <= hours < _HOURS_LIMIT:
        raise ValueError("the expiry does not fit into a token")
    head = _head(ring.current, request_id, hours)
    key = ring.key_for(Purpose.REPLY)
    assert key is not None, "a ring holds its current key"
    mac = _mac(key, head, round_number, normalise(address), is_confirming=is_confirming)
    return base64.b32encode(head + mac).decode("ascii").lower()


def parse(token: str) -> ReplyToken:
    """Read a token, in any case. Raises MalformedToken. Checks the form only: see `is_signed_for`."""
    if not _SHAPE.fullmatch(token):
        raise MalformedToken("a reply token has 56 characters of a-z and 2-7")
    data = base64.b32decode(token.upper())
    version, kid = data[0] >> 4, data[0] & 0x0F
    if version != _VERSION:
        raise MalformedToken("a reply token of an unknown version")
    expires_at = _EPOCH + int.from_bytes(data[17:20]) * _HOUR
    return ReplyToken(kid=kid, request_id=UUID(bytes=data[1:17]), expires_at=expires_at, mac=data[20:])


def is_signed_for(
    token: ReplyToken, *, round_number: int, address: str, ring: KeyRing, is_confirming: bool = False
) -> bool:
    """Whether this ring signed the token for exactly this round, address and purpose; an unknown key id is a no.

    address: the one in the record, never the sender's, so that a wrong sender can be told from a forgery.
    """
    key = ring.key_for(Purpose.REPLY, token.kid)
    if key is None or not 1 <= round_number < _ROUND_LIMIT:
        return False
    try:
        normalised = normalise(address)
    except InvalidAddress:
        return False
    head = _head(token.kid, token.request_id, (token.expires_at - _EPOCH) // _HOUR)
    expected = _mac(key, head, round_number, normalised, is_confirming=is_confirming)
    return hmac.compare_digest(expected, token.mac)


def reply_address(token: str, domain: str) -> str:
    """The address that a reply to this token goes to."""
    return f"{PREFIX}{token}@{domain}"


def token_of(recipients: Sequence[str], domain: str) -> str | None:
    """The token in the first recipient that is a reply address of our domain, or None when none is.

    What it returns may be malformed: a well-formed one is preferred, and `parse` tells.

    recipients: plain addresses of the SMTP envelope.
    """
    well_formed = tokens_of(recipients, domain)
    return well_formed[0] if well_formed else next(_candidates(recipients, domain), None)


def tokens_of(recipients: Sequence[str], domain: str) -> tuple[str, ...]:
    """The well-formed tokens in plain addresses, in order, each once."""
    found = (token.lower() for token in _candidates(recipients, domain) if _SHAPE.fullmatch(token))
    return tuple(dict.fromkeys(found))


def _candidates(recipients: Sequence[str], domain: str) -> Iterator[str]:
    for recipient in recipients:
        local, _, recipient_domain = recipient.strip().strip("<>").rpartition("@")
        if recipient_domain.lower() == domain.lower() and local[: len(PREFIX)].lower() == PREFIX:
            yield local[len(PREFIX) :]


def _head(kid: int, request_id: UUID, hours: int) -> bytes:
    return bytes([_VERSION << 4 | kid]) + request_id.bytes + hours.to_bytes(3)


def _mac(key: bytes, head: bytes, round_number: int, address: str, *, is_confirming: bool) -> bytes:
    # No label begins another and every part between it and the address has a fixed length: no two inputs run together.
    label = labels.REPLY_CONFIRMING if is_confirming else labels.REPLY_TOKEN
    message = label + head + round_number.to_bytes(4) + address.encode("ascii")
    return hmac.digest(key, message, hashlib.sha256)[:MAC_BYTES]
