"""Automatic mails: the out-of-office answer and the delivery failure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from typing import Final
from uuid import UUID

from infra.local.mailroom.addresses import first_address
from infra.local.mailroom.composing import SENDING, draft_reply
from infra.local.mailroom.mailbox import StoredMail

OUT_OF_OFFICE_TEXT: Final = (
    "Thank you for your message. I am out of the office until Monday and will answer when I am back.\n"
    "In urgent cases please write to my colleagues.\n"
)


def out_of_office(mail: StoredMail, *, now: datetime, random_bytes: Callable[[int], bytes]) -> bytes:
    """The automatic answer of a mail server to `mail` (RFC 3834; subject and headers as Exchange writes them)."""
    draft = draft_reply(mail)
    message = EmailMessage(policy=SENDING)
    message["From"] = draft.sender
    message["To"] = draft.to
    message["Subject"] = f"Automatic reply: {mail.subject}"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = _message_id(random_bytes, draft.sender)
    if mail.message_id:
        message["In-Reply-To"] = mail.message_id
        message["References"] = mail.message_id
    message["Auto-Submitted"] = "auto-replied"
    message["X-Auto-Response-Suppress"] = "All"
    message["Precedence"] = "auto_reply"
    message.set_content(OUT_OF_OFFICE_TEXT)
    return message.as_bytes()


def bounce(mail: StoredMail, *, now: datetime, random_bytes: Callable[[int], bytes]) -> bytes:
    """The report that `mail` could not be delivered (RFC 3462 and 3464), sent to the address for answers."""
    recipient = mail.recipients[0]
    domain = recipient.rpartition("@")[2]
    report = MIMEMultipart("report")
    report.set_param("report-type", "delivery-status")
    report["From"] = f"Mail Delivery System <MAILER-DAEMON@{domain}>"
    report["To"] = mail.answer_address
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"] = format_datetime(now)
    report["Message-ID"] = _message_id(random_bytes, recipient)
    report["Auto-Submitted"] = "auto-replied"
    report.attach(
        MIMEText(
            f"This is the mail system at {domain}.\n\nI am sorry to have to inform you that your message could not be\n"
            f"delivered to one or more recipients.\n\n<{recipient}>: host {domain}[203.0.113.9] said:\n"
            "    550 5.1.1 User unknown (in reply to RCPT TO command)\n"
        )
    )
    report.attach(_delivery_status(recipient, domain, now))
    returned = f"From: {mail.sender}\nTo: {mail.to}\nSubject: {mail.subject}\nMessage-ID: {mail.message_id}\n"
    report.attach(MIMEText(returned, "rfc822-headers", "us-ascii" if returned.isascii() else "utf-8"))
    return report.as_bytes(policy=SENDING)


def _delivery_status(recipient: str, domain: str, now: datetime) -> MIMEBase:
    whole = {"Reporting-MTA": f"dns; {domain}", "Arrival-Date": format_datetime(now)}
    failed = {
        "Final-Recipient": f"rfc822; {recipient}",
        "Action": "failed",
        "Status": "5.1.1",
        "Diagnostic-Code": "smtp; 550 5.1.1 User unknown",
    }
    status = MIMEBase("message", "delivery-status")
    for fields in (whole, failed):
        block = Message()
        for name, value in fields.items():
            block[name] = value
        status.attach(block)
    return status


def _message_id(random_bytes: Callable[[int], bytes], address: str) -> str:
    return f"<{UUID(bytes=random_bytes(16))}@{first_address(address).address.rpartition('@')[2]}>"
