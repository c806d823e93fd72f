"""Signing in by mail: a browser asks, a mail answers whoever may, the browser that asked is signed in.

What a browser is told never depends on whether the address is known: asking writes one row and one event, and the mail
is written elsewhere by whoever hears the event.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from nodback_core.domain.people.members import Person
from nodback_core.domain.people.sessions import (
    LINK_ASKED,
    MAX_CODE_TRIES,
    SIGN_IN_WINDOW_MINUTES,
    SIGN_INS_PER_ADDRESS,
    SIGN_INS_PER_SOURCE,
    Session,
    SignIn,
    Tally,
    digest_browser,
    is_code,
)
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.entries import Action, Actor, NewEntry, append
from nodback_core.domain.shared.errors import FieldError, Gone, InvalidInput, TooManyAttempts
from nodback_core.domain.shared.records import Index
from nodback_core.mail.letters.compose import Envelope, compose
from nodback_core.mail.letters.kinds import Branding
from nodback_core.mail.letters.kinds import SignIn as SignInLetter
from nodback_core.mail.letters.render import render
from nodback_core.ports import Bus, Changed, Event, Mailer, MailNotTaken, MailRefused, Store
from nodback_core.usecases.shared.attempts import until_written

START_AGAIN = "this link or code does not work any more: ask for a new one"
REVIEW_PATH = "/review/"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, from where, and with what the browser will prove that it was the one."""

    sign_in_id: str
    email: str
    browser_secret: str
    source_address: str
    next_path: str = ""


def ask_to_sign_in(asked: Asked, *, store: Store, bus: Bus, now: datetime) -> SignIn:
    """Remember the attempt and let a mail be sent if the address may sign in.

    Raises InvalidInput for what is no address, and TooManyAttempts `too_many_sign_ins` once a source has asked too
    often. An address that was asked for too often gets no further mail, which is not told.
    """
    try:
        address = normalise(asked.email)
    except InvalidAddress as error:
        raise InvalidInput((FieldError("email", str(error)),)) from None
    sign_in = SignIn(asked.sign_in_id, address, digest_browser(asked.browser_secret), now, asked.next_path)

    def write() -> bool:
        window = int(now.timestamp()) // (SIGN_IN_WINDOW_MINUTES * 60)
        ends_at = datetime.fromtimestamp((window + 1) * SIGN_IN_WINDOW_MINUTES * 60, UTC) + timedelta(hours=1)
        names = f"sign-in-address/{address}", f"sign-in-source/{asked.source_address}"
        keys = [Tally.at(name, window) for name in names]
        fetched = store.fetch(*keys)
        by_address, by_source = (
            fetched[key] or Tally(name, window, ends_at) for key, name in zip(keys, names, strict=True)
        )
        if by_source.count >= SIGN_INS_PER_SOURCE:
            raise TooManyAttempts(
                "too many sign-ins were asked for from here: wait an hour",
                seconds=SIGN_IN_WINDOW_MINUTES * 60,
                code="too_many_sign_ins",
            )
        store.commit([sign_in, by_address.once_more(), by_source.once_more()])
        return by_address.count < SIGN_INS_PER_ADDRESS

    if until_written(write):
        bus.publish([Event(LINK_ASKED, {"sign_in_id": sign_in.sign_in_id})])
    return sign_in


@dataclass(frozen=True, slots=True)
class SignInMail:
    """What the mail is made with: the sender, and the link and the code of an attempt."""

    mailer: Mailer
    sender_name: str
    sender_address: str
    link_of: Callable[[SignIn], str]
    code_for: Callable[[str], str]


