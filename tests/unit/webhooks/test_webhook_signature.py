"""Signatures: those of crewAI's platform and of Standard Webhooks, from one secret, and through a rotation."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from nodback.errors import WebhookNotVerified
from nodback.webhooks import verify
from nodback_core.domain.webhooks.signature import (
    SECRET_BYTES,
    TIMESTAMP_TOLERANCE_SECONDS,
    BadSecret,
    SigningSecret,
    WebhookSecrets,
    make_secret,
    reference_signature,
    signed_headers,
    standard_signature,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "webhooks.json").read_text(encoding="utf-8"))
# Receivers take any text as a secret; Nodback makes only one form.
OUR_VECTORS = [vector for vector in VECTORS if vector["secret"].startswith("whsec_")]
OLD = make_secret(bytes(range(SECRET_BYTES)))
NEW = make_secret(bytes(range(100, 100 + SECRET_BYTES)))


def reference_accepts(signing_secret: str, timestamp: str, payload: str, signature: str) -> bool:
    """A receiver that holds nothing but the sample of crewAI's documentation and the header's documented form."""
    expected = hmac.new(signing_secret.encode(), f"{timestamp}.{payload}".encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={expected}", signature)


@pytest.mark.parametrize("vector", OUR_VECTORS, ids=lambda v: v["name"])
def test_the_shared_vectors_hold_for_the_bytes_that_are_sent(vector: dict) -> None:
    made = reference_signature(
        vector["payload"].encode(), timestamp=vector["timestamp"], secret=SigningSecret(vector["secret"])
    )
    assert (vector["header"] in (made, made.removeprefix("sha256="))) is vector["valid"]


def test_the_vectors_hold_enough_of_both_kinds() -> None:
    valid = [v for v in VECTORS if v["valid"]]
    assert len(valid) >= 10
    assert len(VECTORS) - len(valid) >= 20
    assert len({v["name"] for v in VECTORS}) == len(VECTORS)


@given(
    body=st.text().map(str.encode) | st.binary().filter(lambda b: _is_text(b)),
    timestamp=st.integers(0, 2**40),
    seed=st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES),
)
def test_a_receiver_written_from_the_reference_alone_accepts_every_body(
    body: bytes, timestamp: int, seed: bytes
) -> None:
    secret = make_secret(seed)
    headers = signed_headers(
        body, event_id="evt_1", delivery_id="d-1", timestamp=timestamp, secrets=WebhookSecrets(secret)
    )
    assert reference_accepts(secret.reveal(), headers["X-Timestamp"], body.decode(), headers["X-Signature"])


def test_the_standardwebhooks_package_accepts_the_same_message_with_the_same_secret() -> None:
    timestamp = int(datetime.now(UTC).timestamp())
    body = json.dumps({"event": "new_request", "message": "Grüße"}).encode()
    headers = signed_headers(
        body, event_id="evt_1", delivery_id="d-1", timestamp=timestamp, secrets=WebhookSecrets(OLD)
    )
    assert Webhook(OLD.reveal()).verify(body, headers) == json.loads(body)


def test_during_a_rotation_standard_receivers_of_both_secrets_accept_and_x_signature_stays_with_the_old_one() -> None:
    timestamp = int(datetime.now(UTC).timestamp())
    body = b'{"event":"new_request"}'
    rotating = WebhookSecrets(current=OLD, upcoming=NEW)

    headers = signed_headers(body, event_id="evt_1", delivery_id="d-1", timestamp=timestamp, secrets=rotating)
    for secret in (OLD, NEW):
        assert Webhook(secret.reveal()).verify(body, headers) == {"event": "new_request"}
    assert reference_accepts(OLD.reveal(), headers["X-Timestamp"], body.decode(), headers["X-Signature"])

    after = signed_headers(body, event_id="evt_1", delivery_id="d-2", timestamp=timestamp, secrets=WebhookSecrets(NEW))
    assert reference_accepts(NEW.reveal(), after["X-Timestamp"], body.decode(), after["X-Signature"])
    assert len(after["webhook-signature"].split(" ")) == 1


def test_a_redelivery_keeps_the_event_id_and_has_its_own_delivery_id_and_timestamp() -> None:
    first = signed_headers(b"{}", event_id="evt_1", delivery_id="d-1", timestamp=1, secrets=WebhookSecrets(OLD))
    second = signed_headers(b"{}", event_id="evt_1", delivery_id="d-2", timestamp=2, secrets=WebhookSecrets(OLD))
    assert first["webhook-id"] == second["webhook-id"]
    assert first["X-Delivery-Id"] != second["X-Delivery-Id"]
    assert first["X-Signature"] != second["X-Signature"]
    assert set(first) == {
        "X-Signature", "X-Timestamp", "X-Delivery-Id", "webhook-id", "webhook-timestamp", "webhook-signature",
    }  # fmt: skip


def test_the_standard_signature_is_keyed_with_the_decoded_secret() -> None:
    key = base64.b64decode(OLD.reveal().removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, b"evt_1.7.{}", hashlib.sha256).digest()).decode()
    assert standard_signature(b"{}", event_id="evt_1", timestamp=7, secret=OLD) == f"v1,{expected}"


@pytest.mark.parametrize(
    "shown", [repr, str, "{}".format, lambda s: repr(WebhookSecrets(s, s)), lambda s: f"{[s]!r}", lambda s: f"{s!s:>9}"]
)
def test_a_secret_masks_itself_however_it_is_printed(shown) -> None:
    printed = shown(OLD)
    assert OLD.reveal() not in printed
    assert OLD.reveal()[6:20] not in printed
    assert "***" in printed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "s3cr3t",
        "WHSEC_" + "A" * 44,
        "whsec_" + "A" * 28,
        "whsec_" + "A" * 43,
        "whsec_" + "A" * 88 + "AAAA",
        "whsec_" + "A" * 43 + "-",
        "whsec_" + "A" * 44 + "\n",
        "whsec_" + "é" * 44,
    ],
)
def test_what_is_no_secret_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadSecret) as refused:
        SigningSecret(text)
    assert text.removeprefix("whsec_") == "" or text not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_secret_has_no_padding_and_needs_exactly_its_bytes() -> None:
    assert "=" not in OLD.reveal()
    assert len(OLD.reveal()) == len("whsec_") + 44
    with pytest.raises(BadSecret):
        make_secret(b"x" * 32)


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_the_sdks_verify_accepts_what_is_signed_here_with_either_secret_of_a_rotation() -> None:
    body = b'{"event":"new_request"}'
    headers = signed_headers(body, event_id="evt_1", delivery_id="d-1", timestamp=7, secrets=WebhookSecrets(OLD, NEW))
    verify(body, headers, secret=[NEW.reveal(), OLD.reveal()], now=7 + TIMESTAMP_TOLERANCE_SECONDS)
    with pytest.raises(WebhookNotVerified):
        verify(body, headers, secret=NEW.reveal(), now=7)
