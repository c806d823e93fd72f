"""Signed tokens for links, sessions and callback URLs: JWTs that are good for one purpose each.

HS256 alone, keyed from the key ring with a key of the purpose's own, so that a token of one purpose is no token of
another even if every claim were the same. All of exp, iat, aud, iss, jti, sub and the purpose are required. Nothing
in a token is secret: a JWT is signed, not encrypted.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TypeAlias

from jwt import PyJWT
from jwt.exceptions import PyJWTError

from nodback_core.domain.shared import labels
from nodback_core.domain.shared.key_ring import KEY_IDS, KeyRing, Purpose

ALGORITHM = "HS256"
LEEWAY_SECONDS = 60
MAX_TOKEN_CHARACTERS = 2048
MAX_CALLBACK_DAYS = 7
JWT_PURPOSES = frozenset({Purpose.CALLBACK, Purpose.LINK, Purpose.SESSION})
"""`link` is the mailed link that signs a person in."""

_REQUIRED_CLAIMS = ["exp", "iat", "aud", "iss", "jti", "sub", "purpose"]
_HEADER_FIELDS = frozenset({"alg", "kid", "typ"})
_KEY_IDS = frozenset(map(str, KEY_IDS))
_LAST_SECOND = 253_402_300_799  # of the year 9999, where datetime ends
_WEBHOOK_CLAIM = "webhook_id"

Claim: TypeAlias = str | int


class BadToken(Exception):
    """The token is not to be believed; one error for every reason, so that nothing can be learnt from it.

    is_expired: the token is genuine and was good once; the only difference that is told (a callback answers 410).
    """

    def __init__(self, *, is_expired: bool = False) -> None:
        super().__init__("the token is not valid")
        self.is_expired = is_expired


@dataclass(frozen=True, slots=True)
class Token:
    """What a believed token says.

    subject: what it is about, such as a request id or an address.
    token_id: its own id, by which it can be revoked or used up.
    details: further claims that were given at issue.
    """

    purpose: Purpose
    subject: str
    token_id: str
    issued_at: datetime
    expires_at: datetime
    details: Mapping[str, Claim] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class CallbackToken:
    """The right to answer one request, given to one webhook."""

    request_id: str
    webhook_id: str
    token_id: str
    expires_at: datetime


def issue(token: Token, *, issuer: str, ring: KeyRing) -> str:
    """The text of `token`, signed with the ring's current key for its purpose.

    Args:
        token: its moments are cut to whole seconds.
        issuer: names this install, such as its public URL; `read` must be given the same.

    Raises:
        ValueError: a purpose that has no JWTs, a moment without a zone, an expiry that is not after the issue, or a
            detail that would overwrite a claim.
    """
    key = ring.key_for(token.purpose)
    issued, expires = _seconds(token.issued_at), _seconds(token.expires_at)
    if token.purpose not in JWT_PURPOSES or key is None or expires <= issued:
        raise ValueError("a token needs a purpose of its own and an expiry after its issue")
    claims: dict[str, Claim] = {
        "iss": issuer,
        "aud": _audience(token.purpose),
        "sub": token.subject,
        "jti": token.token_id,
        "iat": issued,
        "exp": expires,
        "purpose": token.purpose.value,
    }
    if claims.keys() & token.details.keys() or "nbf" in token.details:
        raise ValueError("a detail may not overwrite a claim")
    return PyJWT().encode(claims | dict(token.details), key, algorithm=ALGORITHM, headers={"kid": str(ring.current)})


def read(text: str, *, purpose: Purpose, issuer: str, now: datetime, ring: KeyRing) -> Token:
    """What a token of this purpose says, once everything about it has been verified.

    Raises:
        BadToken: whatever is wrong; `is_expired` when it is genuine and merely too old.
    """
    key = _key_of(text, purpose, ring)
    try:
        # Time is checked below with the caller's clock; PyJWT would read its own.
        decoded = PyJWT().decode_complete(
            text,
            key,
            algorithms=[ALGORITHM],
            audience=_audience(purpose),
            issuer=issuer,
            options={
                "require": _REQUIRED_CLAIMS,
                "strict_aud": True,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (PyJWTError, ValueError, TypeError, RecursionError):
        raise BadToken from None
    if not _is_canonical(text, decoded["signature"]):
        raise BadToken
    return _believed(decoded["payload"], purpose, now)


def issue_callback(
    *,
    request_id: str,
    webhook_id: str,
    token_id: str,
    now: datetime,
    deadline: datetime | None,
    issuer: str,
    ring: KeyRing,
) -> str:
    """The token of a callback URL: for one request and the webhook it is given to, until the deadline or 7 days.

    Raises:
        ValueError: the deadline has passed.
    """
    longest = now + timedelta(days=MAX_CALLBACK_DAYS)
    token = Token(
        purpose=Purpose.CALLBACK,
        subject=request_id,
        token_id=token_id,
        issued_at=now,
        expires_at=longest if deadline is None else min(deadline, longest),
        details={_WEBHOOK_CLAIM: webhook_id},
    )
    return issue(token, issuer=issuer, ring=ring)


def read_callback(text: str, *, now: datetime, issuer: str, ring: KeyRing) -> CallbackToken:
    """Which request a callback URL answers, and which webhook it was given to.

    Raises:
        BadToken: answer 410 if it `is_expired`, else 404.
    """
    token = read(text, purpose=Purpose.CALLBACK, issuer=issuer, now=now, ring=ring)
    webhook_id = token.details.get(_WEBHOOK_CLAIM)
    if not isinstance(webhook_id, str):
        raise BadToken
    return CallbackToken(token.subject, webhook_id, token.token_id, token.expires_at)


def _audience(purpose: Purpose) -> str:
    return labels.AUDIENCE + purpose.value


def _seconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return int(moment.timestamp())


def _key_of(text: str, purpose: Purpose, ring: KeyRing) -> bytes:
    """The key that the token says it was signed with; looks at length and header only, which costs nothing."""
    if len(text) > MAX_TOKEN_CHARACTERS or not text.isascii() or text.count(".") != 2 or purpose not in JWT_PURPOSES:
        raise BadToken
    try:
        header = json.loads(_decoded(text.partition(".")[0]))
    except (ValueError, RecursionError):
        raise BadToken from None
    kid = header.get("kid") if isinstance(header, dict) else None
    if not isinstance(kid, str) or kid not in _KEY_IDS or header.keys() - _HEADER_FIELDS:
        raise BadToken
    key = ring.key_for(purpose, int(kid))
    if key is None:
        raise BadToken
    return key


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part.encode() + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None


def _is_canonical(text: str, signature: bytes) -> bool:
    """Whether the signature is spelt the one way: base64 leaves two bits of its last letter free."""
    spelt = base64.urlsafe_b64encode(signature).rstrip(b"=")
    return hmac.compare_digest(spelt, text.rpartition(".")[2].encode())


def _believed(claims: Mapping[str, object], purpose: Purpose, now: datetime) -> Token:
    issued, expires = claims["iat"], claims["exp"]
    subject, token_id = claims["sub"], claims["jti"]
    if type(issued) is not int or type(expires) is not int or not 0 <= issued < expires <= _LAST_SECOND:
        raise BadToken
    if claims["purpose"] != purpose.value or not isinstance(subject, str) or not isinstance(token_id, str):
        raise BadToken
    moment = now.timestamp()
    if issued > moment + LEEWAY_SECONDS:
        raise BadToken
    if moment >= expires + LEEWAY_SECONDS:
        raise BadToken(is_expired=True)
    details = {k: v for k, v in claims.items() if k not in _REQUIRED_CLAIMS and isinstance(v, str | int)}
    return Token(
        purpose=purpose,
        subject=subject,
        token_id=token_id,
        issued_at=datetime.fromtimestamp(issued, UTC),
        expires_at=datetime.fromtimestamp(expires, UTC),
        details=MappingProxyType(details),
    )
