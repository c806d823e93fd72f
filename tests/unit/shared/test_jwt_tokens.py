"""Link, session and callback tokens: one purpose each, every claim required, one error for every flaw."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodback_core.adapters.jwt_tokens import (
    JWT_PURPOSES,
    MAX_TOKEN_CHARACTERS,
    BadToken,
    Token,
    issue,
    issue_callback,
    read,
    read_callback,
)
from nodback_core.domain.shared.key_ring import KeyRing, Purpose

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
ISSUER = "https://nodback.example.com"
RING = KeyRing(current=2, keys={1: b"1" * 32, 2: b"2" * 64})
REQUEST_ID = "550e8400-e29b-41d4-a716-446655440000"
SESSION = Token(
    purpose=Purpose.SESSION,
    subject="alice@example.com",
    token_id="s-1",
    issued_at=NOW,
    expires_at=NOW + timedelta(hours=1),
    details={"generation": 3},
)
TEXT = issue(SESSION, issuer=ISSUER, ring=RING)
CALLBACK = issue_callback(
    request_id=REQUEST_ID, webhook_id="wh_1", token_id="c-1", now=NOW, deadline=None, issuer=ISSUER, ring=RING
)


def read_session(text: str, *, now: datetime = NOW, ring: KeyRing = RING, issuer: str = ISSUER) -> Token:
    return read(text, purpose=Purpose.SESSION, issuer=issuer, now=now, ring=ring)


def forged(*, header: dict | None = None, without: str = "", key: bytes | None = None, **claims: object) -> str:
    """A token signed with the true key but with another content: only what `read` checks by itself stops it."""
    content = jwt.decode(TEXT, options={"verify_signature": False}) | claims
    content.pop(without, None)
    signing = RING.key_for(Purpose.SESSION) if key is None else key
    return jwt.encode(content, signing, algorithm="HS256", headers={"kid": "2"} if header is None else header)


def refused(read_it: Callable[[], object]) -> BadToken:
    with pytest.raises(BadToken) as caught:
        read_it()
    assert str(caught.value) == "the token is not valid"
    assert caught.value.__cause__ is None
    return caught.value


def test_what_was_issued_is_read_back() -> None:
    assert read_session(TEXT) == SESSION


def test_a_token_of_an_older_key_is_read_until_the_key_leaves_the_ring() -> None:
    old = issue(SESSION, issuer=ISSUER, ring=KeyRing(current=1, keys={1: b"1" * 32}))
    assert read_session(old) == SESSION
    refused(lambda: read_session(old, ring=KeyRing(current=2, keys={2: b"2" * 64})))


@pytest.mark.parametrize("other", sorted(JWT_PURPOSES - {Purpose.SESSION}))
def test_a_token_of_one_purpose_is_no_token_of_another(other: Purpose) -> None:
    refused(lambda: read(TEXT, purpose=other, issuer=ISSUER, now=NOW, ring=RING))


def test_purposes_have_keys_of_their_own_beside_claims_of_their_own() -> None:
    callback_key = RING.key_for(Purpose.CALLBACK)
    refused(lambda: read_session(forged(key=callback_key)))
    refused(lambda: read_session(forged(key=RING.keys[2])))


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - JWT_PURPOSES))
def test_purposes_that_have_no_jwts_are_neither_issued_nor_read(purpose: Purpose) -> None:
    with pytest.raises(ValueError, match="purpose"):
        issue(replace(SESSION, purpose=purpose), issuer=ISSUER, ring=RING)
    refused(lambda: read(TEXT, purpose=purpose, issuer=ISSUER, now=NOW, ring=RING))


@pytest.mark.parametrize("claim", ["exp", "iat", "aud", "iss", "jti", "sub", "purpose"])
def test_every_claim_is_required(claim: str) -> None:
    assert read_session(forged()) == SESSION
    assert not refused(lambda: read_session(forged(without=claim))).is_expired


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": "9999999999"},
        {"exp": True},
        {"exp": 9999999999.5},
        {"exp": 2**80},
        {"exp": None},
        {"iat": -1},
        {"iat": "0"},
        {"iat": 10**12},
        {"aud": ["nodback:session"]},
        {"aud": "nodback:callback"},
        {"aud": "session"},
        {"iss": "https://elsewhere.example.com"},
        {"jti": 7},
        {"sub": 7},
        {"sub": ["alice@example.com"]},
        {"purpose": "callback"},
        {"purpose": ["session"]},
    ],
    ids=str,
)
def test_a_claim_of_another_kind_or_value_is_refused(claims: dict) -> None:
    refused(lambda: read_session(forged(**claims)))


@pytest.mark.parametrize(
    "header",
    [{}, {"kid": 2}, {"kid": "02"}, {"kid": "3"}, {"kid": "1"}, {"kid": "../2"}, {"kid": "2", "jku": "https://e.example"},
     {"kid": "2", "crit": ["exp"]}, {"kid": "2", "b64": False}, {"kid": None}],
    ids=str,
)  # fmt: skip
def test_a_header_that_nodback_does_not_write_is_refused(header: dict) -> None:
    def write() -> str:
        if isinstance(header.get("kid", ""), str):
            return forged(header=header)
        return replaced_header({"alg": "HS256", "typ": "JWT"} | header)

    refused(lambda: read_session(write()))


def replaced_header(header: dict) -> str:
    part = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return ".".join([part, *TEXT.split(".")[1:]])


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512", "RS256", "hs256"])
def test_no_other_algorithm_is_accepted(algorithm: str) -> None:
    refused(lambda: read_session(replaced_header({"alg": algorithm, "kid": "2"})))
    unsigned = replaced_header({"alg": algorithm, "kid": "2"}).rpartition(".")[0] + "."
    refused(lambda: read_session(unsigned))
    if algorithm.startswith("HS"):
        claims = jwt.decode(TEXT, options={"verify_signature": False})
        key = RING.key_for(Purpose.SESSION)
        with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
            text = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "2"})
        refused(lambda: read_session(text))


def test_an_expired_token_is_told_apart_only_when_it_is_genuine() -> None:
    late = SESSION.expires_at + timedelta(seconds=60)
    assert read_session(TEXT, now=late - timedelta(seconds=1)) == SESSION
    assert refused(lambda: read_session(TEXT, now=late)).is_expired
    assert not refused(lambda: read_session(TEXT[:-8] + "AAAAAAAA", now=late)).is_expired
    assert not refused(lambda: read_session(TEXT, now=late, issuer="https://other.example.com")).is_expired


def test_a_token_from_the_future_is_refused_beyond_a_minute() -> None:
    assert read_session(TEXT, now=NOW - timedelta(seconds=60)) == SESSION
    assert not refused(lambda: read_session(TEXT, now=NOW - timedelta(seconds=61))).is_expired


def test_the_machines_own_clock_plays_no_part() -> None:
    for year in (1999, 2099):
        at = NOW.replace(year=year)
        text = issue(replace(SESSION, issued_at=at, expires_at=at + timedelta(minutes=10)), issuer=ISSUER, ring=RING)
        assert read_session(text, now=at).issued_at == at


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": NOW},
        {"expires_at": NOW - timedelta(days=1)},
        {"issued_at": NOW.replace(tzinfo=None)},
        {"details": {"sub": "mallory@example.com"}},
        {"details": {"exp": 9999999999}},
        {"details": {"nbf": 1}},
    ],
    ids=str,
)
def test_a_token_that_would_contradict_itself_is_not_issued(change: dict) -> None:
    with pytest.raises(ValueError, match=r"token|zone|claim"):
        issue(replace(SESSION, **change), issuer=ISSUER, ring=RING)


def test_a_callback_token_names_its_request_and_the_webhook_that_it_was_given_to() -> None:
    token = read_callback(CALLBACK, now=NOW, issuer=ISSUER, ring=RING)
    assert (token.request_id, token.webhook_id, token.token_id) == (REQUEST_ID, "wh_1", "c-1")
    assert token.expires_at == NOW + timedelta(days=7)


@pytest.mark.parametrize(
    ("deadline", "life"), [(timedelta(minutes=30), timedelta(minutes=30)), (timedelta(days=30), timedelta(days=7))]
)
def test_a_callback_token_lives_until_the_deadline_but_seven_days_at_most(deadline: timedelta, life: timedelta) -> None:
    text = issue_callback(
        request_id=REQUEST_ID,
        webhook_id="wh_1",
        token_id="c",
        now=NOW,
        deadline=NOW + deadline,
        issuer=ISSUER,
        ring=RING,
    )
    assert read_callback(text, now=NOW, issuer=ISSUER, ring=RING).expires_at == NOW + life
    after = NOW + life + timedelta(seconds=60)
    assert refused(lambda: read_callback(text, now=after, issuer=ISSUER, ring=RING)).is_expired


def test_a_callback_token_without_its_webhook_is_refused() -> None:
    bare = issue(replace(SESSION, purpose=Purpose.CALLBACK), issuer=ISSUER, ring=RING)
    refused(lambda: read_callback(bare, now=NOW, issuer=ISSUER, ring=RING))
    refused(lambda: read_callback(TEXT, now=NOW, issuer=ISSUER, ring=RING))


def test_a_callback_token_fits_a_url_path() -> None:
    assert len(CALLBACK) < 600
    assert set(CALLBACK) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@settings(max_examples=300)
@given(position=st.integers(0, len(CALLBACK) - 1), letter=st.characters(codec="ascii"))
def test_no_changed_letter_anywhere_is_accepted(position: int, letter: str) -> None:
    changed = CALLBACK[:position] + letter + CALLBACK[position + 1 :]
    if changed == CALLBACK:
        return
    assert not refused(lambda: read_callback(changed, now=NOW, issuer=ISSUER, ring=RING)).is_expired


def test_a_signature_has_one_spelling_though_base64_leaves_two_bits_of_its_last_letter_free() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for changed in (CALLBACK[:-1] + letter for letter in letters if letter != CALLBACK[-1]):
        refused(lambda text=changed: read_callback(text, now=NOW, issuer=ISSUER, ring=RING))
    refused(lambda: read_callback(CALLBACK + "=", now=NOW, issuer=ISSUER, ring=RING))


@settings(max_examples=300)
@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}", fullmatch=True))
def test_any_text_is_refused_in_the_same_way(text: str) -> None:
    refused(lambda: read_callback(text, now=NOW, issuer=ISSUER, ring=RING))


def test_an_overlong_text_is_refused_before_anything_is_decoded() -> None:
    refused(lambda: read_session(TEXT + "A" * MAX_TOKEN_CHARACTERS))
    deep = base64.urlsafe_b64encode(b"[" * 1200).rstrip(b"=").decode()
    refused(lambda: read_session(f"{deep}..x"))


def test_a_detail_may_be_text_or_number_and_comes_back() -> None:
    token = replace(SESSION, purpose=Purpose.LINK, details={"browser": "b-1", "step": 2})
    text = issue(token, issuer=ISSUER, ring=RING)
    assert read(text, purpose=Purpose.LINK, issuer=ISSUER, now=NOW, ring=RING).details == {"browser": "b-1", "step": 2}
