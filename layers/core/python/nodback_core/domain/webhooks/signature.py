"""Signs webhook bodies, so that a receiver can tell Nodback's messages from anybody else's.

Two schemes travel side by side and are computed from the one secret string that a person sees:

* that of crewAI's platform: `X-Signature: sha256=<hex>` over `<timestamp>.<body>`, keyed with the UTF-8 bytes of the
  whole string, `whsec_` included;
* Standard Webhooks 1.0: `webhook-signature: v1,<base64>` over `<id>.<timestamp>.<body>`, keyed with what the base64
  after `whsec_` decodes to.

A secret is therefore `whsec_` and the base64 of 33 random bytes: 44 characters without padding that could get lost.

During a rotation there are two secrets. `webhook-signature` may hold several values and carries both; `X-Signature` has
room for one and stays with the current secret until the rotation is completed, because a receiver that was written
for crewAI's platform alone knows no other.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass, field

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 33
MIN_SECRET_BYTES = 24
MAX_SECRET_BYTES = 64
TIMESTAMP_TOLERANCE_SECONDS = 300

SIGNATURE_HEADER = "X-Signature"
TIMESTAMP_HEADER = "X-Timestamp"
DELIVERY_HEADER = "X-Delivery-Id"
STANDARD_ID_HEADER = "webhook-id"
STANDARD_TIMESTAMP_HEADER = "webhook-timestamp"
STANDARD_SIGNATURE_HEADER = "webhook-signature"


class BadSecret(ValueError):
    """The text is no webhook secret; the message never repeats it."""


@dataclass(frozen=True)
class SigningSecret:
    """One webhook's secret; prints itself masked, `reveal()` is the only way to its text.

    Raises:
        BadSecret: the text is not `whsec_` and the base64 of 24 to 64 bytes (Standard Webhooks 1.0).
    """

    _text: str = field(repr=False)
    reference_key: bytes = field(init=False, repr=False, compare=False)
    """The key of `X-Signature`: the text's bytes."""
    standard_key: bytes = field(init=False, repr=False, compare=False)
    """The key of `webhook-signature`: what the base64 stands for."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "standard_key", _decoded(self._text))
        object.__setattr__(self, "reference_key", self._text.encode())

    def reveal(self) -> str:
        """The text a person copies into the receiver: shown once, at creation and at rotation."""
        return self._text

    def __repr__(self) -> str:
        return "SigningSecret('whsec_***')"

    __str__ = __repr__


@dataclass(frozen=True)
class WebhookSecrets:
    """What a webhook signs with: its current secret and, while a rotation is under way, the next one."""

    current: SigningSecret
    upcoming: SigningSecret | None = None


def make_secret(random_bytes: bytes) -> SigningSecret:
    """A new secret out of `SECRET_BYTES` random bytes.

    Raises:
        BadSecret: another number of bytes.
    """
    if len(random_bytes) != SECRET_BYTES:
        raise BadSecret(f"a webhook secret is made of {SECRET_BYTES} random bytes")
    return SigningSecret(SECRET_PREFIX + base64.b64encode(random_bytes).decode("ascii"))


def reference_signature(body: bytes, *, timestamp: int, secret: SigningSecret) -> str:
    """The value of `X-Signature`: `sha256=` and 64 hex digits, as crewAI's platform computes it."""
    return "sha256=" + hmac.digest(secret.reference_key, b"%d." % timestamp + body, "sha256").hex()


def standard_signature(body: bytes, *, event_id: str, timestamp: int, secret: SigningSecret) -> str:
    """One value of `webhook-signature`: `v1,` and the base64 of the HMAC, as Standard Webhooks 1.0 computes it."""
    mac = hmac.digest(secret.standard_key, b"%s.%d." % (event_id.encode(), timestamp) + body, "sha256")
    return "v1," + binascii.b2a_base64(mac, newline=False).decode("ascii")


def signed_headers(
    body: bytes, *, event_id: str, delivery_id: str, timestamp: int, secrets: WebhookSecrets
) -> dict[str, str]:
    """Every header that proves where this very body comes from.

    Args:
        body: the bytes that go onto the wire; sign nothing else.
        event_id: the same for every delivery of one event, so that receivers can recognise a repetition.
        delivery_id: this attempt's own id, as the delivery log shows it.
        timestamp: Unix seconds at which the body is signed; receivers tolerate 300 s.
        secrets: the webhook's current secret, and the next one during a rotation.
    """
    standard = standard_signature(body, event_id=event_id, timestamp=timestamp, secret=secrets.current)
    if secrets.upcoming is not None:
        standard += " " + standard_signature(body, event_id=event_id, timestamp=timestamp, secret=secrets.upcoming)
    seconds = str(timestamp)
    return {
        SIGNATURE_HEADER: reference_signature(body, timestamp=timestamp, secret=secrets.current),
        TIMESTAMP_HEADER: seconds,
        DELIVERY_HEADER: delivery_id,
        STANDARD_ID_HEADER: event_id,
        STANDARD_TIMESTAMP_HEADER: seconds,
        STANDARD_SIGNATURE_HEADER: standard,
    }


def _decoded(text: str) -> bytes:
    if not text.startswith(SECRET_PREFIX):
        raise BadSecret(f"a webhook secret starts with {SECRET_PREFIX}")
    try:
        key = base64.b64decode(text[len(SECRET_PREFIX) :].encode("ascii"), validate=True)
    except ValueError:
        raise BadSecret("a webhook secret ends in base64") from None
    if not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise BadSecret(f"a webhook secret holds {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes")
    return key
