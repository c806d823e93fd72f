"""Writes the corpus: replies to one of our notifications, as twelve mail programs write them in 28 languages.

Run `python tests/mails/generate.py` after a change here; what it writes is committed, and the same every time.
Shapes follow what the programs send: where they put the quote, how they mark it, wrap it, encode it and sign it.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from mails.arrived import GMAIL_SIGNS, MICROSOFT_SIGNS, as_stored, signature  # noqa: E402 - run as a script, too
from mails.languages import LANGUAGES, Language  # noqa: E402

NAME, ADDRESS, WRITER = "Nodback", "nodback@example.com", "Ana Lima"
WHO = f"{NAME} <{ADDRESS}>"
REPLY_TO = "r-aeirc4tfmfzxi2lom4qhg33nmvzgs5dzebqwizdsmvzxgidgn5zca43b@reply.example.com"
SUBJECT = "Review needed: Content Review Flow, review 2"
SENT = (HERE / "sent.txt").read_text(encoding="utf-8")
SENT_HTML = (HERE / "sent.html").read_text(encoding="utf-8")
TITLE = "Head of Content"


@dataclass(frozen=True)
class Case:
    """What the reviewer does, and what must be read: `where` is top, below or between quoted lines."""

    name: str
    text: str
    outcome: str | None
    where: str = "top"
    is_signed: bool = True

    @property
    def first_line(self) -> str:
        return self.text.split("\n", 1)[0]


@dataclass(frozen=True)
class Shape:
    """One mail program: the body it writes, and whether it marks quoted lines."""

    name: str
    body: Callable[[Language, Case], tuple[str, str | None]]
    is_marked: bool
    encoding: str = "quoted-printable"
    is_html_only: bool = False


def cases(language: Language) -> tuple[Case, ...]:
    remark = language.remark
    return (
        Case("option", "approved", "approved"),
        Case("blank", "", None, is_signed=False),
        Case("option with a full stop", "Approved.", "approved"),
        Case("remark", remark, None),
        Case("signature only", "", None),
        Case("option in capitals", "NEEDS REVISION!", "needs_revision"),
        Case("not approved", "not approved", None),
        Case("below the quote", "rejected", "rejected", where="below"),
        Case("option and remark", f"Rejected\n\n{remark}", "rejected"),
        Case("between quoted lines", remark, None, where="between"),
        Case("approved with thanks", "approved – thanks", "approved"),
        Case("two options", "approved or rejected?", None),
        Case("emoji", "👍", None),
        Case("paragraphs", f"{remark}\n\n- 1\n- 2\n\n{remark}", None),
        Case("option in words", "“Needs-Revision”", "needs_revision", is_signed=False),
    )


def wrapped(line: str, width: int = 78) -> str:
    """A line broken at its last space before the width, as Gmail and Thunderbird do."""
    lines = []
    while len(line) > width and (at := line.rfind(" ", 0, width)) > 0:
        lines.append(line[:at])
        line = line[at + 1 :]
    return "\n".join([*lines, line])


def marked(text: str, mark: str = "> ") -> str:
    lines = [wrapped(line, 76).split("\n") for line in text.split("\n")]
    return "\n".join((mark + line).rstrip() for group in lines for line in group)


def around(case: Case, attribution: str, quote: str, *, below_text: str = "") -> str:
    """The body of a program that marks quoted lines, with the answer where the reviewer put it."""
    if case.where == "below":
        return f"{attribution}\n\n{quote}\n\n{case.text}\n{below_text}"
    if case.where == "between":
        lines = quote.split("\n")
        middle = len(lines) // 3
        return "\n".join([attribution, "", *lines[:middle], "", case.text, "", *lines[middle:], below_text])
    return f"{case.text}\n{below_text}\n{attribution}\n\n{quote}\n"


def gmail(language: Language, case: Case) -> tuple[str, str | None]:
    below = f"\n-- \n{WRITER}\n{TITLE}\n" if case.is_signed else ""
    attribution = wrapped(language.gmail.format(who=f"{NAME} <{ADDRESS}>"))
    html = (
        f'<div dir="ltr">{paragraphs(case.text)}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f'{escape(attribution)}<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{quoted_html()}'
        "</blockquote></div>"
    )
    return around(case, attribution, marked(SENT), below_text=below), html


def gmail_phone(language: Language, case: Case) -> tuple[str, str | None]:
    attribution = language.gmail.format(who=f"{NAME} <\n{ADDRESS}>")
    return around(case, attribution, marked(SENT)), None


def outlook_headers(language: Language) -> str:
    who, sent, to, subject = language.headers
    values = ((who, WHO), (sent, language.sent), (to, f"{WRITER} <ana@example.com>"), (subject, SUBJECT))
    return "\n".join(f"{label}: {value}" for label, value in values)


def outlook_desktop(language: Language, case: Case) -> tuple[str, str | None]:
    below = (
        f"\n{language.closing}\n\n{WRITER}\n{TITLE}\nAcme Ltd. | Lisbon | +351 21 000 0000\n" if case.is_signed else ""
    )
    text = f"{case.text}\n{below}\n{outlook_headers(language)}\n\n{SENT}"
    html = (
        f'<div class="WordSection1"><p class="MsoNormal">{paragraphs(case.text + below)}</p>'
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">'
        f"{'<br>'.join(map(escape, outlook_headers(language).split(chr(10))))}</p></div>{quoted_html()}</div>"
    )
    return text, html


def outlook_web(language: Language, case: Case) -> tuple[str, str | None]:
    below = f"\n{language.closing}\n{WRITER}\n" if case.is_signed else ""
    return f"{case.text}\n{below}\n{'_' * 32}\n{outlook_headers(language)}\n\n{SENT}", None


def outlook_phone(language: Language, case: Case) -> tuple[str, str | None]:
    below = f"\n{language.outlook_ios}<https://aka.ms/o0ukef>\n" if case.is_signed else ""
    return f"{case.text}\n{below}{'_' * 32}\n{outlook_headers(language)}\n\n{SENT}", None


def outlook_html(language: Language, case: Case) -> tuple[str, str | None]:
    below = f"\n{language.closing}\n{WRITER}\n{TITLE}" if case.is_signed else ""
    lines = (escape(line).replace(":", ":</b>", 1) for line in outlook_headers(language).split("\n"))
    headers = "<br><b>".join(lines)
    html = (
        "<html><head><style>p.MsoNormal{margin:0}</style></head><body>"
        f'<div class="elementToProof">{paragraphs(case.text + below)}</div>'
        f'<div id="appendonsend"></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">'
        f'<font face="Calibri"><b>{headers}'
        f"</font><div>&nbsp;</div></div>{SENT_HTML}</body></html>"
    )
    return "", html


def apple_mail(language: Language, case: Case) -> tuple[str, str | None]:
    below = f"\n{language.closing}\n{WRITER}\n" if case.is_signed else ""
    attribution = language.apple.format(who=WHO)
    if case.where == "top":
        return f"{case.text}\n{below}\n> {attribution}\n> \n{marked(SENT)}\n", None
    return around(case, f"> {attribution}", marked(SENT)), None


def iphone(language: Language, case: Case) -> tuple[str, str | None]:
    below = f"\n{language.iphone}\n" if case.is_signed else ""
    attribution = f"> {language.apple.format(who=WHO)}\n> \n> \ufeff"
    return around(case, attribution, marked(SENT), below_text=below), None


def thunderbird(language: Language, case: Case) -> tuple[str, str | None]:
    below = f"\n-- \n{WRITER}\n" if case.is_signed else ""
    return around(case, language.thunderbird.format(name=NAME), marked(SENT), below_text=below), None


def yahoo(language: Language, case: Case) -> tuple[str, str | None]:
    attribution = language.gmail.format(who=WHO)
    quote = "\n".join(f"  {line}" for line in SENT.split("\n"))
    html = (
        f'<div class="ydp1"><div>{paragraphs(case.text)}</div></div><div id="ydp2" class="yahoo_quoted"><div>'
        f"{escape(attribution)}</div><div>{quoted_html()}</div></div>"
    )
    return f" {case.text}\n\n    {attribution}  \n \n{quote}  ", html


def proton(language: Language, case: Case) -> tuple[str, str | None]:
    below = "\nSent with [Proton Mail](https://proton.me/) secure email.\n" if case.is_signed else ""
    attribution = f"On Sunday, November 22nd, 2026 at 10:00 AM, {WHO} wrote:"
    del language
    return around(case, attribution, marked(SENT), below_text=below), None


def samsung(language: Language, case: Case) -> tuple[str, str | None]:
    below = "\n\nSent from my Galaxy\n" if case.is_signed else ""
    who, _, to, subject = language.headers
    headers = f"{who}: {WHO} \nDate: 22/11/2026  10:00  (GMT+00:00) \n{to}: ana@example.com \n{subject}: {SUBJECT} \n"
    return f"{case.text}{below}\n\n-------- {language.original} --------\n{headers}\n{SENT}", None


def paragraphs(text: str) -> str:
    return "<br>".join(escape(line) for line in text.split("\n"))


def quoted_html() -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in SENT.split("\n\n"))


SHAPES = (
    Shape("gmail", gmail, is_marked=True),
    Shape("gmail-phone", gmail_phone, is_marked=True, encoding="base64"),
    Shape("outlook-desktop", outlook_desktop, is_marked=False, encoding="base64"),
    Shape("outlook-web", outlook_web, is_marked=False),
    Shape("outlook-phone", outlook_phone, is_marked=False),
    Shape("outlook-html", outlook_html, is_marked=False, encoding="base64", is_html_only=True),
    Shape("apple-mail", apple_mail, is_marked=True),
    Shape("iphone", iphone, is_marked=True),
    Shape("thunderbird", thunderbird, is_marked=True, encoding="8bit"),
    Shape("yahoo", yahoo, is_marked=False, encoding="base64"),
    Shape("proton", proton, is_marked=True),
    Shape("samsung", samsung, is_marked=False, encoding="base64"),
)


def built(shape: Shape, language: Language, case: Case, number: int) -> bytes:
    text, html = shape.body(language, case)
    message = EmailMessage(policy=SMTP)
    message["From"] = f"{WRITER} <ana@example.com>"
    message["To"] = f"{NAME} <{REPLY_TO}>"
    message["Subject"] = f"Re: {SUBJECT}"
    message["Date"] = "Sun, 22 Nov 2026 10:30:00 +0000"
    message["Message-ID"] = f"<{number}.{shape.name}.{language.code}@mail.example.com>"
    message["In-Reply-To"] = "<0102018f-notification@eu-west-1.amazonses.com>"
    signs = MICROSOFT_SIGNS if shape.name.startswith("outlook") else GMAIL_SIGNS
    if shape.is_html_only:
        message.set_content(html, subtype="html", cte=shape.encoding)
        return as_stored(signature(signs=signs).encode() + message.as_bytes())
    message.set_content(text, cte=shape.encoding)
    if html is not None:
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message.set_boundary(f"----=_part_{number}")
    return as_stored(signature(signs=signs).encode() + message.as_bytes())


def corpus() -> Iterator[tuple[str, bytes, dict[str, str | None]]]:
    """File name, mail and what must be read, of every mail."""
    number = 0
    for place, language in enumerate(LANGUAGES):
        choices = cases(language)
        for shift, shape in enumerate(SHAPES):
            case = choices[(place + shift) % len(choices)]
            if case.where != "top" and not shape.is_marked:
                case = Case("option", "approved", "approved")
            if not shape.is_marked and shape.name == "yahoo":
                case = Case(case.name, case.text, case.outcome, is_signed=False)
            number += 1
            yield (
                f"{shape.name}-{language.code}.eml",
                built(shape, language, case, number),
                {
                    "program": shape.name,
                    "language": language.code,
                    "case": case.name,
                    "outcome": case.outcome,
                    "feedback": case.first_line,
                    "text": case.text,
                },
            )


def main() -> None:
    for old in HERE.glob("replies/*.eml"):
        old.unlink()
    (HERE / "replies").mkdir(exist_ok=True)
    manifest = []
    for name, raw, expected in corpus():
        (HERE / "replies" / name).write_bytes(raw)
        manifest.append({"file": f"replies/{name}", **expected})
    rows = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in manifest)
    (HERE / "manifest.json").write_text(f"[\n{rows}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
