"""What a mail is besides a message: reactions, calendar answers, sealed mail, and programs that pack it oddly."""

import pytest
from support.world import REVIEWER, World

from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import Status
from nodback_core.mail.replies.inbound import parse_mail
from nodback_core.mail.replies.mime import Form

REACTION = """\
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

👍

Dana Lima reacted via Gmail

--b
Content-Type: text/vnd.google.email-reaction+json; charset=utf-8

{"emoji": "👍", "version": 1}
--b
Content-Type: text/html; charset=utf-8

<div><p>👍</p><p>Dana Lima reacted via <a href="https://www.google.com/gmail">Gmail</a></p></div>
--b--
"""
CALENDAR = """\
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

approved
--b
Content-Type: text/calendar; charset=utf-8; method=REPLY

BEGIN:VCALENDAR
END:VCALENDAR
--b--
"""
SMIME = """\
Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m
Content-Transfer-Encoding: base64

MIAGCSqGSIb3DQEHA6CAMIACAQAxggHFMIIBwQ==
"""
PGP_MIME = """\
Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b

--b
Content-Type: application/pgp-encrypted

Version: 1
--b
Content-Type: application/octet-stream; name=encrypted.asc

-----BEGIN PGP MESSAGE-----
hQEMA
-----END PGP MESSAGE-----
--b--
"""
PGP_INLINE = "Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n"
TNEF = """\
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain


--b
Content-Type: application/ms-tnef; name=winmail.dat
Content-Transfer-Encoding: base64

eJ8+IgYAAQ==
--b--
"""
CLEARSIGNED = """\
Content-Type: text/plain

-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

approved
- - please charge it to cost centre 4711
-----BEGIN PGP SIGNATURE-----

iQEzBAEBCgAdFiEE
-----END PGP SIGNATURE-----
"""


def answered(part: str, **settings: object) -> tuple[World, Result]:
    """A review that is answered with a mail whose MIME headers and body are given."""
    world = World()
    world.pause(world.deployment(**settings))
    world.deliver()
    to = world.reply_address()
    head = world.written("", to=to).decode().split("\r\n\r\n")[0]
    result = world.receive(f"{head}\r\nMIME-Version: 1.0\r\n{part.replace(chr(10), chr(13) + chr(10))}".encode(), to=to)
    world.deliver()
    return world, result


def letter(world: World) -> str:
    body = world.mails_to(REVIEWER)[-1].get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


@pytest.mark.parametrize("part", [REACTION, CALENDAR])
@pytest.mark.parametrize("free_text", ["pass", "ask"])
def test_a_click_on_an_emoji_or_in_a_calendar_is_no_answer(part: str, free_text: str) -> None:
    world, result = answered(part, free_text=free_text)
    assert result is Result.UNCLEAR
    assert "We cannot tell from it which answer you mean" in letter(world)


@pytest.mark.parametrize(
    "text",
    [
        "Dana Lima reacted to your message:\n\n👍",
        "I am out of the office until Monday. Please ask Bo.",
        "Hello,\n\nThank you for your mail. I am currently on vacation with limited access to email.",
        "##- Please type your reply above this line -##\n\nYour request has been received.",
        "Dear Nodback,\nwe have received your request. Your ticket number is 4711.",
        "Ich bin bis zum 3. Dezember nicht im Büro.",
        "Dana Lima has accepted this invitation.",
    ],
)
@pytest.mark.parametrize("free_text", ["pass", "ask"])
def test_the_words_of_a_machine_are_asked_back(text: str, free_text: str) -> None:
    world, result = answered(f"Content-Type: text/plain; charset=utf-8\n\n{text}\n", free_text=free_text)
    assert result is Result.UNCLEAR
    assert all(request.status is Status.PENDING for request in requests(world))


def test_a_person_may_say_that_they_are_away() -> None:
    _, result = answered("Content-Type: text/plain\n\nApproved.\nI am out of the office from Monday on.\n")
    assert result is Result.RECORDED


def requests(world: World) -> list[object]:
    from nodback_core.domain.reviews.requests import Request

    return [row for row in world.store.rows.values() if isinstance(row, Request)]


@pytest.mark.parametrize("part", [SMIME, PGP_MIME, PGP_INLINE, TNEF])
def test_what_we_cannot_open_is_said_to_be_so(part: str) -> None:
    world, result = answered(part)
    assert result is Result.UNREADABLE
    assert "in a format that we cannot read" in letter(world)


def test_a_clearsigned_mail_is_read() -> None:
    mail = parse_mail(CLEARSIGNED.encode())
    assert mail.text.strip() == "approved\n- please charge it to cost centre 4711"
    assert answered(CLEARSIGNED)[1] is Result.RECORDED


def test_tnef_beside_a_text_hides_nothing() -> None:
    assert parse_mail(TNEF.replace("text/plain\n\n", "text/plain\n\napproved").encode()).form is Form.MESSAGE


def test_a_named_text_is_the_message_when_it_comes_first() -> None:
    named = 'Content-Type: text/plain; name="Part 1.txt"\n\napproved\n'
    assert parse_mail(named.encode()).text == "approved\n"
    behind = f"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n\n--b\n{named}--b--\n"
    assert parse_mail(behind.encode()).text.strip() == ""


@pytest.mark.parametrize(
    "pointer",
    ["This message is in HTML.", "Your email client does not support HTML.", "This is an HTML email"],
)
def test_a_text_that_only_points_at_the_html_does_not_hide_it(pointer: str) -> None:
    raw = (
        f"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n{pointer}\n"
        "--b\nContent-Type: text/html\n\n<p>needs revision</p>\n--b--\n"
    )
    assert parse_mail(raw.encode()).text == "needs revision"


def test_mails_that_ask_decline_outlooks_reactions_and_others_need_not() -> None:
    world = World()
    world.pause(world.deployment())
    world.deliver()
    assert world.mails_to(REVIEWER)[-1]["X-MS-Reactions"] == "disallow"
    world.reply("approved", to=world.reply_address())
    world.deliver()
    assert world.mails_to(REVIEWER)[-1]["X-MS-Reactions"] is None
