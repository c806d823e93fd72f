"""Who answered: only one plain From, the authorised address, and a passed DMARC check."""

import dataclasses

import pytest
from support.world import REVIEWER, World

from nodback_core.mail.replies.inbound import InboundMail, parse_mail
from nodback_core.mail.replies.sender import CHECKS, Verdicts, check_sender
from nodback_core.usecases.letters.writing import SENDERS_IN_WORDS

PASS = Verdicts(dmarc="PASS", spf="PASS", dkim="PASS")
ANA = "ana@example.com"


def mail_from(*from_lines: str) -> InboundMail:
    head = "".join(f"From: {line}\r\n" for line in from_lines)
    return parse_mail(f"{head}To: r-x@reply.example.com\r\nSubject: Re\r\n\r\napproved\r\n".encode())


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("ana@example.com", ""),
        ("Ana@Example.COM", ""),
        ("<ana@example.com>", ""),
        ("Ana Lima <ana@example.com>", "Ana Lima"),
        ('"Lima, Ana" <ana@example.com>', "Lima, Ana"),
        ("Ana J. Lima <ana@example.com>", "Ana J. Lima"),
        ("=?utf-8?q?Ana_L=C3=ADma?= <ana@example.com>", "Ana Líma"),
        ("=?utf-8?b?QW5hIExpbWE=?=\r\n <ana@example.com>", "Ana Lima"),
        ("Ana Líma <ana@example.com>", "Ana Líma"),
        ('"boss@corp.com" <ana@example.com>', "boss@corp.com"),
        ('"Ana (Content)" <ana@example.com>', "Ana (Content)"),
        ("  Ana   Lima\t<ana@example.com>  ", "Ana Lima"),
    ],
)
def test_one_plain_sender_is_accepted(line: str, name: str) -> None:
    mail = mail_from(line)

    assert check_sender(mail, authorised=ANA, verdicts=PASS) is None
    assert mail.sender_name == name


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((), "no_from"),
        (("",), "no_from"),
        ((ANA, ANA), "several_from"),
        ((ANA, "evil@x.com"), "several_from"),
        (("evil@x.com", ANA), "several_from"),
        ((f"{ANA}, evil@x.com",), "group_or_list"),
        ((f"evil@x.com,{ANA}",), "group_or_list"),
        ((f"Friends: {ANA};",), "group_or_list"),
        (("undisclosed-recipients:;",), "group_or_list"),
        ((f"Lima, Ana <{ANA}>",), "group_or_list"),
        ((f"{ANA} <evil@x.com>",), "from_defect"),
        ((f"<{ANA}> <evil@x.com>",), "from_defect"),
        ((f"Ana <{ANA}> evil@x.com",), "from_defect"),
        ((f"{ANA} (Ana)",), "from_defect"),
        ((f"({ANA}) evil@x.com",), "from_defect"),
        ((f"Ana <{ANA}>(comment)",), "from_defect"),
        ((f'"Ana <{ANA}>',), "from_defect"),
        (('"ana"@example.com',), "from_defect"),
        (("ana@example.com@evil.com",), "from_defect"),
        (("ana @example.com",), "from_defect"),
        (("Ana",), "from_defect"),
        (("ana\x00@example.com",), "from_defect"),
        ((f"{'a' * 2000} <{ANA}>",), "from_defect"),
        (("ana@exämple.com",), "from_defect"),
        (("bo@example.com",), "other_sender"),
        (("ana+work@example.com",), "other_sender"),
        (("ana@mail.example.com",), "other_sender"),
        (("ana@example.com.evil.com",), "other_sender"),
        ((f'"{ANA}" <evil@x.com>',), "other_sender"),
        ((f'"Ana <{ANA}>" <evil@x.com>',), "other_sender"),
    ],
)
def test_each_doubt_about_the_sender_has_its_code(lines: tuple[str, ...], code: str) -> None:
    verdict = check_sender(mail_from(*lines), authorised=ANA, verdicts=PASS)

    assert verdict == code


@pytest.mark.parametrize(
    "raw",
    [
        b"From: ana@example.com\r\nfrom : evil@x.com\r\n\r\n",
        b"From: ana@example.com\rFrom: evil@x.com\r\n\r\n",
        b"FROM: evil@x.com\nFrom: ana@example.com\n\n",
    ],
)
def test_a_second_from_cannot_be_hidden(raw: bytes) -> None:
    assert check_sender(parse_mail(raw), authorised=ANA, verdicts=PASS) == "several_from"


