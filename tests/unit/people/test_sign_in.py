"""Signing in by mail: who gets one, which browser it signs in, and how often it may be tried."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from support.meanwhile import Overtaken
from support.pauses import no_pauses
from support.unreadable import spoil
from support.world import INSTALL, REVIEWER, World

from nodback_core.domain.people.members import Person
from nodback_core.domain.people.sessions import (
    LINK_ASKED,
    MAX_CODE_TRIES,
    SIGN_INS_PER_ADDRESS,
    SIGN_INS_PER_SOURCE,
    Session,
    SignIn,
)
from nodback_core.domain.shared.errors import Gone, InvalidInput, TooManyAttempts
from nodback_core.ports import Event, MailNotTaken
from nodback_core.runtime.tokens import Tokens
from nodback_core.usecases.people.members import add_member
from nodback_core.usecases.people.sessions import identify, live_sessions, sign_out
from nodback_core.usecases.people.sign_in import (
    Applicant,
    SignInMail,
    ask_to_sign_in,
    mail_sign_in,
    sign_in_by_code,
    sign_in_by_link,
)

ADMIN = "admin@example.com"


@dataclass
class Door:
    """The way in, with its mails."""

    world: World = field(default_factory=World)
    asked: list[str] = field(default_factory=list)
    """The ids of the attempts that a mail was wanted for."""

    @property
    def tokens(self) -> Tokens:
        return Tokens("https://nodback.test", self.world.ring)

    def ask(self, email: str, *, browser: str = "this browser", source: str = "203.0.113.7", to: str = "") -> SignIn:
        world = self.world
        asked = Applicant(world.uuid(), email, browser, source, to)
        sign_in = ask_to_sign_in(asked, store=world.store, bus=world.bus, now=world.now)
        self.mail_out()
        return sign_in

    def mail_out(self) -> list[str]:
        """What the events on the bus lead to; each is delivered twice, as a bus may."""
        world = self.world
        mail = SignInMail(
            world.mailer, "Nodback", "nodback@nodback.test", lambda s: self.tokens.link(s), self.tokens.code
        )
        events, world.bus.events = world.bus.events, []
        wanted = [str(e.detail["sign_in_id"]) for e in events if "sign_in_id" in e.detail]
        self.asked += wanted
        return [
            mail_sign_in(each, mail=mail, store=world.store, admins={ADMIN}, now=world.now)
            for each in wanted
            for _ in range(2)
        ]

    def mail_again(self) -> list[str]:
        """The event of the newest attempt comes again."""
        self.world.bus.events = [Event(LINK_ASKED, {"sign_in_id": self.asked[-1]})]
        return self.mail_out()

    def row(self) -> SignIn:
        """The newest attempt as it is stored."""
        key = SignIn.at(self.asked[-1])
        found = self.world.store.fetch(key)[key]
        assert found is not None
        return found

    def by_link(self, sign_in: SignIn, *, browser: str = "this browser") -> Session:
        return sign_in_by_link(sign_in.sign_in_id, browser_secret=browser, **self.common())[0]

    def by_code(self, sign_in: SignIn, code: str, *, browser: str = "this browser") -> Session:
        expected = self.tokens.code(sign_in.sign_in_id)
        return sign_in_by_code(sign_in.sign_in_id, code, code=expected, browser_secret=browser, **self.common())[0]

    def common(self) -> dict:
        world = self.world
        return {
            "browser": "Firefox",
            "session_id": world.uuid(),
            "organization_id": 1,
            "store": world.store,
            "now": world.now,
        }


def test_who_was_asked_can_sign_in_though_the_oldest_review_cannot_be_read() -> None:
    door = Door()
    opened = door.world.pause(door.world.deployment())
    spoil(door.world, door.world.request(opened.request.request_id))
    door.world.bus.events.clear()

    door.ask(REVIEWER)

    assert len(door.world.mails_to(REVIEWER)) == 1


def test_an_admin_gets_one_mail_with_the_link_and_the_code() -> None:
    door = Door()

    sign_in = door.ask("Admin@Example.com")

    (mail,) = door.world.mails_to(ADMIN)
    text = mail.get_body(("plain",)).get_content()
    assert mail["Subject"] == "Sign in to Nodback"
    assert door.tokens.link(sign_in) in text
    code = door.tokens.code(sign_in.sign_in_id)
    assert f"{code[:4]}-{code[4:]}" in text
    assert mail["Reply-To"] is None


@dataclass
class Throttled:
    """A mail service that takes nothing for a while, and lets something happen first."""

    problem: Exception
    meanwhile: Callable[[], object] = lambda: None

    def send(self, message: bytes, *, sender: str, to: str, tags: Mapping[str, str]) -> str:
        self.meanwhile()
        raise self.problem


def test_a_mail_that_was_surely_not_taken_is_sent_when_the_event_comes_again() -> None:
    door = Door()
    sent = door.world.mailer
    door.world.mailer = Throttled(MailNotTaken("Throttling: slow down"))  # type: ignore[assignment]
    with pytest.raises(MailNotTaken):
        door.ask(ADMIN)
    door.world.mailer = sent

    assert door.mail_again() == ["sent", "nothing to send"]

    (mail,) = door.world.mails_to(ADMIN)
    code = door.tokens.code(door.asked[-1])
    assert f"{code[:4]}-{code[4:]}" in mail.get_body(("plain",)).get_content()


def test_a_code_that_was_surely_not_mailed_opens_nothing_and_wrong_ones_still_count() -> None:
    door = Door()
    tries = []

    def guess() -> None:
        with pytest.raises(InvalidInput):
            door.by_code(door.row(), "AAAA-AAAA")
        tries.append(door.row().tries)

    sent = door.world.mailer
    door.world.mailer = Throttled(MailNotTaken("Throttling: slow down"), guess)  # type: ignore[assignment]
    with no_pauses(), pytest.raises(MailNotTaken):
        door.ask(ADMIN)
    door.world.mailer = sent

    assert (door.row().mailed_at, door.row().tries, tries) == (None, 1, [1])
    with pytest.raises(InvalidInput):
        door.by_code(door.row(), door.tokens.code(door.asked[-1]))
    assert door.mail_again() == ["sent", "nothing to send"]


def test_a_mail_that_may_have_been_taken_is_not_sent_twice() -> None:
    door = Door()
    sent = door.world.mailer
    door.world.mailer = Throttled(TimeoutError())  # type: ignore[assignment]
    with pytest.raises(TimeoutError):
        door.ask(ADMIN)
    door.world.mailer = sent

    assert door.mail_again() == ["nothing to send", "nothing to send"]


def test_nobody_else_gets_a_mail_and_what_the_browser_causes_is_the_same() -> None:
    door = Door()

    known, unknown = door.ask(ADMIN), door.ask("stranger@example.com")

    assert not door.world.mails_to("stranger@example.com")
    rows = door.world.store.rows
    assert {type(rows[(k.key.partition, k.key.sort)]) for k in (known, unknown)} == {SignIn}


def test_a_mail_that_was_not_taken_is_sent_by_the_next_try_and_its_code_opens_nothing_before() -> None:
    door = Door()
    send, asked = door.world.mailer.send, Applicant(door.world.uuid(), ADMIN, "this browser", "203.0.113.7", "")
    sign_in = ask_to_sign_in(asked, store=door.world.store, bus=door.world.bus, now=door.world.now)
    event = door.world.bus.events[:]

    def refuse(*given: object, **named: object) -> str:
        raise MailNotTaken("Throttling: Maximum sending rate exceeded.", code="Throttling")

    door.world.mailer.send = refuse
    with pytest.raises(MailNotTaken):
        door.mail_out()
    with pytest.raises(InvalidInput):
        door.by_code(sign_in, door.tokens.code(sign_in.sign_in_id))
    door.world.mailer.send = send
    door.world.bus.events = event
    assert door.mail_out() == ["sent", "nothing to send"]
    assert len(door.world.mails_to(ADMIN)) == 1


@pytest.mark.parametrize("who", ["a member", "an assignee", "somebody who answered", "the reader of an old mail"])
def test_whoever_was_asked_or_is_a_member_may_sign_in(who: str) -> None:
    door = Door()
    world = door.world
    seven = world.deployment(creator_email="ana@example.com")
    to = ""
    if who == "a member":
        add_member(
            seven.deployment_id,
            "ana@example.com",
            ["respond_to_human_feedback"],
            caller=INSTALL,
            store=world.store,
            now=world.now,
        )
    else:
        first = world.pause(seven).request
        if who == "the reader of an old mail":
            world.pause(seven)
            second = world.pause(seven, flow_id="flow-1").request
            world.store.rows.pop((second.key.partition, second.key.sort))
            to = f"/review/{first.request_id}"
        world.deliver()
        if who == "somebody who answered":
            world.reply("approved", to=world.reply_address("ana@example.com"), sender="ana@example.com")
    world.mailer.sent.clear()

    door.ask("ana@example.com", to=to)

    assert [m["Subject"] for m in world.mails_to("ana@example.com")][-1] == "Sign in to Nodback"


def test_the_link_signs_in_the_browser_that_asked_once() -> None:
    door = Door()
    sign_in = door.ask(ADMIN)

    session = door.by_link(sign_in)

    world = door.world
    found = identify(ADMIN, session.session_id, store=world.store, admins={ADMIN}, now=world.now)
    assert found is not None
    assert found.is_admin
    with pytest.raises(Gone):
        door.by_link(sign_in)
    person = world.store.fetch(Person.at(ADMIN))[Person.at(ADMIN)]
    assert person is not None
    assert [e.action for e in world.store.chain(person.subject).items] == ["session.signed_in"]
    world.check_chains()


def test_another_browser_is_not_signed_in_by_the_link() -> None:
    door = Door()
    sign_in = door.ask(ADMIN)

    with pytest.raises(Gone):
        door.by_link(sign_in, browser="a scanner")

    assert door.by_link(sign_in)


def test_link_and_code_are_over_after_ten_minutes() -> None:
    door = Door()
    sign_in = door.ask(ADMIN)
    door.world.pass_time(minutes=10)

    with pytest.raises(Gone):
        door.by_link(sign_in)
    with pytest.raises(Gone):
        door.by_code(sign_in, door.tokens.code(sign_in.sign_in_id))


def test_the_code_is_read_as_people_type_it() -> None:
    door = Door()
    sign_in = door.ask(ADMIN)
    code = door.tokens.code(sign_in.sign_in_id)

    assert door.by_code(sign_in, f" {code[:4].lower()} - {code[4:]} ")


def test_a_code_can_be_tried_five_times() -> None:
    door = Door()
    sign_in = door.ask(ADMIN)

    for left in range(MAX_CODE_TRIES - 1, 0, -1):
        with pytest.raises(InvalidInput, match=f"tries left: {left}"):
            door.by_code(sign_in, "AAAA-AAAA")
    with pytest.raises(Gone):
        door.by_code(sign_in, "AAAA-AAAA")
    with pytest.raises(Gone):
        door.by_code(sign_in, door.tokens.code(sign_in.sign_in_id))


def test_a_code_that_was_never_mailed_opens_nothing() -> None:
    door = Door()
    sign_in = door.ask("stranger@example.com")

    with pytest.raises(InvalidInput):
        door.by_code(sign_in, door.tokens.code(sign_in.sign_in_id))


def test_too_many_mails_to_one_address_stop_without_a_word() -> None:
    door = Door()

    for number in range(SIGN_INS_PER_ADDRESS + 3):
        door.ask(ADMIN, source=f"203.0.113.{number}")

    assert len(door.world.mails_to(ADMIN)) == SIGN_INS_PER_ADDRESS
    door.world.pass_time(hours=1)
    door.ask(ADMIN)
    assert len(door.world.mails_to(ADMIN)) == SIGN_INS_PER_ADDRESS + 1


def test_too_many_attempts_from_one_place_are_refused() -> None:
    door = Door()
    for number in range(SIGN_INS_PER_SOURCE):
        door.ask(f"person{number}@example.com")

    with pytest.raises(TooManyAttempts, match="wait an hour"):
        door.ask(ADMIN)


def test_signing_out_ends_this_session_and_everywhere_ends_all() -> None:
    door = Door()
    world = door.world
    sessions = [door.by_link(door.ask(ADMIN)) for _ in range(3)]
    here = identify(ADMIN, sessions[0].session_id, store=world.store, admins={ADMIN}, now=world.now)
    assert here is not None

    sign_out(here, store=world.store, now=world.now)
    left = live_sessions(here, store=world.store, now=world.now)
    assert {s.session_id for s in left} == {s.session_id for s in sessions[1:]}

    sign_out(here, everywhere=True, store=world.store, now=world.now)
    assert not live_sessions(here, store=world.store, now=world.now)
    assert identify(ADMIN, sessions[1].session_id, store=world.store, admins={ADMIN}, now=world.now) is None
    world.check_chains()


def test_a_session_that_begins_while_all_are_ended_ends_too() -> None:
    door = Door()
    world = door.world
    session = door.by_link(door.ask(ADMIN))
    late = door.ask(ADMIN)
    here = identify(ADMIN, session.session_id, store=world.store, admins={ADMIN}, now=world.now)
    assert here is not None

    with no_pauses():
        sign_out(here, everywhere=True, store=Overtaken(world.store, lambda: door.by_link(late)), now=world.now)

    assert not live_sessions(here, store=world.store, now=world.now)
    world.check_chains()


def test_the_last_guess_closes_the_attempt_for_a_right_code_that_comes_at_the_same_moment() -> None:
    door = Door()
    sign_in = door.ask(ADMIN)
    for _ in range(MAX_CODE_TRIES - 1):
        with pytest.raises(InvalidInput):
            door.by_code(sign_in, "AAAAAAAA")

    def guess() -> None:
        with pytest.raises(Gone):
            door.by_code(sign_in, "AAAAAAAA")

    store = door.world.store
    door.world.store = Overtaken(store, guess)
    with no_pauses(), pytest.raises(Gone):
        door.by_code(sign_in, door.tokens.code(sign_in.sign_in_id))
    who = Person.at(ADMIN)
    assert store.fetch(who)[who] is None


def test_signing_out_ends_each_of_120_sessions() -> None:
    world = World()
    sessions = [Session(ADMIN, f"s{number:03d}", world.now) for number in range(120)]
    world.store.commit([Person(ADMIN, 1)])
    for session in sessions:
        world.store.commit([session])
    last = identify(ADMIN, "s119", store=world.store, admins={ADMIN}, now=world.now)
    assert last is not None

    sign_out(last, store=world.store, now=world.now)
    assert identify(ADMIN, "s119", store=world.store, admins={ADMIN}, now=world.now) is None
    assert len(live_sessions(last, store=world.store, now=world.now)) == 119

    sign_out(last, everywhere=True, store=world.store, now=world.now)
    assert not live_sessions(last, store=world.store, now=world.now)
    world.check_chains()


def test_a_session_ends_after_two_weeks() -> None:
    door = Door()
    world = door.world
    session = door.by_link(door.ask(ADMIN))
    world.pass_time(days=14)

    assert identify(ADMIN, session.session_id, store=world.store, admins={ADMIN}, now=world.now) is None
