import json
from datetime import UTC, datetime, timedelta

import pytest

from nodback_core.domain.shared.key_ring import (
    RETIRED_KEY_GRACE_HOURS,
    InvalidKeyRing,
    KeyRing,
    KeyRingFull,
    Purpose,
    ring_from_secret,
    rotate,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
GENERATED = json.dumps({"kid": 1, "secret": "s" * 64})


def test_the_generated_secret_is_a_ring_of_one_key() -> None:
    ring = ring_from_secret(GENERATED)

    assert ring.current == 1
    assert dict(ring.keys) == {1: b"s" * 64}


def test_a_ring_never_shows_its_secrets() -> None:
    ring = KeyRing(current=1, keys={1: b"very-secret-very-secret-very-secret"})

    assert "very" not in repr(ring) + str(ring) + f"{ring!r}"
    assert "very" not in repr(ring_from_secret(json.dumps({"kid": 1, "secret": "very-secret" * 8})))


def test_no_two_purposes_or_keys_share_a_derived_key() -> None:
    ring = KeyRing(current=1, keys={1: b"a" * 32, 2: b"b" * 32})
    derived = [ring.key_for(purpose, kid) for purpose in Purpose for kid in ring.keys]

    assert len(set(derived)) == len(Purpose) * 2
    assert all(key is not None and len(key) == 32 for key in derived)
    assert not set(derived) & set(ring.keys.values())
    assert ring.key_for(Purpose.LINK) == ring.key_for(Purpose.LINK, 1)
    assert ring.key_for(Purpose.LINK, 9) is None


def test_a_ring_cannot_be_changed_from_outside() -> None:
    keys = {1: b"a" * 32}
    ring = KeyRing(current=1, keys=keys)
    keys[1] = b"b" * 32

    assert ring.keys[1] == b"a" * 32
    with pytest.raises(TypeError):
        ring.keys[1] = b"c" * 32  # type: ignore[index]


@pytest.mark.parametrize(
    ("current", "keys"),
    [(1, {}), (1, {2: b"a" * 32}), (16, {16: b"a" * 32}), (-1, {-1: b"a" * 32}), (1, {1: b"a" * 31})],
)
def test_a_ring_that_cannot_sign_is_refused(current: int, keys: dict[int, bytes]) -> None:
    with pytest.raises(InvalidKeyRing):
        KeyRing(current=current, keys=keys)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "7",
        "{}",
        '{"kid": 1}',
        '{"keys": {"1": {"secret": "hush-hush"}}}',
        '{"current": 1, "keys": {"1": "hush-hush"}}',
        '{"current": "x", "keys": {}}',
        '{"kid": 1, "secret": "hush-hush"}',
        'hush-hush {"kid"',
        '{"current": 1, "keys": {"1": {"secret": "' + "h" * 40 + '", "retired_at": "hush-hush"}}}',
    ],
)
def test_a_broken_secret_is_an_error_that_does_not_quote_it(text: str) -> None:
    with pytest.raises(InvalidKeyRing) as error:
        ring_from_secret(text)

    assert "hush" not in str(error.value)
    assert error.value.__cause__ is None


def test_rotation_signs_with_a_new_key_and_keeps_the_old_one() -> None:
    ring = ring_from_secret(rotate(GENERATED, new_secret="n" * 64, now=NOW, longest_token_days=7))

    assert ring.current == 2
    assert dict(ring.keys) == {1: b"s" * 64, 2: b"n" * 64}


def test_an_old_key_stays_until_the_last_token_signed_with_it_has_expired() -> None:
    first = rotate(GENERATED, new_secret="n" * 64, now=NOW, longest_token_days=60)
    last_moment = NOW + timedelta(days=60, hours=RETIRED_KEY_GRACE_HOURS)

    before = rotate(first, new_secret="m" * 64, now=last_moment - timedelta(seconds=1), longest_token_days=60)
    after = rotate(first, new_secret="m" * 64, now=last_moment, longest_token_days=60)

    assert set(ring_from_secret(before).keys) == {1, 2, 3}
    assert set(ring_from_secret(after).keys) == {2, 3}
    assert ring_from_secret(after).current == 3


def test_key_ids_come_round_again_and_never_meet_a_living_key() -> None:
    document, now = GENERATED, NOW
    for turn in range(40):
        now += timedelta(days=8)
        document = rotate(document, new_secret=f"{turn:064d}", now=now, longest_token_days=7)
        assert ring_from_secret(document).keys[ring_from_secret(document).current] == f"{turn:064d}".encode()
    assert len(ring_from_secret(document).keys) == 3 - 1


def test_a_ring_that_is_rotated_too_often_says_so() -> None:
    document = GENERATED
    for turn in range(15):
        document = rotate(document, new_secret=f"{turn:064d}", now=NOW, longest_token_days=7)
    with pytest.raises(KeyRingFull):
        rotate(document, new_secret="x" * 64, now=NOW, longest_token_days=7)


def test_a_weak_new_secret_is_refused() -> None:
    with pytest.raises(InvalidKeyRing):
        rotate(GENERATED, new_secret="short", now=NOW, longest_token_days=7)


def test_a_moment_written_without_a_zone_is_utc() -> None:
    document = json.dumps(
        {
            "current": 2,
            "keys": {"1": {"secret": "a" * 40, "retired_at": "2026-11-01T00:00:00"}, "2": {"secret": "b" * 40}},
        }
    )
    assert set(ring_from_secret(rotate(document, new_secret="c" * 40, now=NOW, longest_token_days=7)).keys) == {2, 3}