def test_a_line_among_the_headers_that_is_none_is_a_defect() -> None:
    mail = parse_mail(b"From: ana@example.com\nthis is no header\nFrom: evil@x.com\n\napproved")

    assert check_sender(mail, authorised=ANA, verdicts=PASS) == "from_defect"


def test_a_from_in_the_body_is_text() -> None:
    assert mail_from(ANA).sender == ANA
    assert parse_mail(b"Subject: x\n\nFrom: ana@example.com\n").sender_problem == "no_from"


@pytest.mark.parametrize("dmarc", ["FAIL", "GRAY", "PROCESSING_FAILED", "", "pass?"])
def test_only_a_passed_dmarc_check_authenticates(dmarc: str) -> None:
    verdict = check_sender(
        mail_from(ANA),
        authorised=ANA,
        verdicts=Verdicts(dmarc=dmarc, spf="PASS", dkim="PASS", spam="PASS", virus="PASS"),
    )
    assert verdict == "not_authenticated"


def test_a_deployment_may_allow_domains_without_dmarc_but_never_a_failure() -> None:
    def verdict(dmarc: str) -> str | None:
        verdicts = Verdicts(dmarc=dmarc)
        return check_sender(mail_from(ANA), authorised=ANA, verdicts=verdicts, sender_check="address")

    assert verdict("GRAY") is None
    assert verdict("FAIL") == "not_authenticated"
    assert verdict("PROCESSING_FAILED") == "not_authenticated"
    assert verdict("") == "not_authenticated"


def test_another_sender_is_named_before_what_is_not_authenticated() -> None:
    verdict = check_sender(mail_from("bo@x.org"), authorised=ANA, verdicts=Verdicts(dmarc="FAIL"))

    assert verdict == "other_sender"


def test_a_record_without_an_address_authorises_nobody() -> None:
    assert check_sender(mail_from(ANA), authorised="", verdicts=PASS) == "other_sender"


def test_verdicts_are_read_from_an_ses_receipt() -> None:
    receipt = {
        "dmarcVerdict": {"status": "PASS"},
        "spfVerdict": {"status": "gray"},
        "dkimVerdict": {},
        "spamVerdict": None,
        "recipients": ["x"],
    }
    assert Verdicts.of_receipt(receipt) == Verdicts(dmarc="PASS", spf="GRAY")
    assert Verdicts.of_receipt({}) == Verdicts()


def test_the_codes_are_stable_and_in_order() -> None:
    assert [code for code, _ in CHECKS] == [
        "no_from",
        "several_from",
        "group_or_list",
        "from_defect",
        "other_sender",
        "not_authenticated",
        "virus",
        "spam",
    ]


def test_the_sender_and_its_problem_exclude_each_other() -> None:
    for lines in ((ANA,), (), (ANA, ANA), ("x",)):
        mail = mail_from(*lines)
        assert (mail.sender is None) != (mail.sender_problem is None)
    assert dataclasses.is_dataclass(mail)


@pytest.mark.parametrize("name", ["Ana (Example Corp)", "(Example Corp) Ana", "Ana () Lima"])
def test_a_comment_in_a_name_is_legal(name: str) -> None:
    mail = parse_mail(f"From: {name} <{ANA}>\r\n\r\napproved\r\n".encode())
    assert mail.sender == ANA
    assert check_sender(mail, authorised=ANA, verdicts=PASS) is None


@pytest.mark.parametrize("name", [f"({ANA})", "(a <b@example.com>)", "((a))", "(a", '"a" (b)'])
def test_no_other_comment_is(name: str) -> None:
    mail = parse_mail(f"From: Bo {name} <evil@example.net>\r\n\r\napproved\r\n".encode())
    assert mail.sender is None


def test_the_letter_about_a_wrong_sender_says_in_words_what_is_wrong_with_from() -> None:
    assert set(SENDERS_IN_WORDS) == {"no_from", "several_from", "group_or_list", "from_defect"}
    world = World()
    world.pause(world.deployment())
    world.deliver()
    to = world.reply_address()
    world.receive(world.written("approved", to=to).replace(b"From: ", b"From: boss@example.com, "), to=to)
    world.deliver()
    body = world.mails_to(REVIEWER)[-1].get_body(("plain",))
    assert body is not None
    assert "came from a list of senders" in " ".join(body.get_content().split())
