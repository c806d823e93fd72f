"""Mail that comes in over real SMTP on loopback: kept for people, handed to the service as SES would."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local.mailroom import Handling, Mailroom, Verdicts, open_mailroom
from infra.local.mailroom.raw_headers import split_mail
from infra.local.mailroom.sending import MailRefused

from .conftest import REPLY_ADDRESS, RecordingService, notification

ANSWER = (
    f"From: Maria <maria@example.com>\r\nTo: {REPLY_ADDRESS}\r\nSubject: Re: Review: launch\r\n"
    "Message-ID: <a1@example.com>\r\nIn-Reply-To: <n1@email.amazonses.com>\r\n\r\nApproved\r\n"
)


def deliver(mailroom: Mailroom, raw: str | bytes, to: str, sender: str = "maria@example.com") -> None:
    with smtplib.SMTP("127.0.0.1", mailroom.smtp_port) as connection:
        connection.sendmail(sender, [to], raw)


def test_a_mail_to_a_person_is_kept_and_nothing_reaches_the_service(
    mailroom: Mailroom, service: RecordingService
) -> None:
    deliver(mailroom, notification(), "maria@example.com", sender="nodback@nodback.test")

    mail = mailroom.wait_for(to="Maria@example.com", subject_contains="launch", timeout=5)

    assert (mail.number, mail.direction, mail.answer_address) == (1, "to_person", REPLY_ADDRESS)
    assert mailroom.text_of(mail).startswith("Please review.")
    assert service.events == []


def test_a_mail_to_the_inbound_domain_is_stored_and_announced_as_ses_does(
    mailroom: Mailroom, service: RecordingService
) -> None:
    deliver(mailroom, ANSWER, REPLY_ADDRESS)

    [event] = service.wait_for_events(1)
    ses = event["Records"][0]["ses"]

    assert ses["receipt"]["recipients"] == [REPLY_ADDRESS]
    assert ses["receipt"]["dmarcVerdict"] == {"status": "PASS"}
    assert ses["receipt"]["action"]["functionArn"] == service.function_arn
    assert service.objects["inbound/" + ses["mail"]["messageId"]].endswith(ANSWER.encode())


def test_verdicts_of_control_headers_reach_the_event_and_the_headers_reach_nobody(
    mailroom: Mailroom, service: RecordingService
) -> None:
    control = "X-Mailroom-Verdict-DMARC: fail\r\nx-mailroom-verdict-spam: GRAY\r\nX-Mailroom-Dmarc-Policy: none\r\n"

    deliver(mailroom, control + ANSWER, REPLY_ADDRESS)

    [event] = service.wait_for_events(1)
    receipt = event["Records"][0]["ses"]["receipt"]
    assert (receipt["dmarcVerdict"], receipt["spamVerdict"]) == ({"status": "FAIL"}, {"status": "GRAY"})
    assert receipt["dmarcPolicy"] == "none"
    assert b"mailroom" not in next(iter(service.objects.values())).lower().replace(b"set in the mailroom", b"")
    assert mailroom.mailbox.raw(1) == ANSWER.encode()


def test_a_verdict_that_ses_does_not_know_is_refused_with_its_name(mailroom: Mailroom) -> None:
    with pytest.raises(smtplib.SMTPDataError, match="verdict-dmarc"):
        deliver(mailroom, "X-Mailroom-Verdict-DMARC: perhaps\r\n" + ANSWER, REPLY_ADDRESS)

    assert mailroom.mailbox.all() == []


def test_duplicates_are_further_deliveries_of_the_same_mail_with_ids_of_their_own(
    mailroom: Mailroom, service: RecordingService
) -> None:
    deliver(mailroom, "X-Mailroom-Duplicates: 2\r\n" + ANSWER, REPLY_ADDRESS)

    events = service.wait_for_events(3)

    assert len({event["Records"][0]["ses"]["mail"]["messageId"] for event in events}) == 3
    assert len(service.objects) == 3


def test_the_same_event_again_is_what_a_repeated_invoke_is(mailroom: Mailroom, service: RecordingService) -> None:
    deliver(mailroom, "X-Mailroom-Duplicates: 1\r\nX-Mailroom-Same-Event: yes\r\n" + ANSWER, REPLY_ADDRESS)

    first, second = service.wait_for_events(2)

    assert first == second
    assert len(service.objects) == 1


def test_a_delayed_mail_is_overtaken_by_one_sent_later(mailroom: Mailroom, service: RecordingService) -> None:
    deliver(mailroom, "X-Mailroom-Delay: 0.5\r\n" + ANSWER.replace("a1@", "slow@"), REPLY_ADDRESS)
    deliver(mailroom, ANSWER.replace("a1@", "fast@"), REPLY_ADDRESS)

    events = service.wait_for_events(2)

    order = [event["Records"][0]["ses"]["mail"]["commonHeaders"]["messageId"] for event in events]
    assert order == ["<fast@example.com>", "<slow@example.com>"]


def test_a_service_that_is_down_for_a_moment_loses_no_mail(
    mailroom: Mailroom, service: RecordingService, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    service.refusals_left = 1

    deliver(mailroom, ANSWER, REPLY_ADDRESS)

    service.wait_for_events(1)
    eventually(lambda: mailroom.mailbox.get(1).hand_overs[0].status == "handed_over")
    assert mailroom.mailbox.get(1).hand_overs[0].tries == 1


def test_a_mail_in_ascii_str_as_the_emulator_relays_it_is_taken(mailroom: Mailroom) -> None:
    deliver(mailroom, notification().decode("ascii").replace("\r\n", "\n"), "maria@example.com")

    assert mailroom.wait_for(to="maria@example.com", timeout=5).subject == "Review: launch"


def test_a_bounce_with_the_null_sender_and_an_8_bit_mail_are_taken(
    mailroom: Mailroom, service: RecordingService
) -> None:
    raw = f"From: MAILER-DAEMON@example.com\r\nTo: {REPLY_ADDRESS}\r\n\r\nZustellung unmöglich\r\n".encode()

    mail = mailroom.send(raw, "", [REPLY_ADDRESS])

    assert mail.envelope_from == ""
    [event] = service.wait_for_events(1)
    assert event["Records"][0]["ses"]["mail"]["source"] == ""
    assert split_mail(next(iter(service.objects.values()))).values("Return-Path") == ["<>"]


def test_a_mail_beyond_forty_megabytes_is_refused(mailroom: Mailroom) -> None:
    with pytest.raises((smtplib.SMTPSenderRefused, smtplib.SMTPDataError)):
        deliver(mailroom, b"Subject: big\r\n\r\n" + (b"x" * 998 + b"\r\n") * 42_000, "maria@example.com")


def test_mails_and_their_order_survive_a_restart_and_waiting_ones_are_carried_on(
    tmp_path: Path, service: RecordingService
) -> None:
    folder = tmp_path / "mail"
    with open_mailroom(folder, 0, 0, service) as before:
        deliver(before, notification(), "maria@example.com")
        deliver(before, "X-Mailroom-Delay: 0.8\r\n" + ANSWER, REPLY_ADDRESS)
        kept = before.mailbox.all()
    assert service.events == []

    with open_mailroom(folder, 0, 0, service) as after:
        assert after.mailbox.all() == kept
        service.wait_for_events(1)
        deliver(after, notification(message_id="<n2@email.amazonses.com>"), "maria@example.com")
        assert [mail.number for mail in after.mailbox.all()] == [1, 2, 3]


def test_a_torn_last_line_of_the_index_costs_only_that_line(tmp_path: Path, service: RecordingService) -> None:
    folder = tmp_path / "mail"
    with open_mailroom(folder, 0, 0, service) as before:
        deliver(before, notification(), "maria@example.com")
    with (folder / "index.jsonl").open("a") as index:
        index.write('{"number": 2, "dire')

    with open_mailroom(folder, 0, 0, service) as after:
        assert [mail.subject for mail in after.mailbox.all()] == ["Review: launch"]


def test_waiting_for_a_mail_that_does_not_come_says_what_came(mailroom: Mailroom) -> None:
    deliver(mailroom, notification(), "maria@example.com")

    with pytest.raises(TimeoutError, match=r"no mail to otto@example\.com .* came .*Review: launch"):
        mailroom.wait_for(to="otto@example.com", timeout=0.05)


def test_waiting_after_a_mail_skips_it(mailroom: Mailroom) -> None:
    deliver(mailroom, notification(), "maria@example.com")
    first = mailroom.wait_for(to="maria@example.com", timeout=5)
    deliver(mailroom, notification(message_id="<n2@x>"), "maria@example.com")

    assert mailroom.wait_for(to="maria@example.com", after=first.number, timeout=5).message_id == "<n2@x>"


def test_a_reply_goes_over_smtp_to_the_reply_address_with_its_handling(
    mailroom: Mailroom, service: RecordingService
) -> None:
    deliver(mailroom, notification(), "maria@example.com")
    mail = mailroom.wait_for(to="maria@example.com", timeout=5)

    answer = mailroom.reply(mail, "Approved", handling=Handling(Verdicts(dmarc="GRAY")))

    assert (answer.direction, answer.recipients) == ("to_service", (REPLY_ADDRESS,))
    assert answer.in_reply_to == ("<n1@email.amazonses.com>",)
    [event] = service.wait_for_events(1)
    assert event["Records"][0]["ses"]["receipt"]["dmarcVerdict"] == {"status": "GRAY"}


def test_what_the_server_refuses_is_an_error_that_carries_its_answer(mailroom: Mailroom) -> None:
    with pytest.raises(MailRefused, match=r"554 .*delay"):
        mailroom.send(b"X-Mailroom-Delay: soon\r\n\r\n", "maria@example.com", ["otto@example.com"])
