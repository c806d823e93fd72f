"""No token that we did not sign for exactly this request, round and address is ever accepted."""

import random
import string
from base64 import b32decode, b32encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from nodback_core.domain.replies.token import MalformedToken, is_signed_for, issue, parse
from nodback_core.domain.shared.key_ring import KeyRing, Purpose

pytestmark = pytest.mark.fuzz

TOKENS_PER_BATCH = 500
BATCHES = 20
ALPHABET = string.ascii_lowercase + "234567"
ADDRESS, ROUND = "ana@example.com", 2
RING = KeyRing(current=5, keys={4: b"4" * 32, 5: b"5" * 32})
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def signed(chance: random.Random, *, ring: KeyRing = RING, address: str = ADDRESS, round_number: int = ROUND) -> str:
    return issue(
        request_id=UUID(int=chance.getrandbits(128)),
        round_number=round_number,
        address=address,
        expires_at=NOW + timedelta(hours=chance.randrange(1, 1440)),
        ring=ring,
    )


def other_characters(chance: random.Random) -> str:
    token = list(signed(chance))
    for place in chance.sample(range(len(token)), chance.randrange(1, 5)):
        token[place] = chance.choice(ALPHABET.replace(token[place], ""))
    return "".join(token)


def other_bits(chance: random.Random) -> str:
    data = bytearray(b32decode(signed(chance).upper()))
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return b32encode(data).decode().lower()


def truncated(chance: random.Random) -> str:
    token = signed(chance)
    start = chance.randrange(0, 56)
    return token[start : chance.randrange(start, 56)]


def extended(chance: random.Random) -> str:
    token = signed(chance)
    return chance.choice((token + chance.choice(string.printable), chance.choice(string.printable) + token, token * 2))


def of_another_character_set(chance: random.Random) -> str:
    token = signed(chance)
    place = chance.randrange(56)
    return token[:place] + chance.choice("0189=-_+/ .\u017f\u212a\u0131\uff41\n\x00") + token[place + 1 :]


def of_two_tokens(chance: random.Random) -> str:
    place = chance.randrange(4, 53)
    return signed(chance)[:place] + signed(chance)[place:]


def for_another_purpose(chance: random.Random) -> str:
    purpose = chance.choice([purpose for purpose in Purpose if purpose is not Purpose.REPLY])
    key = RING.key_for(purpose)
    assert key is not None
    return signed(chance, ring=KeyRing(current=5, keys={5: key}))


def with_another_ring(chance: random.Random) -> str:
    kid = chance.randrange(16)
    return signed(chance, ring=KeyRing(current=kid, keys={kid: chance.randbytes(32)}))


def for_another_round(chance: random.Random) -> str:
    return signed(chance, round_number=chance.choice((1, 3, 22, 2**31)))


def for_another_address(chance: random.Random) -> str:
    return signed(chance, address=chance.choice(("bo@example.com", "ana@example.co", "ana+x@example.com")))


def by_chance(chance: random.Random) -> str:
    return "".join(chance.choices(ALPHABET, k=56))


FORGERIES: tuple[Callable[[random.Random], str], ...] = (
    other_characters,
    other_bits,
    truncated,
    extended,
    of_another_character_set,
    of_two_tokens,
    for_another_purpose,
    with_another_ring,
    for_another_round,
    for_another_address,
    by_chance,
)


def is_accepted(token: str) -> bool:
    try:
        return is_signed_for(parse(token), round_number=ROUND, address=ADDRESS, ring=RING)
    except MalformedToken:
        return False


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_forged_token_is_accepted(batch: int, scale: float) -> None:
    chance = random.Random(batch)
    for _ in range(int(TOKENS_PER_BATCH * scale)):
        forge = chance.choice(FORGERIES)
        token = forge(chance)
        assert not is_accepted(token), (forge.__name__, token)


def test_a_signed_token_is_accepted() -> None:
    assert is_accepted(signed(random.Random(0)))
