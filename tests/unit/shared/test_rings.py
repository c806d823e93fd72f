"""A ring in a warm function, and its rotation in Secrets Manager."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import boto3
import pytest
from moto import mock_aws
from support.http import ENVIRONMENT
from support.world import REVIEWER, World

from nodback_core.adapters import jwt_tokens
from nodback_core.domain.replies.token import is_signed_for, issue, parse
from nodback_core.domain.shared.key_ring import KeyRing, Purpose, ring_from_secret
from nodback_core.runtime import rings, service
from nodback_core.runtime.rings import WatchedRing, rotate_ring

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

MADE = '{"kid": 1, "secret": "' + "a" * 64 + '"}'
ID = UUID(int=7)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> "Iterator[SecretsManagerClient]":
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="us-east-1")
        client.create_secret(Name="ring", SecretString=MADE)
        yield client


def stored(client: "SecretsManagerClient") -> KeyRing:
    return ring_from_secret(client.get_secret_value(SecretId="ring")["SecretString"])


def test_a_young_key_stays_and_an_old_one_is_followed_by_a_fresh_one(secrets: "SecretsManagerClient") -> None:
    now = datetime.now(UTC)
    young = rotate_ring(secrets, "ring", after_days=90, new_secret="b" * 64, now=now + timedelta(days=89))
    assert (young.rotated, young.current, young.keys) == (False, 1, 1)
    old = rotate_ring(secrets, "ring", after_days=90, new_secret="b" * 64, now=now + timedelta(days=91))
    assert (old.rotated, old.current, old.keys) == (True, 2, 2)
    assert stored(secrets).keys[1] == b"a" * 64


def test_by_hand_it_is_rotated_at_once(secrets: "SecretsManagerClient") -> None:
    assert rotate_ring(secrets, "ring", after_days=0, new_secret="b" * 64, now=datetime.now(UTC)).rotated


def test_of_two_runs_at_a_time_one_makes_the_key_and_neither_fails(secrets: "SecretsManagerClient") -> None:
    read = secrets.get_secret_value

    def read_before_the_other(**wanted: str) -> object:
        held = read(**wanted)
        secrets.get_secret_value = read  # type: ignore[method-assign]
        rotate_ring(secrets, "ring", after_days=0, new_secret="c" * 64, now=datetime.now(UTC))
        return held

    secrets.get_secret_value = read_before_the_other  # type: ignore[method-assign, assignment]
    slower = rotate_ring(secrets, "ring", after_days=0, new_secret="b" * 64, now=datetime.now(UTC))
    assert not slower.rotated
    assert (stored(secrets).current, stored(secrets).keys[2]) == (2, b"c" * 64)


def test_a_token_of_the_longest_life_outlives_every_rotation_after_it(secrets: "SecretsManagerClient") -> None:
    signed_at = datetime.now(UTC)
    token = parse(
        issue(
            request_id=ID,
            round_number=1,
            address=REVIEWER,
            expires_at=signed_at + timedelta(days=60),
            ring=stored(secrets),
        )
    )
    for days in range(0, 60, 5):
        now = signed_at + timedelta(days=days)
        rotate_ring(secrets, "ring", after_days=0, new_secret=f"{days:064d}", now=now)
        assert is_signed_for(token, round_number=1, address=REVIEWER, ring=stored(secrets)), days
    rotate_ring(secrets, "ring", after_days=0, new_secret="z" * 64, now=signed_at + timedelta(days=62))
    assert not is_signed_for(token, round_number=1, address=REVIEWER, ring=stored(secrets))


class TestAWarmFunction:
    OLD = KeyRing(1, {1: b"o" * 32})
    NEW = KeyRing(2, {1: b"o" * 32, 2: b"n" * 32})

    def ring(self, reads: list[int]) -> WatchedRing:
        def reread() -> KeyRing:
            reads.append(1)
            return self.NEW

        return WatchedRing(self.OLD.current, self.OLD.keys, reread=reread)

    def test_reads_the_ring_again_for_a_key_that_was_made_after_it_started(self) -> None:
        reads: list[int] = []
        expires_at = datetime(2026, 3, 9, tzinfo=UTC)
        fresh = parse(issue(request_id=ID, round_number=1, address=REVIEWER, expires_at=expires_at, ring=self.NEW))
        assert is_signed_for(fresh, round_number=1, address=REVIEWER, ring=self.ring(reads))
        assert reads

    def test_knows_a_session_that_another_function_signed_with_a_brand_new_key(self) -> None:
        now = datetime(2026, 3, 2, tzinfo=UTC)
        token = jwt_tokens.Token(Purpose.SESSION, REVIEWER, "s1", now, now + timedelta(hours=1))
        text = jwt_tokens.issue(token, issuer="https://nodback.test", ring=self.NEW)
        reads: list[int] = []
        read = jwt_tokens.read(
            text, purpose=Purpose.SESSION, issuer="https://nodback.test", now=now, ring=self.ring(reads)
        )
        assert read.subject == REVIEWER

    def test_reads_nothing_for_keys_that_it_has_or_that_cannot_be(self) -> None:
        reads: list[int] = []
        ring = self.ring(reads)
        assert ring.key_for(Purpose.REPLY, 1)
        assert ring.key_for(Purpose.REPLY)
        assert ring.key_for(Purpose.REPLY, 99) is None
        assert reads == []

    def test_is_not_made_to_read_for_ever_by_inventors_of_key_ids(
        self, secrets: "SecretsManagerClient", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reads: list[str] = []

        class Counted:
            def get_secret_value(self, **wanted: str) -> object:
                reads.append(wanted["SecretId"])
                return secrets.get_secret_value(**wanted)

        clock = [1000.0]
        monkeypatch.setattr(service, "client", lambda _: Counted())
        monkeypatch.setattr(service.time, "monotonic", lambda: clock[0])
        made = service.Service(replace(ENVIRONMENT, key_ring_secret="ring"))
        for _ in range(50):
            assert made.ring.key_for(Purpose.REPLY, 7) is None
        assert len(reads) == 1
        clock[0] += rings.UNKNOWN_KEY_SECONDS + 1
        rotate_ring(secrets, "ring", after_days=0, new_secret="b" * 64, now=datetime.now(UTC))
        assert made.ring.key_for(Purpose.REPLY, 2) is not None
        assert len(reads) == 2

    def test_masks_its_secrets(self) -> None:
        assert "ooo" not in repr(self.ring([]))


def test_replies_to_mails_of_before_and_after_a_rotation_are_both_recorded() -> None:
    world = World()
    deployment = world.deployment(creator_email=REVIEWER)
    first = world.pause(deployment, flow_id="a").request.request_id
    world.deliver()
    old = world.reply_address()
    world.ring = KeyRing(2, {**world.ring.keys, 2: b"n" * 32})
    second = world.pause(deployment, flow_id="b").request.request_id
    world.deliver()
    world.reply("approved", to=old)
    world.reply("rejected", to=world.reply_address())
    outcomes = [world.request(r).decision for r in (first, second)]
    assert [d.outcome for d in outcomes if d] == ["approved", "rejected"]
