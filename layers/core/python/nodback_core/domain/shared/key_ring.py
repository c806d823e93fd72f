"""The key ring: the secrets that sign what Nodback hands out, by key id, one derived key per purpose."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from nodback_core.domain.shared import labels

KEY_IDS = range(16)
MIN_SECRET_BYTES = 32
# Warm functions keep the ring they have read, and a reply token's expiry is rounded up to the hour.
RETIRED_KEY_GRACE_HOURS = 24


class Purpose(StrEnum):
    """What a key derived from the ring may be used for; no two purposes ever share a key."""

    REPLY = "reply"
    CALLBACK = "callback"
    LINK = "link"
    SESSION = "session"
    CURSOR = "cursor"
    PUSH = "push"


class InvalidKeyRing(ValueError):
    """The stored key ring cannot be used. The message never quotes a secret."""


class KeyRingFull(InvalidKeyRing):
    """All sixteen key ids are still needed by tokens that have not expired."""


@dataclass(frozen=True)
class KeyRing:
    """The secrets by key id, and which of them signs now. Secrets never show in its repr.

    current: the key id that new tokens are signed with.
    keys: key id (0 to 15) to secret (at least 32 bytes).
    """

    current: int
    keys: Mapping[int, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        for kid, secret in self.keys.items():
            if kid not in KEY_IDS:
                raise InvalidKeyRing("a key id is a whole number from 0 to 15")
            if len(secret) < MIN_SECRET_BYTES:
                raise InvalidKeyRing(f"the secret of key {kid} has fewer than {MIN_SECRET_BYTES} bytes")
        if self.current not in self.keys:
            raise InvalidKeyRing("the current key id is not among the keys")
        object.__setattr__(self, "keys", MappingProxyType(dict(self.keys)))

    def key_for(self, purpose: Purpose, kid: int | None = None) -> bytes | None:
        """The 32-byte key for one purpose, of the current or the named key id; None when that id is unknown."""
        secret = self.keys.get(self.current if kid is None else kid)
        return None if secret is None else hmac.digest(secret, labels.KEY_RING + purpose.value.encode(), hashlib.sha256)


def ring_from_secret(json_text: str) -> KeyRing:
    """Read the key ring as Secrets Manager holds it.

    Takes the form that the template generates, `{"kid": 1, "secret": "..."}`, and the form that `rotate` writes,
    `{"current": 2, "keys": {"1": {"secret": "...", "retired_at": "..."}, "2": {"secret": "..."}}}`.
    """
    document = _document(json_text)
    return KeyRing(document.current, {kid: key.secret.encode() for kid, key in document.keys.items()})


def rotate(ring_document: str, *, new_secret: str, now: datetime, longest_token_days: float) -> str:
    """The stored ring with a fresh signing key.

    Keys that were retired long enough ago are dropped: an old key stays until the last token that it can have
    signed has expired. Raises KeyRingFull when there is no free key id.

    ring_document: the secret as stored, in either form. new_secret: at least 32 bytes of randomness.
    longest_token_days: the longest life that any deployment may give to a token.
    """
    if len(new_secret.encode()) < MIN_SECRET_BYTES:
        raise InvalidKeyRing(f"the new secret has fewer than {MIN_SECRET_BYTES} bytes")
    document = _document(ring_document)
    needed_for = timedelta(days=longest_token_days, hours=RETIRED_KEY_GRACE_HOURS)
    kept = {
        kid: _Key(key.secret, key.retired_at or now.astimezone(UTC))
        for kid, key in document.keys.items()
        if key.retired_at is None or now < key.retired_at + needed_for
    }
    after_current = [(document.current + step) % len(KEY_IDS) for step in range(1, len(KEY_IDS))]
    free = [kid for kid in after_current if kid not in kept]
    if not free:
        raise KeyRingFull("every key id is still needed by unexpired tokens; rotate less often")
    kept[free[0]] = _Key(new_secret, None)
    return _written(_Document(free[0], kept))


@dataclass(frozen=True)
class _Key:
    secret: str = field(repr=False)
    retired_at: datetime | None


@dataclass(frozen=True)
class _Document:
    current: int
    keys: Mapping[int, _Key]


def _document(json_text: str) -> _Document:
    try:
        raw = json.loads(json_text)
        if "keys" in raw:
            entries = raw["keys"].items()
            keys = {int(kid): _Key(str(key["secret"]), _moment(key.get("retired_at"))) for kid, key in entries}
            return _Document(int(raw["current"]), keys)
        return _Document(int(raw["kid"]), {int(raw["kid"]): _Key(str(raw["secret"]), None)})
    except (ValueError, KeyError, TypeError, AttributeError):
        # From None: the original error may quote the text, and with it a secret.
        raise InvalidKeyRing("the stored key ring is not in a form that can be read") from None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _written(document: _Document) -> str:
    keys = {
        str(kid): {"secret": key.secret} | ({"retired_at": key.retired_at.isoformat()} if key.retired_at else {})
        for kid, key in sorted(document.keys.items())
    }
    return json.dumps({"current": document.current, "keys": keys})
