"""`sender_check`: how well a mail must prove its sender, and what the assignee is told when it does not."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from mails.arrived import as_stored, signature
from support.world import PASS, PUBLIC_URL, REVIEWER, World

from nodback_core.domain.deployments.sender_checks import SENDER_CHECKS, SenderCheck
from nodback_core.domain.replies.limits import MAX_STRANGER_NOTICES
from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import Status
from nodback_core.mail.replies.inbound import parse_mail
from nodback_core.mail.replies.sender import Verdicts, check_sender
from nodback_core.usecases.letters.post import Post

EMAIL = (Path(__file__).parents[3] / "docs" / "email.md").read_text(encoding="utf-8")
ALIGNED, OTHER = "example.com", "mailer.example.net"
GRAY = Verdicts(dmarc="GRAY", spf="GRAY", dkim="GRAY", spam="PASS", virus="PASS")


def code_of(sender_check: SenderCheck, verdicts: Verdicts, *, dkim: str = "", spf: str = "") -> str | None:
    """What becomes of a mail of Ana's whose DKIM and SPF passed for these domains."""
    signed = signature(dkim) if dkim else ""
    raw = as_stored(
        f"{signed}From: ana@example.com\r\nTo: r-x@reply.example.com\r\n\r\napproved\r\n".encode(),
        envelope_from=f"bounce@{spf or OTHER}",
        spf=verdicts.spf.lower(),
        dkim=((verdicts.dkim.lower(), dkim or ALIGNED),),
        dmarc=verdicts.dmarc.lower(),
    )
    return check_sender(parse_mail(raw), authorised="ana@example.com", verdicts=verdicts, sender_check=sender_check)


def rows_of_the_table() -> list[tuple[str, ...]]:
    part = EMAIL.split("## Who may answer\n")[1].split("\n## ")[0]
    table = [line for line in part.splitlines() if line.startswith("|")]
    cells = [tuple(re.sub(r"[`*]", "", cell).strip() for cell in line.strip("|").split("|")) for line in table]
    assert cells[0] == ("DMARC", "DKIM", "SPF", "spam, virus", *SENDER_CHECKS)
    return cells[2:]


@pytest.mark.parametrize("row", rows_of_the_table(), ids=" ".join)
def test_the_table_of_the_docs_says_what_each_check_takes(row: tuple[str, ...]) -> None:
    dmarc, dkim, spf, content, *said = row
    domains = {"dkim": "", "spf": ""}
    found = {}
    for name, cell in (("dkim", dkim), ("spf", spf)):
        found[name], _, whose = cell.partition(" for ")
        if found[name] == "PASS":
            domains[name] = {"their domain": ALIGNED, "another domain": OTHER}[whose]
    spam, virus = {"pass": ("PASS", "PASS"), "either FAIL": ("FAIL", "PASS")}[content]
    for one in ((spam, virus), (virus, spam)):
        verdicts = Verdicts(dmarc, found["spf"], found["dkim"], *one)
        taken = ["taken" if code_of(check, verdicts, **domains) is None else "refused" for check in SENDER_CHECKS]  # type: ignore[arg-type]
        assert taken == said


def test_the_table_has_a_row_for_each_difference_between_the_checks() -> None:
    assert {row[-3:] for row in rows_of_the_table()} == {
        ("taken", "taken", "taken"),
        ("refused", "taken", "taken"),
        ("refused", "refused", "taken"),
        ("refused", "refused", "refused"),
    }


@pytest.mark.parametrize(
    ("dmarc", "spf", "dkim", "whose"),
    list(product(("PASS", "GRAY", "FAIL", "PROCESSING_FAILED"), *[("PASS", "GRAY", "FAIL")] * 2, (ALIGNED, OTHER))),
)
def test_a_more_lenient_check_takes_whatever_a_stricter_one_takes(dmarc: str, spf: str, dkim: str, whose: str) -> None:
    verdicts = Verdicts(dmarc, spf, dkim, "PASS", "PASS")
    taken = [code_of(check, verdicts, dkim=whose, spf=whose) is None for check in SENDER_CHECKS]  # type: ignore[arg-type]
    assert taken == sorted(taken)
    assert taken[0] == (dmarc == "PASS")
    assert dmarc != "FAIL" or not any(taken)