def mail_sign_in(sign_in_id: str, *, mail: SignInMail, store: Store, admins: Collection[str], now: datetime) -> str:
    """Send the link and the code to whoever may sign in, once; returns what was done, for the log.

    Raises MailNotTaken when the mail service has surely not taken it: the event comes again, and the mail is sent then.
    """
    row = SignIn.at(sign_in_id)
    sign_in = store.fetch(row)[row]
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
    try:
        store.commit([replace(sign_in, mailed_at=now)])
    except Changed:
        return "somebody else sends it"
    try:
        mail.mailer.send(message, sender=mail.sender_address, to=sign_in.address, tags={"notification": "sign_in"})
    except MailRefused:
        return "refused by the mail service"
    except MailNotTaken:
        _not_mailed(sign_in_id, store=store)
        raise
    return "sent"


def _not_mailed(sign_in_id: str, *, store: Store) -> None:
    """Take back that it was mailed, whatever has happened to the attempt meanwhile."""

    def write() -> None:
        row = SignIn.at(sign_in_id)
        sign_in = store.fetch(row)[row]
        if sign_in is not None:
            store.commit([replace(sign_in, mailed_at=None)])

    until_written(write)


def may_sign_in(sign_in: SignIn, *, store: Store, admins: Collection[str]) -> bool:
    """Whether the address is an admin's, a member's, or that of somebody who was asked."""
    address = sign_in.address
    if address in admins:
        return True
    person = store.fetch(Person.at(address))[Person.at(address)]
    if person is not None and person.grants:
        return True
    for index in (Index.PENDING_BY_ASSIGNEE, Index.BY_RESPONDER):
        if _stands_in(index, address, store=store):
            return True
    # Somebody who follows the link of a mail about a request that was closed without them.
    if not sign_in.next_path.startswith(REVIEW_PATH):
        return False
    about = Request.at(sign_in.next_path.removeprefix(REVIEW_PATH))
    request = store.fetch(about)[about]
    return request is not None and request.assignment.address == address


def _stands_in(index: Index, address: str, *, store: Store) -> bool:
    """Whether a list holds a request of this address, be it one that cannot be read."""
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
    """The session of the browser that asked; its link is used up. Raises Gone for anything else."""
    return _sign_in(
        sign_in_id, None, browser_secret, browser, session_id, organization_id, code="", store=store, now=now
    )


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
    """The same by the code of the mail, typed into the browser that asked; each wrong one counts.

    Raises InvalidInput for a wrong code, and Gone when the attempt is over.
    """
    return _sign_in(
        sign_in_id, given, browser_secret, browser, session_id, organization_id, code=code, store=store, now=now
    )


def _sign_in(
    sign_in_id: str,
    given: str | None,
    browser_secret: str,
    browser: str,
    session_id: str,
    organization_id: int,
    *,
    code: str,
    store: Store,
    now: datetime,
) -> tuple[Session, SignIn]:
    def write() -> tuple[Session, SignIn] | int:
        row = SignIn.at(sign_in_id)
        sign_in = store.fetch(row)[row]
        if sign_in is None or not sign_in.is_open(now=now) or not sign_in.is_from(browser_secret):
            raise Gone(START_AGAIN, code="sign_in_over")
        # A code that was never mailed opens nothing, whoever guesses it.
        if given is not None and not (sign_in.mailed_at is not None and is_code(given, code)):
            store.commit([replace(sign_in, tries=sign_in.tries + 1)])
            return MAX_CODE_TRIES - sign_in.tries - 1
        person_row = Person.at(sign_in.address)
        person = store.fetch(person_row)[person_row] or Person(sign_in.address, organization_id)
        session = Session(sign_in.address, session_id, now, browser[:120])
        data = {"session_id": session_id, "by": "link" if given is None else "code"}
        happening = NewEntry(Action.SIGNED_IN, Actor("person", sign_in.address), data)
        entries, head = append(person.head, [happening], at=now)
        store.commit(
            [
                replace(sign_in, used_at=now),
                session,
                replace(person, last_seq=head.last_seq, head_hash=head.hash),
            ],
            entries,
        )
        return session, sign_in

    done = until_written(write)
    if isinstance(done, int):
        if not done:
            raise Gone(START_AGAIN, code="sign_in_over")
        raise InvalidInput((FieldError("code", f"that is not the code of the newest mail; tries left: {done}"),))
    return done
