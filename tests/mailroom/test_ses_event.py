"""The receipt event is the one that AWS documents for the Lambda action of SES inbound."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mails.arrived import MICROSOFT_SIGNS, signature

from infra.local.mailroom.addresses import split_addresses
from infra.local.mailroom.handling import Verdicts
from infra.local.mailroom.raw_headers import split_mail
from infra.local.mailroom.ses_event import Receipt, receipt_event, ses_message_id, with_ses_headers
from nodback_core.mail.replies.headers import read_headers
from nodback_core.mail.replies.proof import read_proof

DOCUMENTED: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "events" / "ses-inbound.json").read_text(encoding="utf-8")
)
SES = DOCUMENTED["Records"][0]["ses"]
RECEIPT = Receipt(
    ses_message_id=SES["mail"]["messageId"],
    envelope_from=SES["mail"]["source"],
    recipients=("r-ab3@reply.nodback.test",),
    received_at=datetime(2026, 11, 22, 10, 15, 2, 28_000, tzinfo=UTC),
    verdicts=Verdicts(),
)
ARN = SES["receipt"]["action"]["functionArn"]


def documented_mail() -> bytes:
    head = "".join(f"{field['name']}: {field['value']}\r\n" for field in SES["mail"]["headers"])
    return head.encode() + b"\r\nApproved\r\n"


def test_the_mail_of_the_documented_event_makes_that_very_event() -> None:
    event = receipt_event(stored=documented_mail(), receipt=RECEIPT, function_arn=ARN, processing_millis=1205)

    assert event == DOCUMENTED


def test_the_event_never_holds_the_body() -> None:
    event = receipt_event(stored=documented_mail(), receipt=RECEIPT, function_arn=ARN)

    assert "Approved" not in json.dumps(event)


def test_a_failed_dmarc_check_tells_the_policy_of_the_domain_and_a_passed_one_does_not() -> None:
    failed = replace(RECEIPT, verdicts=Verdicts(dmarc="FAIL", dmarc_policy="quarantine"))

    receipt = receipt_event(stored=documented_mail(), receipt=failed, function_arn=ARN)["Records"][0]["ses"]["receipt"]

    assert receipt["dmarcVerdict"] == {"status": "FAIL"}
    assert receipt["dmarcPolicy"] == "quarantine"
    assert "dmarcPolicy" not in SES["receipt"]


def test_headers_beyond_ten_kilobytes_are_cut_and_said_to_be() -> None:
    long = b"".join(b"X-Long-%d: %s\r\n" % (number, b"x" * 500) for number in range(40))

    mail = receipt_event(stored=long + documented_mail(), receipt=RECEIPT, function_arn=ARN)["Records"][0]["ses"][
        "mail"
    ]

    assert mail["headersTruncated"] is True
    assert sum(len(field["name"]) + len(field["value"]) for field in mail["headers"]) < 10 * 1024
    assert mail["commonHeaders"]["subject"] == "Re: Review needed: launch text"


def test_recipients_are_the_envelope_and_destination_is_what_the_headers_say() -> None:
    raw = b"To: List <list@example.com>\r\nCc: r-ab3@reply.nodback.test\r\n\r\nhi"

    ses = receipt_event(stored=raw, receipt=RECEIPT, function_arn=ARN)["Records"][0]["ses"]

    assert ses["mail"]["destination"] == ["list@example.com", "r-ab3@reply.nodback.test"]
    assert ses["receipt"]["recipients"] == ["r-ab3@reply.nodback.test"]


def test_folded_and_encoded_headers_are_unfolded_and_common_ones_are_read() -> None:
    raw = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n aus =?utf-8?q?K=C3=B6ln?=\r\n\r\n"

    mail = receipt_event(stored=raw, receipt=RECEIPT, function_arn=ARN)["Records"][0]["ses"]["mail"]

    assert mail["headers"] == [{"name": "Subject", "value": "=?utf-8?q?Gr=C3=BC=C3=9Fe?= aus =?utf-8?q?K=C3=B6ln?="}]
    assert mail["commonHeaders"]["subject"] == "Grüße aus Köln"


def test_ses_puts_its_own_headers_before_the_mail_and_leaves_the_rest_as_it_was() -> None:
    raw = b"From: Maria <maria@example.com>\r\nSubject: x\r\n\r\n8 bit: \xff\r\n"

    stored = with_ses_headers(raw, replace(RECEIPT, verdicts=Verdicts(dmarc="GRAY", virus="FAIL")))

    assert stored.endswith(raw)
    names = [name for name, _ in split_mail(stored).named()]
    assert names[:4] == ["Return-Path", "Received", "X-SES-Spam-Verdict", "X-SES-Virus-Verdict"]
    assert split_mail(stored).values("X-SES-Virus-Verdict") == ["FAIL"]
    assert "dmarc=gray header.from=example.com" in split_mail(stored).values("Authentication-Results")[0]


@pytest.mark.parametrize(
    ("signed", "envelope_from", "vouches"),
    [
        (signature(), "maria@example.com", "dkim"),
        (signature(), "relay@evil.example", "dkim"),
        (signature(signs=MICROSOFT_SIGNS), "maria@example.com", "spf"),
        (signature(signs=MICROSOFT_SIGNS), "relay@evil.example", None),
        (signature("evil.example"), "relay@evil.example", None),
        ("", "maria@example.com", "spf"),
    ],
)
def test_the_service_finds_in_it_what_vouches_for_a_mail(signed: str, envelope_from: str, vouches: str | None) -> None:
    raw = f"{signed}From: Maria <maria@example.com>\r\nTo: x@y.zz\r\n\r\nhi\r\n".encode()

    stored = with_ses_headers(raw, replace(RECEIPT, envelope_from=envelope_from))

    proof = read_proof(read_headers(stored)[0], "example.com")
    assert proof.covering(frozenset({"from", "to", "date", "message-id"})) == vouches


def test_message_ids_look_like_those_of_ses_and_differ() -> None:
    first, second = ses_message_id(b"\x01" * 25), ses_message_id(b"\x02" * 25)

    assert re.fullmatch("[0-9a-v]{40}", first)
    assert first != second


def test_an_address_list_is_split_at_its_commas_only() -> None:
    assert split_addresses('"Doe, John" <j@x.org>, (a, b) k@x.org,, boss@corp.com <evil@x.com>') == [
        '"Doe, John" <j@x.org>',
        "(a, b) k@x.org",
        "boss@corp.com <evil@x.com>",
    ]
