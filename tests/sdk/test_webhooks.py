import json
from pathlib import Path

import pytest

import nodback
from nodback.webhooks import verify

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "webhooks.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_shared_vectors(vector):
    def check():
        verify(
            vector["payload"].encode(),
            vector["header"],
            vector["timestamp"],
            vector["secret"],
            now=vector["timestamp"],
        )

    if vector["valid"]:
        check()
    else:
        with pytest.raises(nodback.WebhookNotVerified):
            check()


GOOD = VECTORS[0]


def verify_good(**changes):
    arguments = {"signature": GOOD["header"], "timestamp": GOOD["timestamp"], "secret": GOOD["secret"]} | changes
    now = arguments.pop("now", GOOD["timestamp"])
    verify(arguments.pop("payload", GOOD["payload"].encode()), now=now, **arguments)


def test_all_headers_may_be_given_in_any_case():
    headers = {"x-signature": GOOD["header"], "X-TIMESTAMP": str(GOOD["timestamp"])}
    verify(GOOD["payload"].encode(), headers, secret=GOOD["secret"], now=GOOD["timestamp"])


def test_during_a_rotation_either_secret_will_do():
    verify_good(secret=["another", GOOD["secret"]])
    with pytest.raises(nodback.WebhookNotVerified, match="does not match"):
        verify_good(secret=["another", "yet another"])


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_message_within_the_tolerance_is_fresh(seconds):
    verify_good(now=GOOD["timestamp"] + seconds)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_or_future_message_is_refused(seconds):
    with pytest.raises(nodback.WebhookNotVerified, match="replay"):
        verify_good(now=GOOD["timestamp"] + seconds)


def test_the_tolerance_can_be_changed():
    verify_good(now=GOOD["timestamp"] + 3000, tolerance_seconds=3600)


@pytest.mark.parametrize("timestamp", [None, "", "soon", "-1", "1768392000.5", "１７６８３９２０００", "9" * 400])
def test_a_timestamp_that_is_none_is_refused(timestamp):
    with pytest.raises(nodback.WebhookNotVerified, match="X-Timestamp"):
        verify_good(timestamp=timestamp)


@pytest.mark.parametrize("secret", ["", [], [""]])
def test_without_a_secret_nothing_is_ever_genuine(secret):
    with pytest.raises(nodback.WebhookNotVerified, match="secret"):
        verify_good(secret=secret)


def test_a_body_that_was_already_decoded_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError, match="bytes"):
        verify_good(payload=GOOD["payload"])


def test_the_clock_of_this_machine_is_used_by_default():
    with pytest.raises(nodback.WebhookNotVerified, match="ago"):
        verify_good(now=None)
