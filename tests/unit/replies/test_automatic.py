"""Absence notes, bounces and receipts are recognised, and people's mail is not taken for them."""

import pytest

from nodback_core.mail.replies.inbound import parse_mail


def reason(*head: str, subject: str = "Re: Review needed") -> str | None:
    lines = ["From: ana@example.com", f"Subject: {subject}", *head]
    return parse_mail(("\r\n".join(lines) + "\r\n\r\ntext\r\n").encode()).automatic


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Return-Path: <>", "null_return_path"),
        ("Auto-Submitted: auto-replied", "auto_submitted"),
        ("Auto-Submitted: auto-generated (rejected)", "auto_submitted"),
        ("auto-submitted: AUTO-NOTIFIED; owner-email=x@y.z", "auto_submitted"),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=b", "report"),
        ("Content-Type: multipart/report; report-type=disposition-notification; boundary=b", "report"),
        ("Precedence: bulk", "precedence"),
        ("Precedence: auto_reply", "precedence"),
        ("Precedence: junk", "precedence"),
        ("X-Autoreply: yes", "auto_reply_header"),
        ("X-Autorespond: out", "auto_reply_header"),
        ("X-POST-MessageClass: 9; Autoresponder", "auto_reply_header"),
        ("X-FC-MachineGenerated: true", "auto_reply_header"),
        ("X-MS-Exchange-Inbox-Rules-Loop: ana@example.com", "auto_reply_header"),
        ("X-Failed-Recipients: x@y.z", "auto_reply_header"),
    ],
)
def test_a_machine_is_recognised_by_its_headers(header: str, expected: str) -> None:
    assert reason(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        "X-Auto-Response-Suppress: All",
        "Auto-Submitted: no",
        "Auto-Submitted: No (really)",
        "Auto-Submitted:",
        "Precedence: list",
        "Return-Path: <ana@example.com>",
        "Content-Type: multipart/alternative; boundary=b",
        "List-Id: <team.example.com>",
    ],
)
def test_mail_of_people_is_not_automatic(header: str) -> None:
    assert reason(header) is None


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Review needed",
        "Automatische Antwort: Review",
        "Réponse automatique : Review",
        "自動応答: Review",
        "=?utf-8?q?Respuesta_autom=C3=A1tica=3A_Review?=",
        "Out of Office: Review",
        "Undeliverable: Review needed",
    ],
)
def test_an_old_absence_note_is_recognised_by_its_subject(subject: str) -> None:
    assert reason(subject=subject) == "subject"


@pytest.mark.parametrize("subject", ["Re: Automatic reply: texts", "AW: Abwesend: neue Seite", "Re: failure notice"])
def test_an_answer_about_such_a_subject_is_not_automatic(subject: str) -> None:
    assert reason(subject=subject) is None


def test_a_mail_of_the_mailer_daemon_is_automatic() -> None:
    assert parse_mail(b"From: MAILER-DAEMON@mx.example.com\n\nfailed").automatic == "mailer_daemon"
