"""Checking that a webhook came from Nodback and is fresh; standard library only.

Example:
    >>> import hashlib, hmac
    >>> body, timestamp, secret = b'{"event":"new_request"}', "1768392000", "whsec_example"
    >>> signature = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    >>> verify(body, f"sha256={signature}", timestamp, secret, now=1768392010)
    >>> verify(b"{}", f"sha256={signature}", timestamp, secret, now=1768392010)
    Traceback (most recent call last):
    ...
    nodback.errors.WebhookNotVerified: The signature does not match ...
"""

import hmac
import time
from collections.abc import Iterable, Mapping

from nodback.errors import WebhookNotVerified

SIGNATURE_HEADER = "X-Signature"
TIMESTAMP_HEADER = "X-Timestamp"
TOLERANCE_SECONDS = 300
_SIGNATURE, _TIMESTAMP = SIGNATURE_HEADER.lower(), TIMESTAMP_HEADER.lower()
_MOST_DIGITS = 15
_HEX_DIGITS = 64


def verify(
    payload: bytes,
    signature: str | Mapping[str, str],
    timestamp: str | int | None = None,
    secret: str | Iterable[str] = "",
    *,
    tolerance_seconds: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> None:
    """Return when the message is genuine and fresh; raise otherwise.

    Args:
        payload: the body exactly as it was received, before any parsing.
        signature: the `X-Signature` header, with or without `sha256=`; or all headers, and then no timestamp.
        timestamp: the `X-Timestamp` header, Unix seconds.
        secret: the webhook's signing secret as Nodback showed it; several while it is being rotated.
        tolerance_seconds: how far the timestamp may be from now, either way.
        now: the current Unix time; read from the clock when left out.

    Raises:
        WebhookNotVerified: why; answer such a message with 401 and do nothing else.
        TypeError: the payload is text, whose bytes are not known to be those that were signed.

    Example, in any web framework:
        >>> verify(request.body, request.headers, secret="whsec_...")  # doctest: +SKIP
    """
    if not isinstance(payload, (bytes, bytearray, memoryview)):
        raise TypeError("verify() needs the body as bytes, exactly as it was received: parse it afterwards.")
    if not isinstance(signature, str):
        headers = {name.lower(): value for name, value in signature.items()}
        signature = headers.get(_SIGNATURE, "")
        timestamp = headers.get(_TIMESTAMP, "") if timestamp is None else timestamp
    secrets = (secret,) if isinstance(secret, str) else tuple(secret)
    if not secrets or not all(secrets):
        raise WebhookNotVerified("No signing secret was given: every message would have to be refused.")
    seconds = "" if timestamp is None else str(timestamp).strip()
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= _MOST_DIGITS):
        raise WebhookNotVerified(f"{TIMESTAMP_HEADER} is missing or no Unix time in seconds.")
    given = _digest(signature)
    if given is None:
        raise WebhookNotVerified(f"{SIGNATURE_HEADER} is missing or not sha256=<64 hexadecimal digits>.")
    signed = b"%b.%b" % (seconds.encode(), payload)
    for one in secrets:
        if hmac.compare_digest(hmac.digest(one.encode(), signed, "sha256"), given):
            break
    else:
        raise WebhookNotVerified(
            "The signature does not match this body, timestamp and secret. Use the body's bytes as they were received."
        )
    age = (time.time() if now is None else now) - int(seconds)
    if abs(age) > tolerance_seconds:
        raise WebhookNotVerified(
            f"The message was signed {abs(age):.0f} s {'ago' if age > 0 else 'in the future'}, more than the "
            f"{tolerance_seconds:g} s that are allowed: it may be a replay, or this machine's clock is wrong."
        )


def _digest(signature: str) -> bytes | None:
    """The bytes of a signature's hexadecimal digits, with or without ``sha256=``; None when it is none."""
    text = signature.strip()
    if text[:7].lower() == "sha256=":
        text = text[7:]
    if len(text) != _HEX_DIGITS or not text.isalnum():
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None
