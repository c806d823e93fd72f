"""Signing in by mail: the attempt that a browser begins, the session that it becomes, and the limits on both."""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nodback_core.domain.shared.records import Key, Row

LINK_ASKED = "session.link_asked"
"""The event that a mail is wanted. It is no entry of the trail: anybody can ask, and nothing has happened yet."""
SIGN_IN_MINUTES = 10
MAX_CODE_TRIES = 5
SESSION_DAYS = 14
"""How long a session lasts at most."""
SESSION_IDLE_HOURS = 12
"""How long its token is good for; each click renews it."""
SESSION_RENEW_MINUTES = 30
"""How old a token may be before an answer brings a fresh one."""
SIGN_INS_PER_ADDRESS = 5
SIGN_INS_PER_SOURCE = 30
SIGN_IN_WINDOW_MINUTES = 60
CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class SignIn(Row):
    """One attempt: bound to the browser that asked, good once and for ten minutes."""

    sign_in_id: str
    address: str
    browser_digest: str
    """SHA-256 of the secret that the browser holds in a cookie."""
    asked_at: datetime
    next_path: str = ""
    """Where to go afterwards, a path of ours."""
    tries: int = 0
    mailed_at: datetime | None = None
    used_at: datetime | None = None
    version: int = 0

    @property
    def key(self) -> "Key[SignIn]":
        return SignIn.at(self.sign_in_id)

    @staticmethod
    def at(sign_in_id: str) -> "Key[SignIn]":
        return Key(SignIn, f"sign-in/{sign_in_id}", "sign-in")

    @property
    def expires_at(self) -> datetime:
        return self.asked_at + timedelta(minutes=SIGN_IN_MINUTES)

    @property
    def forget_after(self) -> datetime | None:
        return self.asked_at + timedelta(days=1)

    def is_open(self, *, now: datetime) -> bool:
        """Whether it can still become a session."""
        return self.used_at is None and self.tries < MAX_CODE_TRIES and now < self.expires_at

    def is_from(self, browser_secret: str) -> bool:
        """Whether this browser asked, compared in constant time."""
        return hmac.compare_digest(self.browser_digest, digest_browser(browser_secret))


@dataclass(frozen=True, slots=True)
class Session(Row):
    """A browser that is signed in; revoking the row ends it at the next click."""

    address: str
    session_id: str
    created_at: datetime
    browser: str = ""
    """What the browser calls itself, shortened: for a person who looks at the list of their sessions."""
    revoked_at: datetime | None = None
    version: int = 0

    @property
    def key(self) -> "Key[Session]":
        return Session.at(self.address, self.session_id)

    @staticmethod
    def at(address: str, session_id: str) -> "Key[Session]":
        return Key(Session, f"person/{address}", f"session/{session_id}")

    @property
    def ends_at(self) -> datetime:
        return self.created_at + timedelta(days=SESSION_DAYS)

    @property
    def forget_after(self) -> datetime | None:
        return self.ends_at + timedelta(days=1)

    def is_live(self, *, now: datetime) -> bool:
        return self.revoked_at is None and now < self.ends_at


@dataclass(frozen=True, slots=True)
class Tally(Row):
    """How often something happened within one window of time."""

    name: str
    window: int
    ends_at: datetime
    count: int = 0
    version: int = 0

    @property
    def key(self) -> "Key[Tally]":
        return Tally.at(self.name, self.window)

    @staticmethod
    def at(name: str, window: int) -> "Key[Tally]":
        return Key(Tally, f"tally/{name}", str(window))

    @property
    def forget_after(self) -> datetime | None:
        return self.ends_at

    def once_more(self) -> "Tally":
        return replace(self, count=self.count + 1)


def digest_browser(secret: str) -> str:
    """What is kept of a browser's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def code_of(key: bytes, sign_in_id: str) -> str:
    """The code of an attempt: forty bits that follow from the install's key, so that no row holds it."""
    mac = hmac.digest(key, f"sign-in-code/{sign_in_id}".encode(), hashlib.sha256)
    return "".join(CODE_ALPHABET[byte % len(CODE_ALPHABET)] for byte in mac[:CODE_CHARACTERS])


def is_code(given: str, expected: str) -> bool:
    """Whether a person typed this code; case, spaces and hyphens do not count."""
    plain = "".join(c for c in given.upper() if c.isascii() and c.isalnum())
    return hmac.compare_digest(plain, expected)
