"""Signing in by mail: a browser asks, a mail goes to people who may sign in, and the browser that asked is signed in.

What a browser is told never depends on whether the address is known. Asking only writes the attempt and publishes an
event; the function that hears the event looks the address up and sends the mail.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from nodback_core.domain.letters.kinds import LetterKind
from nodback_core.domain.people.members import Person
from nodback_core.domain.people.sessions import (
    LINK_ASKED,
    SIGN_IN_WINDOW_MINUTES,
    SIGN_INS_PER_ADDRESS,
    Session,
    SignIn,
    Tally,
    digest_browser,
)
from nodback_core.domain.people.signing_in import begin, enter_by_code, enter_by_link, sign_in_over, tries_left
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Index, Record, Rows
from nodback_core.mail.letters.compose import Envelope, compose
from nodback_core.mail.letters.kinds import SignInLetter
from nodback_core.mail.letters.parts import Branding
from nodback_core.mail.letters.render import render
from nodback_core.ports import Bus, Event, Mailer, MailNotTaken, MailRefused, Store
from nodback_core.usecases.shared.change import change, change_once
from nodback_core.usecases.shared.reading import read_one

REVIEW_PATH = "/review/"


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks to sign in, from where, and the secret that identifies the browser later."""

    sign_in_id: str
    email: str
    browser_secret: str
    source_address: str
    next_path: str = ""


def ask_to_sign_in(who: Applicant, *, store: Store, bus: Bus, now: datetime) -> SignIn:
    """Store the attempt, and have a mail sent if the address may sign in.

    Raises InvalidInput when the text is no address, and TooManyAttempts `too_many_sign_ins` when a source has asked too
    often. An address that was asked for too often gets no further mail, and the browser is not told so.
    """
    try:
        address = normalise(who.email)
    except InvalidAddress as error:
        raise InvalidInput((FieldError("email", str(error)),)) from None
    sign_in = SignIn(who.sign_in_id, address, digest_browser(who.browser_secret), now, who.next_path)
    window = int(now.timestamp()) // (SIGN_IN_WINDOW_MINUTES * 60)
    ends_at = datetime.fromtimestamp((window + 1) * SIGN_IN_WINDOW_MINUTES * 60, UTC) + timedelta(hours=1)
    of_address = Tally(f"sign-in-address/{address}", window, ends_at)
    of_source = Tally(f"sign-in-source/{who.source_address}", window, ends_at)

    def decide(rows: Rows) -> Outcome:
        return begin(sign_in, rows[of_address.key] or of_address, rows[of_source.key] or of_source)

    rows = change(decide, of_address.key, of_source.key, on=store, now=now)
    counted = rows[of_address.key]
    if counted is not None and counted.count <= SIGN_INS_PER_ADDRESS:
        bus.publish([Event(LINK_ASKED, {"sign_in_id": sign_in.sign_in_id})])
    return rows.of(SignIn)


@dataclass(frozen=True, slots=True)
class SignInMail:
    """What the mail is made from: the sender, and how an attempt gets its link and its code."""

    mailer: Mailer
    sender_name: str
    sender_address: str
    link_of: Callable[[SignIn], str]
    code_for: Callable[[str], str]


def mail_sign_in(sign_in_id: str, *, mail: SignInMail, store: Store, admins: Collection[str], now: datetime) -> str:
    """Send the link and the code once, if the address may sign in; returns what was done, for the log.

    Raises MailNotTaken when the mail service has certainly not taken the mail: the event comes again and sends it then.
    """
    row = SignIn.at(sign_in_id)
    sign_in = read_one(row, store=store)
    if sign_in is None or not sign_in.is_open(now=now) or sign_in.mailed_at is not None:
        return "nothing to send"
    if not may_sign_in(sign_in, store=store, admins=admins):
        return "unknown address"
    letter = SignInLetter(
        sign_in_url=mail.link_of(sign_in),
        code=mail.code_for(sign_in_id),
        asked_at=sign_in.asked_at,
        expires_at=sign_in.expires_at,
        branding=Branding(mail.sender_name),
    )
    message = compose(Envelope(mail.sender_name, mail.sender_address, sign_in.address), render(letter))
    claimed = Outcome(rows=(replace(sign_in, mailed_at=now),))
    if change_once(claimed, on=store, now=now) is None:
        return "somebody else sends it"
    try:
        mail.mailer.send(
            message, sender=mail.sender_address, to=sign_in.address, tags={"notification": LetterKind.SIGN_IN.value}
        )
    except MailRefused:
        return "refused by the mail service"
    except MailNotTaken:
        _not_mailed(sign_in_id, store=store, now=now)
        raise
    return "sent"