def test_authentication_results_that_came_with_the_mail_prove_nothing() -> None:
    raw = as_stored(
        b"Authentication-Results: amazonses.com; spf=pass envelope-from=ana@example.com;"
        b" dmarc=none header.from=example.com;\r\nFrom: ana@example.com\r\n\r\napproved\r\n",
        envelope_from="x@evil.example",
        spf="pass",
        dkim=(),
        dmarc="none",
    )
    verdicts = Verdicts("GRAY", "PASS", "GRAY", "PASS", "PASS")
    verdict = check_sender(parse_mail(raw), authorised="ana@example.com", verdicts=verdicts, sender_check="aligned")
    assert verdict == "not_authenticated"


class WithPages(World):
    """A world whose letters have links to the pages."""

    @property
    def post(self) -> Post:
        post = super().post
        return replace(post, sender=replace(post.sender, public_url=PUBLIC_URL))


def asked(world: World, **settings: object) -> str:
    request_id = world.pause(world.deployment(**settings)).request.request_id
    world.deliver()
    return request_id


def told(world: World) -> str:
    world.deliver()
    letter = world.mails_to(REVIEWER)[-1]
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Reply-To"] is None
    return " ".join(letter.get_body(("plain",)).get_content().split())


class TestAReplyInTheAssigneesName:
    @pytest.mark.parametrize(
        ("verdicts", "result", "why"),
        [
            (GRAY, Result.NOT_AUTHENTICATED, "ask whoever manages this deployment for the setting sender_check"),
            (Verdicts("PASS", "PASS", "PASS", "PASS", "FAIL"), Result.VIRUS, "found a virus in it"),
            (Verdicts("PASS", "PASS", "PASS", "FAIL", "PASS"), Result.SPAM, "took it for spam"),
        ],
    )
    def test_that_is_not_taken_is_told_to_the_assignee_with_the_way_out(
        self, verdicts: Verdicts, result: Result, why: str
    ) -> None:
        world = WithPages()
        request_id = asked(world)
        assert world.reply("approved", to=world.reply_address(), verdicts=verdicts) is result
        text = told(world)
        assert text.startswith("A reply in your name was not taken"), text
        assert why in text
        assert f"Answer in the browser: {PUBLIC_URL}/review/{request_id}" in text
        assert world.request(request_id).status is Status.PENDING
        entry = world.store.chain(f"request/{request_id}").items[3]
        assert (entry.data["check"], entry.data["told"]) == (result.value, "unproven_reply")

    def test_is_told_three_times_at_most(self) -> None:
        world = World()
        asked(world)
        for _ in range(10):
            world.reply("approved", to=world.reply_address(), verdicts=GRAY)
        world.deliver()
        assert len(world.mails_to(REVIEWER)) == 1 + MAX_STRANGER_NOTICES

    def test_is_told_to_nobody_once_the_review_is_closed(self) -> None:
        world = World()
        asked(world)
        address = world.reply_address()
        assert world.reply("approved", to=address) is Result.RECORDED
        world.deliver()
        before = len(world.mailer.sent)
        assert world.reply("rejected", to=address, verdicts=GRAY) is Result.NOT_AUTHENTICATED
        world.deliver()
        assert len(world.mailer.sent) == before

    def test_that_was_taken_for_spam_counts_when_it_comes_again_as_none(self) -> None:
        world = World()
        asked(world)
        address = world.reply_address()
        raw = world.written("approved", to=address)
        spam = Verdicts("PASS", "PASS", "PASS", "FAIL", "PASS")
        assert world.receive(raw, to=address, verdicts=spam) is Result.SPAM
        assert world.receive(raw, to=address, verdicts=spam) is Result.DUPLICATE
        assert world.receive(raw, to=address, verdicts=PASS) is Result.RECORDED


SIGNED = Verdicts("GRAY", "FAIL", "PASS", "PASS", "PASS")


@pytest.mark.parametrize(
    ("sender_check", "result"),
    [("dmarc", Result.NOT_AUTHENTICATED), ("aligned", Result.RECORDED), ("address", Result.RECORDED)],
)
def test_a_signed_reply_of_a_domain_without_dmarc_counts_where_the_deployment_says_so(
    sender_check: str, result: Result
) -> None:
    world = World()
    request_id = asked(world, sender_check=sender_check)
    assert world.reply("approved", to=world.reply_address(), verdicts=SIGNED) is result
    decision = world.request(request_id).decision
    assert (decision is None) == (result is Result.NOT_AUTHENTICATED)
    assert decision is None or "DKIM or SPF" in decision.identity


