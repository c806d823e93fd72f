from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from nodback_core.domain.replies.token import (
    MalformedToken,
    is_signed_for,
    issue,
    parse,
    reply_address,
    token_of,
)
from nodback_core.domain.shared.addresses import InvalidAddress
from nodback_core.domain.shared.key_ring import KeyRing, Purpose

REQUEST = UUID("0d9c6c0e-4a0f-4b57-9d1c-6a3f4f1a2b3c")
ADDRESS = "ana@example.com"
EXPIRY = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
RING = KeyRing(current=3, keys={2: b"o" * 32, 3: b"n" * 32})


def token_for(
    *, round_number: int = 1, address: str = ADDRESS, expires_at: datetime = EXPIRY, ring: KeyRing = RING
) -> str:
    return issue(request_id=REQUEST, round_number=round_number, address=address, expires_at=expires_at, ring=ring)


def is_accepted(token: str, *, round_number: int = 1, address: str = ADDRESS, ring: KeyRing = RING) -> bool:
    try:
        return is_signed_for(parse(token), round_number=round_number, address=address, ring=ring)
    except MalformedToken:
        return False


def test_a_token_says_which_request_and_proves_it() -> None:
    token = parse(token_for())

    assert (token.kid, token.request_id, token.expires_at) == (3, REQUEST, EXPIRY)
    assert is_signed_for(token, round_number=1, address=ADDRESS, ring=RING)


def test_a_reply_address_keeps_to_the_limit_of_a_local_part() -> None:
    local_part, _, domain = reply_address(token_for(), "reply.example.com").partition("@")

    assert len(local_part) == 58
    assert set(local_part[2:]) <= set(ALPHABET)
    assert local_part.startswith("r-")
    assert domain == "reply.example.com"


@pytest.mark.parametrize("change", [str.upper, str.title, str.swapcase])
def test_a_mailer_may_change_the_case_of_the_token(change: object) -> None:
    assert callable(change)
    assert is_accepted(change(token_for()))


def test_no_character_of_a_token_can_be_changed() -> None:
    token = token_for()
    accepted = [
        (place, character)
        for place in range(len(token))
        for character in ALPHABET
        if character != token[place] and is_accepted(token[:place] + character + token[place + 1 :])
    ]
    assert accepted == []


@pytest.mark.parametrize(
    "broken",
    ["", "a", "a" * 55, "a" * 57, "a" * 56 + "\n", "1" * 56, "ſ" * 56, "K" * 56, "=" * 56, " " + "a" * 55, "é" * 56],
    ids=range(11),
)
def test_what_is_no_token_is_malformed(broken: str) -> None:
    with pytest.raises(MalformedToken):
        parse(broken)


def test_letters_that_only_fold_to_ascii_are_malformed() -> None:
    token = token_for().replace("s", "ſ").replace("k", "\u212a")
    if token == token_for():
        token = "ſ" + token[1:]
    with pytest.raises(MalformedToken):
        parse(token)


def test_a_token_of_another_version_is_malformed() -> None:
    with pytest.raises(MalformedToken):
        parse("a" * 56)


def test_a_token_holds_for_its_round_and_address_only() -> None:
    assert not is_accepted(token_for(), round_number=2)
    assert not is_accepted(token_for(), address="bo@example.com")
    assert not is_accepted(token_for(), round_number=0)
    assert not is_accepted(token_for(), address="not an address")
    assert is_accepted(token_for(), address=" Ana@Example.COM ")


def test_round_and_address_cannot_run_together() -> None:
    assert not is_accepted(
        token_for(round_number=1, address="1a@example.com"), round_number=11, address="a@example.com"
    )


def test_an_unknown_or_another_key_is_refused() -> None:
    assert not is_accepted(token_for(), ring=KeyRing(current=4, keys={4: b"n" * 32}))
    assert not is_accepted(token_for(), ring=KeyRing(current=3, keys={3: b"x" * 32}))


def test_a_token_of_a_retired_key_still_holds() -> None:
    old = token_for(ring=KeyRing(current=2, keys={2: b"o" * 32}))

    assert parse(old).kid == 2
    assert is_accepted(old)


def test_a_mac_made_with_the_key_of_another_purpose_is_refused() -> None:
    for purpose in Purpose:
        if purpose is not Purpose.REPLY:
            stolen = RING.key_for(purpose)
            assert stolen is not None
            assert not is_accepted(token_for(ring=KeyRing(current=3, keys={3: stolen})))


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (EXPIRY, EXPIRY),
        (EXPIRY + timedelta(microseconds=1), EXPIRY + timedelta(hours=1)),
        (EXPIRY - timedelta(seconds=1), EXPIRY),
        (EXPIRY.astimezone(timezone(timedelta(hours=5, minutes=30))), EXPIRY),
    ],
)
def test_expiry_is_rounded_up_to_the_hour(asked: datetime, given: datetime) -> None:
    assert parse(token_for(expires_at=asked)).expires_at == given


def test_a_token_expires_at_its_moment() -> None:
    token = parse(token_for())

    assert not token.is_expired(EXPIRY - timedelta(microseconds=1))
    assert token.is_expired(EXPIRY)


def test_what_cannot_be_signed_is_an_error() -> None:
    with pytest.raises(ValueError, match="rounds"):
        token_for(round_number=0)
    with pytest.raises(InvalidAddress):
        token_for(address="Boss <boss@example.com>")
    with pytest.raises(ValueError, match="expiry"):
        token_for(expires_at=datetime(9999, 1, 1, tzinfo=UTC))
    with pytest.raises(TypeError):
        token_for(expires_at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_token_is_found_among_the_recipients() -> None:
    token = token_for()
    address = reply_address(token, "reply.example.com")

    assert token_of(["someone@example.com", address], "reply.example.com") == token
    assert token_of([address.upper()], "reply.example.com") == token
    assert token_of([f" <{address}> "], "Reply.Example.com") == token


def test_recipients_that_are_not_reply_addresses_hold_no_token() -> None:
    address = reply_address(token_for(), "reply.example.com")

    assert token_of([], "reply.example.com") is None
    assert token_of([address], "other.example.com") is None
    assert token_of(["postmaster@reply.example.com"], "reply.example.com") is None
    assert token_of([address.replace("@", "@evil.com@")], "evil.com") is None


def test_a_malformed_token_is_handed_on_unless_there_is_a_good_one() -> None:
    token = token_for()

    assert token_of(["r-short@reply.example.com"], "reply.example.com") == "short"
    assert token_of(["r-short@x.org", f"r-1@x.org, r-{token}@x.org"], "x.org") == "short"
    assert token_of(["r-short@x.org", f"r-{token}@x.org"], "x.org") == token
