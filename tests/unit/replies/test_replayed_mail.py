"""Only a mail that answers this very review decides it: not a copy of another, however authentic it is.

DKIM covers neither the envelope nor the moment, so whoever knows a reply address can send any mail of the reviewer to
it once more.
"""

from datetime import timedelta
from email.utils import format_datetime
from itertools import product

import pytest
from mails.arrived import MICROSOFT_SIGNS, as_stored, signature
from support.world import PASS, REPLY_DOMAIN, REVIEWER, World

from nodback_core.domain.replies.limits import MAX_CONFIRMATIONS
from nodback_core.domain.replies.results import LETTERS, Result
from nodback_core.domain.reviews.requests import Status
from nodback_core.mail.replies.sender import Verdicts

RELAY = "postmaster@evil.example"
"""Who sends a copy of somebody else's mail: authentic for its own domain, and only for that."""


def asked(world: World, flow_id: str = "flow-1", **settings: object) -> str:
    request_id = world.pause(world.deployment(**settings), flow_id=flow_id).request.request_id
    world.deliver()
    return request_id


def mail(
    world: World,
    *,
    to: str | None = None,
    date: str | None = None,
    signs: str | None = None,
    message_id: str = "<lunch@example.com>",
    more: str = "",
    text: str = "Approved!",
) -> bytes:
    """A mail of the reviewer's; everything may be otherwise than an answer has it."""
    signed = "" if signs == "" else signature(signs=signs) if signs else signature()
    lines = {
        "From": REVIEWER,
        "To": to if to is not None else world.reply_address(),
        "Subject": "lunch",
        "Date": date if date is not None else format_datetime(world.now),
        "Message-ID": message_id,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"{signed}{head}{more}\r\n{text}\r\n".encode()


def confirmation_asked(world: World) -> str:
    """The text of the one mail that asks to confirm."""
    world.deliver()
    letter = world.mails_to(REVIEWER)[-1]
    assert letter["Auto-Submitted"] == "auto-replied"
    text = " ".join(letter.get_body(("plain",)).get_content().split())
    assert text.startswith("Please confirm your answer"), text
    return text


class TestACopyOfAnotherMail:
    def test_that_was_written_to_a_friend_decides_nothing(self) -> None:
        world = World()
        request_id = asked(world)
        raw = mail(world, to="friend@example.org")
        assert world.receive(raw, to=world.reply_address(), envelope_from=RELAY) is Result.NOT_ADDRESSED
        assert world.request(request_id).status is Status.PENDING
        assert "not addressed to this review" in confirmation_asked(world)

    def test_that_answered_another_review_decides_nothing(self) -> None:
        world = World()
        first = asked(world, "flow-1")
        first_address = world.reply_address()
        raw = mail(world, to=first_address)
        assert world.receive(raw, to=first_address) is Result.RECORDED
        second = asked(world, "flow-2")
        assert world.receive(raw, to=world.reply_address(), envelope_from=RELAY) is Result.NOT_ADDRESSED
        assert world.request(first).status is Status.RESPONDED
        assert world.request(second).status is Status.PENDING

    @pytest.mark.parametrize(
        "to",
        [
            '"{address}" <friend@example.org>',
            "{address} <friend@example.org>",
            "friend@example.org ({address})",
            "(<{address}>) friend@example.org",
            '"a, <{address}>," <friend@example.org>',
            "friend@example.org <{address}> x",
            "<friend@example.org> {address}",
            "x{address}",
            "{address}.evil.example",
            "=?utf-8?q?a?= {address} <friend@example.org>",
            "Team: {address};",
            "<@evil.example:{address}>",
        ],
    )
    def test_that_only_mentions_the_reply_address_beside_another_decides_nothing(self, to: str) -> None:
        world = World()
        asked(world)
        raw = mail(world, to=to.format(address=world.reply_address()))
        assert world.receive(raw, to=world.reply_address(), envelope_from=RELAY) is Result.NOT_ADDRESSED

    def test_of_an_earlier_round_of_the_same_review_decides_nothing(self) -> None:
        world = World()
        request_id = asked(world)
        old = world.reply_address()
        raw = mail(world, to=old, text="")
        assert world.receive(raw, to=old) is Result.BLANK
        world.pass_time(days=8)
        world.reply("x", to=old)
        world.deliver()
        fresh = world.reply_address()
        assert world.receive(mail(world, to=old), to=fresh, envelope_from=RELAY) is Result.NOT_ADDRESSED
        assert world.request(request_id).status is Status.PENDING


@pytest.mark.parametrize(
    "to",
    [
        "{address}",
        "<{address}>",
        "Nodback <{address}>",
        '"Nodback, by mail" <{address}>',
        "{address} <{address}>",
        "Harbour\r\n Books\r\n <{address}>",
        "Bo <bo@example.com>, {address}, c@example.com",
        "=?utf-8?q?Pr=C3=BCfung?= <{address}>",
        "Nodback (reviews) <{address}>",
    ],
)
def test_the_reply_address_is_found_however_programs_write_it(to: str) -> None:
    for upper in (False, True):
        world = World()
        asked(world)
        address = world.reply_address()
        raw = mail(world, to=to.format(address=address.upper() if upper else address))
        assert world.receive(raw, to=address) is Result.RECORDED


def test_the_reply_address_may_stand_in_cc() -> None:
    world = World()
    asked(world)
    raw = mail(world, to="bo@example.com", more=f"Cc: Nodback <{world.reply_address()}>\r\n")
    assert world.receive(raw, to=world.reply_address()) is Result.RECORDED
    other = World()
    asked(other)
    unsigned = mail(
        other,
        to="bo@example.com",
        more=f"Cc: {other.reply_address()}\r\n",
        signs="from:to:date:message-id",
    )
    assert other.receive(unsigned, to=other.reply_address(), envelope_from=RELAY) is Result.NOT_COVERED


class TestTheDate:
    @pytest.mark.parametrize(
        ("hours", "result"),
        [(-1.1, Result.MISDATED), (-0.9, Result.RECORDED), (25.9, Result.RECORDED), (26.1, Result.MISDATED)],
    )
    def test_lies_between_an_hour_before_the_opening_and_a_day_ahead(self, hours: float, result: Result) -> None:
        world = World()
        request_id = asked(world)
        written_at = world.now + timedelta(hours=hours)
        world.pass_time(hours=2)
        assert world.receive(mail(world, date=format_datetime(written_at)), to=world.reply_address()) is result
        assert (world.request(request_id).status is Status.PENDING) == (result is Result.MISDATED)

    @pytest.mark.parametrize("date", ["yesterday", "Mon, 2 Mar 2026 99:99:99 +0000", "0", "x" * 5_000, "-"])
    def test_that_nobody_can_read_is_none(self, date: str) -> None:
        world = World()
        asked(world)
        assert world.receive(mail(world, date=date), to=world.reply_address()) is Result.MISDATED
        assert "no date that we can read" in confirmation_asked(world)

    @pytest.mark.parametrize("zone", ["-0000", "+0000", "GMT", "+1400 (far east)", "-1200"])
    def test_is_compared_in_its_own_zone(self, zone: str) -> None:
        world = World()
        asked(world)
        written = f"{world.now:%a, %d %b %Y %H:%M:%S} {zone}"
        ahead = zone.startswith("-1200")
        behind = zone.startswith("+1400")
        expected = Result.MISDATED if behind else Result.RECORDED
        assert world.receive(mail(world, date=written), to=world.reply_address()) is expected, (ahead, behind)

    def test_of_a_wrong_clock_is_told_to_the_assignee(self) -> None:
        world = World()
        asked(world)
        date = "Fri, 02 Jan 2015 10:00:00 +0000"
        assert world.receive(mail(world, date=date), to=world.reply_address()) is Result.MISDATED
        text = confirmation_asked(world)
        assert "Friday, 2 January 2015, 10:00 UTC" in text
        assert "clock" in text


class TestTheMessageId:
    def test_that_answered_another_request_is_refused_with_a_letter(self) -> None:
        world = World()
        asked(world, "flow-1")
        first = world.reply_address()
        assert world.receive(mail(world, to=first, text="rejected"), to=first) is Result.RECORDED
        second = asked(world, "flow-2")
        assert world.receive(mail(world), to=world.reply_address()) is Result.REUSED_MESSAGE_ID
        assert world.request(second).status is Status.PENDING
        assert "the same Message-ID" in confirmation_asked(world)

    def test_of_the_same_mail_again_is_a_retry(self) -> None:
        world = World()
        asked(world)
        raw = mail(world)
        assert world.receive(raw, to=world.reply_address()) is Result.RECORDED
        assert world.receive(raw, to=world.reply_address()) is Result.DUPLICATE

    def test_with_other_words_is_refused_with_a_letter(self) -> None:
        world = World()
        request_id = asked(world, free_text="ask")
        address = world.reply_address()
        assert world.receive(mail(world, text="maybe"), to=address) is Result.UNCLEAR
        corrected = mail(world, text="approved")
        assert world.receive(corrected, to=address) is Result.REUSED_MESSAGE_ID
        assert world.request(request_id).status is Status.PENDING
        confirmation_asked(world)
        assert world.receive(corrected, to=address) is Result.DUPLICATE

    def test_with_other_words_after_the_decision_is_told_what_was_recorded(self) -> None:
        world = World()
        asked(world)
        assert world.receive(mail(world), to=world.reply_address()) is Result.RECORDED
        assert world.receive(mail(world, text="rejected"), to=world.reply_address()) is Result.CLOSED

    def test_is_not_used_up_by_a_mail_that_was_not_believed(self) -> None:
        world = World()
        asked(world)
        copy = mail(world, to="friend@example.org")
        assert world.receive(copy, to=world.reply_address(), envelope_from=RELAY) is Result.NOT_ADDRESSED
        assert world.receive(mail(world), to=world.reply_address()) is Result.RECORDED

    def test_may_be_odd(self) -> None:
        world = World()
        asked(world)
        assert world.receive(mail(world, message_id="not even@brackets 7"), to=world.reply_address()) is Result.RECORDED
        asked(world, "flow-2")
        again = mail(world, message_id="not even@brackets 7", text="rejected")
        assert world.receive(again, to=world.reply_address()) is Result.REUSED_MESSAGE_ID


@pytest.mark.parametrize(
    "more",
    [
        "To: friend@example.org\r\n",
        "tO : friend@example.org\r\n",
        "Date: Mon, 02 Mar 2026 09:00:00 +0000\r\n",
        "Message-ID: <second@example.com>\r\n",
        "Cc: a@example.com\r\nCc: b@example.com\r\n",
    ],
)
def test_what_must_be_said_once_is_said_once(more: str) -> None:
    world = World()
    request_id = asked(world)
    assert world.receive(mail(world, more=more), to=world.reply_address()) is Result.AMBIGUOUS_HEADERS
    assert world.request(request_id).status is Status.PENDING
    assert "appears more than once" in confirmation_asked(world)


@pytest.mark.parametrize("missing", ["to", "date", "message_id"])
def test_what_must_be_said_is_said(missing: str) -> None:
    world = World()
    asked(world)
    raw = mail(world, **{missing: ""})
    assert world.receive(raw, to=world.reply_address()) is Result.AMBIGUOUS_HEADERS


class TestAMailToTwoReviews:
    @pytest.mark.parametrize("together", [True, False])
    def test_decides_neither_and_is_asked_back_about_each(self, together: bool) -> None:
        world = World()
        first = asked(world, "flow-1")
        one = world.reply_address()
        second = asked(world, "flow-2")
        other = world.reply_address()
        raw = mail(world, to=f"{one}, {other}")
        for to in ((one, other),) if together else ((one,), (other,)):
            assert world.receive(raw, to=to) is Result.SEVERAL_REVIEWS
        for request_id in (first, second):
            assert world.request(request_id).status is Status.PENDING
            assert world.actions(request_id).count("reply.rejected") == 1
        world.deliver()
        letters = [m for m in world.mailer.sent if "confirm_reply" in m.tags["notification"]]
        assert len(letters) == 2

    def test_one_of_them_in_cc_decides_neither(self) -> None:
        world = World()
        asked(world, "flow-1")
        one = world.reply_address()
        asked(world, "flow-2")
        raw = mail(world, more=f"Cc: {one}\r\n")
        assert world.receive(raw, to=(one, world.reply_address())) is Result.SEVERAL_REVIEWS

    def test_whose_first_address_is_of_no_review_reaches_the_second(self) -> None:
        world = World()
        request_id = asked(world)
        unknown = f"r-c{'a' * 55}@{REPLY_DOMAIN}"
        assert world.receive(mail(world), to=(unknown, world.reply_address())) is Result.RECORDED
        assert world.request(request_id).status is Status.RESPONDED


class TestWhatCoversTheHeaders:
    """Who brings which proof: h= of the signature, whose signature passed, and the SPF result."""

    def result(
        self,
        *,
        signs: str | None = None,
        envelope_from: str = RELAY,
        spf: str = "pass",
        dkim: tuple[tuple[str, str], ...] = (("pass", "example.com"),),
        more: str = "",
        above: str = "",
        without: str = "",
    ) -> Result:
        world = World()
        asked(world)
        raw = above.encode() + mail(world, signs=signs, more=more)
        stored = as_stored(raw, envelope_from=envelope_from, spf=spf, dkim=dkim)
        if without:
            stored = stored.replace(without.encode(), b"X-Nothing:", 1)
        return world.receive_stored(stored, to=world.reply_address())

    @pytest.mark.parametrize(
        "signs",
        [
            "from:to:date:message-id",
            "Message-ID : Date : To : From",
            "from:\r\n  to:\r\n  date:\r\n  message-id",
        ],
    )
    def test_a_signature_over_all_that_is_believed_suffices(self, signs: str) -> None:
        assert self.result(signs=signs) is Result.RECORDED

    @pytest.mark.parametrize("left_out", ["from", "to", "date", "message-id"])
    def test_a_signature_that_leaves_one_out_does_not(self, left_out: str) -> None:
        signs = ":".join({"from", "to", "date", "message-id", "subject"} - {left_out})
        assert self.result(signs=signs) is Result.NOT_COVERED

    def test_microsofts_replies_are_carried_by_an_aligned_spf_pass(self) -> None:
        assert self.result(signs=MICROSOFT_SIGNS, envelope_from=REVIEWER) is Result.RECORDED
        assert self.result(signs=MICROSOFT_SIGNS, envelope_from="b@bounces.example.com") is Result.RECORDED
        assert self.result(signs=MICROSOFT_SIGNS, envelope_from=RELAY) is Result.NOT_COVERED
        assert self.result(signs=MICROSOFT_SIGNS, envelope_from=REVIEWER, spf="fail") is Result.NOT_COVERED
        assert self.result(signs=MICROSOFT_SIGNS, envelope_from="") is Result.AUTOMATIC, "as before"

    def test_a_signature_must_have_passed_and_be_the_senders(self) -> None:
        assert self.result(dkim=(("fail", "example.com"),)) is Result.NOT_COVERED
        assert self.result(dkim=(("pass", "evil.example"),), signs=None) is Result.NOT_COVERED
        assert self.result(dkim=(("pass", "evil.example"), ("pass", "example.com"))) is Result.RECORDED
        assert self.result(dkim=()) is Result.NOT_COVERED
        assert self.result(signs="") is Result.NOT_COVERED

    @pytest.mark.parametrize(
        "domain", ["example.com.evil.example", "notexample.com", "com", "evil.example", "other.org"]
    )
    def test_another_domains_signature_proves_nothing(self, domain: str) -> None:
        assert self.result(above=signature(domain), signs="", dkim=(("pass", domain),)) is Result.NOT_COVERED

    def test_a_signature_of_a_domain_below_or_above_the_senders_is_the_senders(self) -> None:
        signed = signature("mail.example.com")
        assert self.result(above=signed, signs="", dkim=(("pass", "mail.example.com"),)) is Result.RECORDED

    def test_a_forged_signature_beside_the_true_one_adds_nothing(self) -> None:
        for above, dkim in product(
            (signature(), signature(identity="@example.com"), signature("example.com", identity="a@sub.example.com")),
            ((("pass", "example.com"),), (("fail", "example.com"), ("pass", "example.com"))),
        ):
            assert self.result(above=above, signs=MICROSOFT_SIGNS, dkim=dkim) is Result.NOT_COVERED

    @pytest.mark.parametrize(
        "broken",
        [
            "DKIM-Signature: v=1; d=example.com; s=x; b=x\r\n",
            "DKIM-Signature: v=1; d=example.com; d=example.com; h=from:to:date:message-id; s=x; b=x\r\n",
            f"DKIM-Signature: v=1; n={'x' * 5_000}; d=example.com; h=from:to:date:message-id; b=x\r\n",
            "DKIM-Signature: nonsense\r\n",
        ],
    )
    def test_a_signature_that_cannot_be_read_leaves_nothing_covered(self, broken: str) -> None:
        assert self.result(above=broken) is Result.NOT_COVERED

    def test_a_signature_over_a_part_of_the_body_covers_nothing(self) -> None:
        partly = signature().replace(" h=", " l=10; h=")
        assert self.result(above=partly, signs="") is Result.NOT_COVERED

    def test_only_what_ses_itself_wrote_down_is_believed(self) -> None:
        brought = "Authentication-Results: amazonses.com; spf=pass client-ip=1.2.3.4; envelope-from=a@example.com;"
        assert self.result(above=f"{brought}\r\n", signs=MICROSOFT_SIGNS) is Result.NOT_COVERED
        removed = "Authentication-Results: amazonses.com;"
        assert self.result(without=removed, envelope_from=REVIEWER) is Result.NOT_COVERED
        other = "Authentication-Results: mx.example.com; dkim=pass header.i=@example.com\r\n"
        assert self.result(above=other, without=removed) is Result.NOT_COVERED

    @pytest.mark.parametrize(
        "envelope",
        [
            '"a@example.com; dkim=pass header.i=@mail.example.com; x"@evil.example',
            "a; envelope-from=a@example.com; x@evil.example",
            "a dkim=pass header.i=@mail.example.com@evil.example",
            "a(x@evil.example",
        ],
    )
    def test_what_the_sending_server_says_of_itself_cannot_pass_for_a_finding(self, envelope: str) -> None:
        forged = signature("mail.example.com")
        assert self.result(above=forged, signs=MICROSOFT_SIGNS, envelope_from=envelope) is Result.NOT_COVERED

    def test_the_assignee_is_told_and_a_plain_answer_to_that_mail_is_taken(self) -> None:
        world = World()
        request_id = asked(world)
        old = world.reply_address()
        raw = mail(world, signs=MICROSOFT_SIGNS)
        assert world.receive(raw, to=old, envelope_from=RELAY) is Result.NOT_COVERED
        assert "could be a copy" in confirmation_asked(world)
        fresh = world.reply_address()
        assert fresh != old, "within the same hour, too"
        answer = mail(world, signs=MICROSOFT_SIGNS, message_id="<again@example.com>")
        assert world.receive(answer, to=fresh, envelope_from=RELAY) is Result.RECORDED
        decision = world.request(request_id).decision
        assert decision is not None
        assert "confirmed" in decision.identity

    def test_nothing_but_the_proof_is_forgiven_at_the_fresh_address(self) -> None:
        world = World()
        asked(world)
        old = world.reply_address()
        world.receive(mail(world, signs=MICROSOFT_SIGNS), to=old, envelope_from=RELAY)
        world.deliver()
        fresh = world.reply_address()
        for number, (raw, result) in enumerate(
            (
                (mail(world, to=old, message_id="<1@example.com>"), Result.NOT_ADDRESSED),
                (mail(world, to=fresh, date="x", message_id="<2@example.com>"), Result.MISDATED),
                (mail(world, to=fresh, message_id="<3@example.com>", more="To: x@a.b\r\n"), Result.AMBIGUOUS_HEADERS),
                (mail(world, to=f"{fresh}, {old}", message_id="<4@example.com>"), Result.SEVERAL_REVIEWS),
            )
        ):
            assert world.receive(raw, to=fresh, envelope_from=RELAY) is result, number
        unproved = Verdicts(dmarc="FAIL")
        assert world.receive(mail(world, to=fresh), to=fresh, verdicts=unproved) is Result.NOT_AUTHENTICATED
        assert world.reply("approved", to=fresh, sender="mallory@example.net") is Result.OTHER_SENDER

    def test_a_domain_that_proves_nothing_is_still_accepted_where_the_deployment_says_so(self) -> None:
        gray = Verdicts(dmarc="GRAY", spf="GRAY", dkim="GRAY")
        world = World()
        asked(world, sender_check="address")
        copy = mail(world, to="friend@example.org", signs="", message_id="<1@example.com>")
        assert world.receive(copy, to=world.reply_address(), verdicts=gray) is Result.NOT_ADDRESSED
        answer = mail(world, signs="", message_id="<2@example.com>")
        assert world.receive(answer, to=world.reply_address(), verdicts=gray) is Result.RECORDED


def test_a_mail_that_is_refused_and_then_comes_with_its_proof_is_taken() -> None:
    world = World()
    asked(world)
    raw = mail(world, signs=MICROSOFT_SIGNS)
    assert world.receive(raw, to=world.reply_address(), envelope_from=RELAY) is Result.NOT_COVERED
    assert world.receive(raw, to=world.reply_address(), envelope_from=REVIEWER) is Result.RECORDED


def test_every_refusal_has_its_entry_and_its_letter() -> None:
    doubts = [result for result in Result if LETTERS.get(result) == "confirm_reply"]
    assert len(doubts) == 6
    world = World()
    request_id = asked(world)
    assert world.receive(mail(world, to="x@example.org"), to=world.reply_address()) is Result.NOT_ADDRESSED
    entry = world.store.chain(f"request/{request_id}").items[-1]
    assert (entry.action.value, entry.data["check"], entry.data["told"]) == (
        "reply.rejected",
        "not_addressed",
        "confirm_reply",
    )
    world.check_chains()


def test_copies_use_up_nothing_of_what_an_assignee_is_owed() -> None:
    world = World()
    request_id = asked(world)
    address = world.reply_address()
    for number in range(70):
        copy = mail(world, to="friend@example.org", message_id=f"<{number}@example.com>")
        world.receive(copy, to=address, envelope_from=RELAY)
    world.deliver()
    letters = [m.tags["notification"] for m in world.mailer.sent if "confirm_reply" in m.tags["notification"]]
    assert len(letters) == MAX_CONFIRMATIONS
    assert world.reply("", to=address) is Result.BLANK
    world.deliver()
    assert "blank_reply" in world.mailer.sent[-1].tags["notification"]
    for _ in range(70):
        world.reply("approved", to=address, sender="mallory@example.net")
    assert world.reply("approved", to=address) is Result.RECORDED
    assert world.request(request_id).status is Status.RESPONDED


def test_an_earlier_assignee_never_gets_a_fresh_address() -> None:
    world = World()
    deployment = world.deployment(
        escalation={"after_minutes": 5, "to_email": "lead@example.com"},
        rules=[{"name": "r", "match": {"method_name": "*"}, "assign_to_email": REVIEWER}],
    )
    request_id = world.pause(deployment).request.request_id
    world.deliver()
    first = world.reply_address(REVIEWER)
    world.pass_time(minutes=6)
    world.wake(request_id)
    world.deliver()
    raw = mail(world, to="friend@example.org")
    assert world.receive(raw, to=first, verdicts=PASS, envelope_from=RELAY) is Result.REASSIGNED
    world.deliver()
    assert world.mails_to(REVIEWER)[-1]["Reply-To"] is None
