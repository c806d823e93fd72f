"""The twenty mails that must come out right (and their neighbours), with what must come of each.

Run `python tests/mails/twenty.py` after a change; what it writes is committed. The stories on the embedded stack make
them anew, as answers to a mail that was really sent.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from mails.arrived import as_stored, signature  # noqa: E402 - run as a script, too
from mails.generate import REPLY_TO, SENT, SUBJECT, WHO, marked  # noqa: E402

BANNER = (
    "[EXTERNAL] Caution: This email originated from outside of the organization. Do not click links or open\n"
    "attachments unless you recognize the sender and know the content is safe.\n"
)
HTML = '<div dir="ltr">Needs revision</div><br><blockquote type="cite"><div>approved</div></blockquote>'


@dataclass(frozen=True)
class Answered:
    """The mail of ours that is answered, and who answers it."""

    sent: str = SENT
    subject: str = SUBJECT
    reply_to: str = REPLY_TO
    who: str = WHO
    reader: str = "ana@example.com"
    message_id: str = "<twenty@mail.example.com>"
    date: str = "Sun, 22 Nov 2026 10:30:00 +0000"

    @property
    def attribution(self) -> str:
        return f"On Sun, Nov 22, 2026 at 10:00 AM {self.who} wrote:"

    @property
    def quote(self) -> str:
        return f"{self.attribution}\n\n{marked(self.sent)}\n"

    @property
    def outlook(self) -> str:
        """The quote as Outlook makes it, without any mark."""
        head = f"From: {self.who}\nSent: Sunday, November 22, 2026 10:00 AM\nTo: Ana Lima\nSubject: {self.subject}"
        return f"{'_' * 32}\n{head}\n\n{self.sent}"

    @property
    def inline(self) -> str:
        lines = marked(self.sent).split("\n")
        return "\n".join([self.attribution, "", *lines[:9], "", "Only three markets?", "", *lines[9:]])

    def at(self, local: str) -> str:
        """An address of the reader's domain; ``+work`` is a plus address of the reader."""
        name, _, domain = self.reader.partition("@")
        return f"{name}{local}@{domain}" if local.startswith("+") else f"{local}@{domain}"

    def mail(
        self,
        body: str | bytes,
        *head: str,
        sender: str = "",
        content: str = "text/plain; charset=utf-8",
        encoding: str = "8bit",
        subject: str = "",
    ) -> bytes:
        """An answer; `head` are further headers, above the others."""
        lines = [
            *head,
            signature(self.reader.rpartition("@")[2]).rstrip(),
            f"From: {sender or f'Ana Lima <{self.reader}>'}",
            f"To: Nodback <{self.reply_to}>",
            f"Subject: {subject or f'Re: {self.subject}'}",
            f"Date: {self.date}",
            f"Message-ID: {self.message_id}",
            "MIME-Version: 1.0",
            f"Content-Type: {content}",
            f"Content-Transfer-Encoding: {encoding}",
        ]
        raw = body if isinstance(body, bytes) else body.encode()
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def mails(answered: Answered) -> Iterator[tuple[str, bytes, dict[str, str | None]]]:
    """Name, mail and what must come of it: `feedback` and `outcome`, or who or what is in the way."""
    mail, quote, outlook = answered.mail, answered.quote, answered.outlook
    blank: dict[str, str | None] = {"feedback": "", "outcome": None}

    def said(feedback: str, outcome: str | None = None) -> dict[str, str | None]:
        return {"feedback": feedback, "outcome": outcome}

    yield "01-empty-above-a-quote", mail(f"\n\n{quote}"), blank
    yield "02-signature-only", mail(f"\n-- \nAna Lima\nHead of Content\n\n{quote}"), blank
    yield "03-sent-from-my-iphone-only", mail(f"\n\nSent from my iPhone\n\n{quote}"), blank
    yield "04-bottom-posted", mail(f"{quote}\napproved\n\n-- \nAna Lima\n"), said("approved", "approved")
    yield "05-inline", mail(answered.inline), said("Only three markets?")
    yield "06-outlook-block-without-marks", mail(f"\n\n{outlook}"), blank
    yield "07-not-approved", mail(f"not approved\n\n{quote}"), said("not approved")
    yield "08a-approved-thanks", mail(f"approved – thanks\n\n{quote}"), said("approved – thanks", "approved")
    yield "08b-approved-full-stop", mail(f"Approved.\n\n{quote}"), said("Approved.", "approved")
    yield "08c-approved-capitals", mail(f"APPROVED!\n\n{outlook}"), said("APPROVED!", "approved")
    yield "09-needs-revision", mail(f"Needs revision\n\n{quote}"), said("Needs revision", "needs_revision")
    yield (
        "10-two-options",
        mail(f"approved rejected\n\n{quote}"),
        {**said("approved rejected"), "unclear": "two options"},
    )
    away = mail(
        "I am away until Monday.\n", "Auto-Submitted: auto-replied", subject=f"Automatic reply: {answered.subject}"
    )
    yield "11a-out-of-office", away, {"automatic": "auto_submitted"}
    old_away = mail("I am away until Monday.\n", subject=f"Out of Office: {answered.subject}")
    yield "11b-out-of-office-of-an-old-server", old_away, {"automatic": "subject"}
    bounce = mail(
        "--b\n\nDelivery failed.\n--b\nContent-Type: message/delivery-status\n\nStatus: 5.1.1\n--b--\n",
        "Return-Path: <>",
        sender="Mail Delivery System <MAILER-DAEMON@mx.example.com>",
        content="multipart/report; report-type=delivery-status; boundary=b",
        encoding="7bit",
    )
    yield "12-delivery-failure", bounce, {"automatic": "null_return_path"}
    yield (
        "13-forwarded-by-an-assistant",
        mail(f"approved\n\n{quote}", sender=answered.at("bo")),
        {"code": "other_sender"},
    )
    yield "14a-plus-address", mail(f"approved\n\n{quote}", sender=answered.at("+work")), {"code": "other_sender"}
    yield (
        "14b-alias",
        mail(f"approved\n\n{quote}", sender=f"Ana Lima <{answered.at('a.lima')}>"),
        {"code": "other_sender"},
    )
    yield "15-delivered-twice", mail(f"approved\n\n{quote}", "X-Attempt: 2"), said("approved", "approved")
    yield "16-late", mail(f"rejected\n\n{quote}"), said("rejected", "rejected")
    yield "17-html-only", mail(HTML, content="text/html; charset=utf-8"), said("Needs revision", "needs_revision")
    latin = "Genehmigt für März – danke\n".encode("cp1252")
    yield "18a-wrong-charset", mail(latin, content="text/plain; charset=utf-8"), said("Genehmigt für März – danke")
    unknown = mail("approved\n", content="text/plain; charset=x-unknown")
    yield "18b-unknown-charset", unknown, said("approved", "approved")
    yield "18c-base64", mail("YXBwcm92ZWQK\n", encoding="base64"), said("approved", "approved")
    soft = mail("needs=20re=\nvision\n", encoding="quoted-printable")
    yield "18d-soft-line-break", soft, said("needs revision", "needs_revision")
    flowed = mail("The second paragraph \nis too long.\n", content="text/plain; charset=utf-8; format=flowed")
    yield "18e-format-flowed", flowed, said("The second paragraph is too long.")
    wide = mail("承認します\n".encode("iso-2022-jp"), content="text/plain; charset=iso-2022-jp", encoding="7bit")
    yield "18f-iso-2022-jp", wide, said("承認します")
    yield "19-gateway-banner", mail(f"{BANNER}\napproved\n\n{quote}"), said("approved", "approved")
    bomb = mail("--b\n\nhi\n" * 200, content="multipart/mixed; boundary=b")
    yield "20a-too-many-parts", bomb, {"unreadable": "parts"}
    deep = b"".join(b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (n, n + 1) for n in range(40))
    yield "20b-nested-too-deep", mail(deep, content="multipart/mixed; boundary=b0"), {"unreadable": "deep"}
    injected = mail("approved\n", subject="=?utf-8?q?Re=0D=0ABcc=3A_evil=40x=2Ey?=")
    yield "20c-header-injection", injected, said("approved", "approved") | {"subject": "Re Bcc: evil@x.y"}
    two = mail("approved\n", "From: evil@x.example")
    yield "21a-two-from-headers", two, {"code": "several_from"}
    yield (
        "21b-two-addresses",
        mail("approved\n", sender=f"{answered.reader}, evil@x.example"),
        {"code": "group_or_list"},
    )
    posing = mail("approved\n", sender=f"{answered.reader} <evil@x.example>")
    yield "21c-posing-as-another", posing, {"code": "from_defect"}


def main() -> None:
    folder = HERE / "twenty"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.eml"):
        old.unlink()
    manifest = []
    for name, raw, expected in mails(Answered()):
        envelope_from = "" if expected.get("automatic") == "null_return_path" else Answered.reader
        (folder / f"{name}.eml").write_bytes(as_stored(raw, envelope_from=envelope_from))
        manifest.append({"file": f"twenty/{name}.eml", **expected})
    rows = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in manifest)
    (HERE / "twenty.json").write_text(f"[\n{rows}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