def test_the_check_is_that_of_the_rule_that_assigned_the_request() -> None:
    world = World()
    rule = {"name": "r", "match": {"method_name": "*"}, "assign_to_email": REVIEWER, "sender_check": "dmarc"}
    asked(world, sender_check="address", rules=[rule])
    assert world.reply("approved", to=world.reply_address(), verdicts=SIGNED) is Result.NOT_AUTHENTICATED


def test_under_aligned_a_copy_needs_the_same_proof_as_under_dmarc() -> None:
    world = World()
    asked(world, sender_check="aligned")
    address = world.reply_address()
    unsigned_to = world.written("approved", to=address).replace(b":to:cc:", b":").replace(b"h=to:", b"h=")
    assert b":to:" not in unsigned_to
    copied = world.receive(unsigned_to, to=address, verdicts=SIGNED, envelope_from="x@evil.example")
    assert copied is Result.NOT_COVERED


class TestAnAliasOrSomebodyWhoStandsIn:
    ALIAS = "r.viewer@alias.example"
    SETTING = ({"address": REVIEWER, "senders": [ALIAS]},)

    def test_answers_as_themselves_and_the_trail_says_for_whom(self) -> None:
        world = World()
        request_id = asked(world, other_senders=self.SETTING)
        assert world.reply("approved", to=world.reply_address(), sender=self.ALIAS) is Result.RECORDED
        decision = world.request(request_id).decision
        assert decision is not None
        assert decision.responder == self.ALIAS
        assert decision.identity.endswith(f"authenticated by DMARC; {self.ALIAS} for {REVIEWER}")
        entry = world.store.chain(f"request/{request_id}").items[-1]
        assert (entry.actor.id, entry.data["answered_for"]) == (self.ALIAS, REVIEWER)
        world.deliver()
        assert [m.to for m in world.mailer.sent] == [REVIEWER] * 2, "the assignee is told, whoever wrote"
        assert self.ALIAS in world.mails_to(REVIEWER)[-1].get_body(("plain",)).get_content()
        world.check_chains()

    def test_must_prove_who_they_are_as_the_assignee_must(self) -> None:
        world = World()
        asked(world, other_senders=self.SETTING)
        address = world.reply_address()
        assert world.reply("approved", to=address, sender=self.ALIAS, verdicts=GRAY) is Result.NOT_AUTHENTICATED
        raw = world.written("approved", to="friend@example.org", sender=self.ALIAS)
        assert world.receive(raw, to=address, sender=self.ALIAS) is Result.NOT_ADDRESSED

    def test_answers_for_nobody_else(self) -> None:
        world = World()
        asked(world, other_senders=[{"address": "somebody@example.com", "senders": [self.ALIAS]}])
        assert world.reply("approved", to=world.reply_address(), sender=self.ALIAS) is Result.OTHER_SENDER

    def test_and_the_assignee_leaves_no_trace_of_another(self) -> None:
        world = World()
        request_id = asked(world, other_senders=self.SETTING)
        assert world.reply("approved", to=world.reply_address()) is Result.RECORDED
        entry = world.store.chain(f"request/{request_id}").items[-1]
        assert "answered_for" not in entry.data


def test_a_sender_whom_nobody_can_name_is_called_so_and_cannot_be_added() -> None:
    world = WithPages()
    request_id = asked(world)
    raw = world.written("approved", to=world.reply_address()).replace(b"To:", b"From: x@evil.example\r\nTo:", 1)
    assert world.receive(raw, to=world.reply_address()) is Result.OTHER_SENDER
    text = told(world)
    assert "A reply to this review came from several senders at once." in text
    assert "That was me" not in text
    assert "several_from" not in text
    assert world.store.chain(f"request/{request_id}").items[3].data["sender"] == "several_from"


def test_an_address_that_wrote_can_be_added_from_the_letter() -> None:
    world = WithPages()
    request_id = asked(world)
    assert world.reply("approved", to=world.reply_address(), sender="me@example.net") is Result.OTHER_SENDER
    assert f"That was me, add this address: {PUBLIC_URL}/review/{request_id}#senders" in told(world)