def _not_mailed(sign_in_id: str, *, store: Store, now: datetime) -> None:
    """Record that it was not mailed after all, even if the attempt has changed meanwhile."""

    def decide(rows: Rows) -> Outcome | None:
        sign_in = rows[SignIn.at(sign_in_id)]
        return None if sign_in is None else Outcome(rows=(replace(sign_in, mailed_at=None),))

    change(decide, SignIn.at(sign_in_id), on=store, now=now)


def may_sign_in(sign_in: SignIn, *, store: Store, admins: Collection[str]) -> bool:
    """Whether the address is an admin's, a member's, or that of somebody who was asked to review."""
    address = sign_in.address
    if address in admins:
        return True
    person = read_one(Person.at(address), store=store)
    if person is not None and person.grants:
        return True
    for index in (Index.PENDING_BY_ASSIGNEE, Index.BY_RESPONDER):
        if _stands_in(index, address, store=store):
            return True
    # Somebody who follows the link of a mail about a request that was closed without them.
    if not sign_in.next_path.startswith(REVIEW_PATH):
        return False
    about = Request.at(sign_in.next_path.removeprefix(REVIEW_PATH))
    request = read_one(about, store=store)
    return request is not None and request.assignment.address == address


def _stands_in(index: Index, address: str, *, store: Store) -> bool:
    """Whether a list holds a request of this address, even one that cannot be read."""
    cursor = None
    while True:
        page = store.list(Request, index, address, limit=1, cursor=cursor)
        if page.items or page.unreadable:
            return True
        if (cursor := page.cursor) is None:
            return False


def sign_in_by_link(
    sign_in_id: str,
    *,
    browser_secret: str,
    browser: str,
    session_id: str,
    organization_id: int,
    store: Store,
    now: datetime,
) -> tuple[Session, SignIn]:
    """Sign in the browser that asked, by the mailed link, which is used up.

    Raises Gone `sign_in_over` for another browser, and for a link that was used or has expired.
    """

    def enter(attempt: SignIn, person: Person, session: Session) -> Outcome:
        return enter_by_link(attempt, person, session, browser_secret=browser_secret, now=now)

    rows = _enter(sign_in_id, enter, browser, session_id, organization_id, store=store, now=now)
    return rows.of(Session), rows.of(SignIn)


def sign_in_by_code(
    sign_in_id: str,
    given: str,
    *,
    code: str,
    browser_secret: str,
    browser: str,
    session_id: str,
    organization_id: int,
    store: Store,
    now: datetime,
) -> tuple[Session, SignIn]:
    """Sign in the browser that asked, by the mailed code; each wrong code counts as a try.

    Raises InvalidInput for a wrong code, and Gone `sign_in_over` after the last try and as `sign_in_by_link` does.
    """

    def enter(attempt: SignIn, person: Person, session: Session) -> Outcome:
        return enter_by_code(attempt, person, session, typed=given, code=code, browser_secret=browser_secret, now=now)

    rows = _enter(sign_in_id, enter, browser, session_id, organization_id, store=store, now=now)
    attempt = rows.of(SignIn)
    if attempt.used_at is None:
        left = tries_left(attempt)
        raise InvalidInput((FieldError("code", f"that is not the code of the newest mail; tries left: {left}"),))
    return rows.of(Session), attempt


def _enter(
    sign_in_id: str,
    enter: Callable[[SignIn, Person, Session], Outcome],
    browser: str,
    session_id: str,
    organization_id: int,
    *,
    store: Store,
    now: datetime,
) -> Rows:
    """Write what `enter` makes of an attempt, its person and the session that is to be."""

    def person_of(rows: Rows) -> Iterable[Record]:
        attempt = rows[SignIn.at(sign_in_id)]
        return [] if attempt is None else store.fetch(Person.at(attempt.address)).found.values()

    def decide(rows: Rows) -> Outcome:
        attempt = rows[SignIn.at(sign_in_id)]
        if attempt is None:
            raise sign_in_over()
        person = rows[Person.at(attempt.address)] or Person(attempt.address, organization_id)
        return enter(attempt, person, Session(attempt.address, session_id, now, browser[:120]))

    return change(decide, SignIn.at(sign_in_id), on=store, now=now, more=person_of)
