"""What SES inbound makes of a received mail: the headers it adds and the receipt event it hands to a Lambda function.

The shape follows "Event records provided by the Lambda action" and "Contents of notifications for Amazon SES email
receiving" of the Amazon SES developer guide.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import format_datetime
from typing import Any, Final

from infra.local.mailroom.addresses import read_addresses, split_addresses
from infra.local.mailroom.handling import CHECKS, Verdicts
from infra.local.mailroom.raw_headers import RawMail, split_mail

MAX_EVENT_HEADER_BYTES: Final = 10 * 1024
"""Beyond this SES cuts the headers of the event and says so in `headersTruncated`."""

_SIGNER: Final = re.compile(r"(?:^|;)\s*d=\s*([A-Za-z0-9.-]+)")
_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuv"


@dataclass(frozen=True)
class Receipt:
    """One acceptance of one mail by SES inbound."""

    ses_message_id: str
    envelope_from: str
    recipients: tuple[str, ...]
    received_at: datetime
    verdicts: Verdicts
    region: str = "us-east-1"


def ses_message_id(entropy: bytes) -> str:
    """An inbound message id as SES writes them: 40 characters of [0-9a-v] out of 25 random bytes."""
    number = int.from_bytes(entropy[:25], "big")
    return "".join(_ALPHABET[(number >> (5 * position)) & 31] for position in range(40))


def with_ses_headers(raw: bytes, receipt: Receipt) -> bytes:
    """The mail as SES stores it: its own trace and verdict headers come first, the rest is untouched."""
    verdicts = receipt.verdicts
    domain = receipt.envelope_from.rpartition("@")[2] or "unknown.invalid"
    mail = split_mail(raw)
    header_from = _domain_of(mail.values("From"))
    signers = [found[1] for value in mail.values("DKIM-Signature") if (found := _SIGNER.search(value))]
    dkim = "".join(
        f"\r\n dkim={verdicts.dkim.lower()} header.i=@{domain};" for domain in dict.fromkeys(signers or [header_from])
    )
    spf = f"{verdicts.spf.lower()} (spfCheck: set in the mailroom) client-ip=127.0.0.1;"
    stamp = format_datetime(receipt.received_at)
    added = [
        ("Return-Path", f"<{receipt.envelope_from}>"),
        (
            "Received",
            f"from {domain} (localhost [127.0.0.1])\r\n by inbound-smtp.{receipt.region}.amazonaws.com"
            f" with SMTP id {receipt.ses_message_id}\r\n for {receipt.recipients[0]};\r\n {stamp} (UTC)",
        ),
        ("X-SES-Spam-Verdict", verdicts.spam),
        ("X-SES-Virus-Verdict", verdicts.virus),
        ("Received-SPF", f"{spf}\r\n envelope-from={receipt.envelope_from}; helo={domain};"),
        (
            "Authentication-Results",
            f"amazonses.com;\r\n spf={spf}\r\n envelope-from={receipt.envelope_from}; helo={domain};{dkim}"
            f"\r\n dmarc={verdicts.dmarc.lower()} header.from={header_from};",
        ),
        ("X-SES-RECEIPT", base64.b64encode(receipt.ses_message_id.encode()).decode()),
    ]
    return "".join(f"{name}: {value}\r\n" for name, value in added).encode("utf-8", "replace") + raw


def receipt_event(
    *, stored: bytes, receipt: Receipt, function_arn: str, processing_millis: int = 250
) -> dict[str, Any]:
    """The event of a Lambda receipt action (invocation type Event) for a mail as SES stored it."""
    mail = split_mail(stored)
    headers, truncated = _headers(mail)
    timestamp = receipt.received_at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{receipt.received_at.microsecond // 1000:03d}Z"
    verdicts = receipt.verdicts
    policy = {"dmarcPolicy": verdicts.dmarc_policy} if verdicts.dmarc == "FAIL" else {}
    ses = {
        "mail": {
            "timestamp": timestamp,
            "source": receipt.envelope_from,
            "messageId": receipt.ses_message_id,
            "destination": _destination(mail) or list(receipt.recipients),
            "headersTruncated": truncated,
            "headers": headers,
            "commonHeaders": _common_headers(mail, receipt),
        },
        "receipt": {
            "timestamp": timestamp,
            "processingTimeMillis": processing_millis,
            "recipients": list(receipt.recipients),
            **{f"{check}Verdict": {"status": verdicts.of(check)} for check in CHECKS},
            **policy,
            "action": {"type": "Lambda", "functionArn": function_arn, "invocationType": "Event"},
        },
    }
    return {"Records": [{"eventSource": "aws:ses", "eventVersion": "1.0", "ses": ses}]}


def _headers(mail: RawMail) -> tuple[list[dict[str, str]], bool]:
    kept: list[dict[str, str]] = []
    size = 0
    for name, value in mail.named():
        size += len(name) + len(value.encode()) + 4
        if size > MAX_EVENT_HEADER_BYTES:
            return kept, True
        kept.append({"name": name, "value": value})
    return kept, False


def _common_headers(mail: RawMail, receipt: Receipt) -> dict[str, Any]:
    common: dict[str, Any] = {"returnPath": receipt.envelope_from}
    lists = (
        ("from", "From"),
        ("sender", "Sender"),
        ("replyTo", "Reply-To"),
        ("to", "To"),
        ("cc", "Cc"),
        ("bcc", "Bcc"),
    )
    for key, name in lists:
        addresses = [address for value in mail.values(name) for address in split_addresses(decoded(value))]
        if addresses:
            common[key] = addresses
    for key, name in (("date", "Date"), ("messageId", "Message-ID"), ("subject", "Subject")):
        values = mail.values(name)
        if values:
            common[key] = decoded(values[0])
    return common


def _destination(mail: RawMail) -> list[str]:
    values = [decoded(value) for name in ("To", "Cc") for value in mail.values(name)]
    return [address for _, address in read_addresses(*values)]


def _domain_of(from_values: Sequence[str]) -> str:
    addresses = read_addresses(*from_values)
    return addresses[0].address.rpartition("@")[2] if addresses else "unknown.invalid"


def decoded(value: str) -> str:
    """A header value with its encoded words read; what cannot be read stays as it was sent."""
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return value
