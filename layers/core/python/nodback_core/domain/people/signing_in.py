"""Signing in and out: what becomes of an attempt, of its limits, and of the sessions that end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.people.happenings import SignedIn, SignedOut
from nodback_core.domain.people.members import Person
from nodback_core.domain.people.sessions import (
    MAX_CODE_TRIES,
    SIGN_IN_WINDOW_MINUTES,
    SIGN_INS_PER_SOURCE,
    Session,
    SignIn,
    Tally,
    is_code,
)
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import Gone, TooManyAttempts
from nodback_core.domain.shared.outcomes import Outcome, changed


def begin(attempt: SignIn, of_address: Tally, of_source: Tally) -> Outcome:
    """A new attempt, counted for its address and its source; raises TooManyAttempts `too_many_sign_ins`."""
    if of_source.count >= SIGN_INS_PER_SOURCE:
        raise TooManyAttempts(
            "too many sign-ins were asked for from here: wait an hour",
            seconds=SIGN_IN_WINDOW_MINUTES * 60,
            code="too_many_sign_ins",
        )
    return Outcome(rows=(attempt, of_address.once_more(), of_source.once_more()))


def enter_by_link(attempt: SignIn, person: Person, session: Session, *, browser_secret: str, now: datetime) -> Outcome:
    """The session, and the attempt used up; raises Gone `sign_in_over` unless this browser may use the attempt."""
    _check(attempt, browser_secret, now)
    return _entered(attempt, person, session, "link", now)


def enter_by_code(
    attempt: SignIn, person: Person, session: Session, *, typed: str, code: str, browser_secret: str, now: datetime
) -> Outcome:
    """The same for a person who typed the code of the mail; a wrong code only counts as a try."""
    _check(attempt, browser_secret, now)
    # A code that was never mailed opens nothing, even for somebody who guesses it.
    if attempt.mailed_at is None or not is_code(typed, code):
        return Outcome(rows=(replace(attempt, tries=attempt.tries + 1),))
    return _entered(attempt, person, session, "code", now)


def tries_left(attempt: SignIn) -> int:
    """How many more codes may be typed; raises Gone `sign_in_over` when that was the last."""
    left = MAX_CODE_TRIES - attempt.tries
    if left <= 0:
        raise sign_in_over()
    return left


def end(person: Person, sessions: Sequence[Session], *, now: datetime) -> Outcome | None:
    """These sessions of a person ended; None when none of them is live."""
    live = [session for session in sessions if session.is_live(now=now)]
    if not live:
        return None
    who = Actor("person", person.address)
    happened = [SignedOut(by=who, session_id=session.session_id) for session in live]
    return changed(person, *happened, also=tuple(replace(session, revoked_at=now) for session in live))


def sign_in_over() -> Gone:
    """What a browser is told when its attempt cannot become a session, for whatever reason."""
    return Gone("this link or code does not work any more: ask for a new one", code="sign_in_over")


def _check(attempt: SignIn, browser_secret: str, now: datetime) -> None:
    if not attempt.is_open(now=now) or not attempt.is_from(browser_secret):
        raise sign_in_over()


def _entered(attempt: SignIn, person: Person, session: Session, method: str, now: datetime) -> Outcome:
    signed_in = SignedIn(by=Actor("person", attempt.address), session_id=session.session_id, method=method)
    return changed(person, signed_in, also=(replace(attempt, used_at=now), session))
