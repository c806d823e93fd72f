"""Mails as they lie in the bucket: signed by the server that sent them, with the headers of SES on top.

Neither signatures nor verdicts are worth anything here; they look as the real ones do.
"""

from datetime import UTC, datetime
from email.utils import format_datetime

GMAIL_SIGNS = "to:subject:message-id:date:from:mime-version:from:to:cc:subject:date:message-id:reply-to"
MICROSOFT_SIGNS = "From:Date:Subject:Message-ID:Content-Type:MIME-Version:X-MS-Exchange-SenderADCheck"
"""What Microsoft 365 signs by default: not To."""
RECEIVED_AT = datetime(2026, 11, 22, 10, 30, 5, tzinfo=UTC)


def signature(domain: str = "example.com", signs: str = GMAIL_SIGNS, *, identity: str = "") -> str:
    """A `DKIM-Signature` header over the headers that `signs` names."""
    who = f" i={identity};" if identity else ""
    return (
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d={domain}; s=20260101;{who} t=1764153600;\r\n"
        f" h={signs};\r\n bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n b=c2lnbmF0dXJl\r\n  c2lnbmF0dXJl==\r\n"
    )


def as_stored(
    raw: bytes,
    *,
    header_from: str = "example.com",
    envelope_from: str = "ana@example.com",
    spf: str = "pass",
    dkim: tuple[tuple[str, str], ...] = (("pass", "example.com"),),
    dmarc: str = "pass",
    received_at: datetime = RECEIVED_AT,
) -> bytes:
    """A mail as SES stores it: its trace, and what it found about the sender, above what was sent."""
    helo = f"mail.{envelope_from.rpartition('@')[2] or 'example.com'}"
    spf_says = f"{spf} (spfCheck: domain of {helo} designates 203.0.113.9 as permitted sender) client-ip=203.0.113.9;"
    who = f"envelope-from={envelope_from}; helo={helo};"
    dkim_says = "".join(f"\r\n dkim={result} header.i=@{domain};" for result, domain in dkim)
    head = (
        f"Return-Path: <{envelope_from}>\r\n"
        f"Received: from {helo} ({helo} [203.0.113.9])\r\n by inbound-smtp.eu-west-1.amazonaws.com with SMTP id 4v0\r\n"
        f" for review@example.com;\r\n {format_datetime(received_at)} (UTC)\r\n"
        "X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\n"
        f"Received-SPF: {spf_says} {who}\r\n"
        f"Authentication-Results: amazonses.com;\r\n spf={spf_says} {who}{dkim_says}"
        f"\r\n dmarc={dmarc} header.from={header_from};\r\n"
        "X-SES-RECEIPT: AEFBQUFBQUFBQUF\r\n"
        "X-SES-DKIM-SIGNATURE: a=rsa-sha256; q=dns/txt; d=amazonses.com; h=From:To:Cc:Subject:Date:Message-ID;\r\n"
    )
    return head.encode() + raw
