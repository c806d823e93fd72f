"""Mutated mails: no crash, no wrong decision, no mail that takes long."""

import base64
import binascii
import random
import re
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from mails.generate import SENT, SHAPES, Case, Shape, cases
from mails.languages import LANGUAGES, Language

from nodback_core.domain.replies.meaning.understanding import understand
from nodback_core.domain.replies.reading import SentMail, read_reply
from nodback_core.mail.replies.inbound import UnreadableMail, parse_mail

pytestmark = pytest.mark.fuzz

MAILS_PER_BATCH = 50
BATCHES = 20
LIMIT_SECONDS = 0.25
OPTIONS = ("approved", "rejected", "needs_revision")
OUR_MAIL = SentMail("Nodback", "reply.example.com", tuple(SENT.splitlines()))
NOISE = ("\u00a0", " ", "\t", "\u200b", "\ufeff", "\r", "\x0b")
HOSTILE = (
    "On " * 300,
    ">" * 2_000,
    "\n" * 3_000,
    "-" * 5_000,
    "<" * 5_000,
    "On 2026 10:00 " * 60 + ":",
    "From: a@b.co\n" * 300,
    "\u0301" * 3_000,
)

Lines = list[str]


def decision(raw: bytes) -> str | None:
    try:
        mail = parse_mail(raw)
    except UnreadableMail:
        return None
    text = read_reply(mail.text, OUR_MAIL, writer=mail.sender_name).text
    return understand(text, OPTIONS, writer=mail.sender_name).outcome


def timed_decision(raw: bytes) -> str | None:
    started = time.thread_time()
    decided = decision(raw)
    assert time.thread_time() - started < LIMIT_SECONDS, raw[:500]
    return decided


# What programs and servers on the way do to a text without touching what was typed.


def trailing_noise(chance: random.Random, lines: Lines) -> Lines:
    return [line + chance.choice(NOISE[:5]) if chance.random() < 0.2 else line for line in lines]


def more_empty_lines(chance: random.Random, lines: Lines) -> Lines:
    return [piece for line in lines for piece in ((line, chance.choice(("", " ", "\u200b"))) if not line else (line,))]


def quoted_twice(chance: random.Random, lines: Lines) -> Lines:
    return [
        piece
        for line in lines
        for piece in ((line, line) if line.startswith(">") and chance.random() < 0.2 else (line,))
    ]


def quoted_lines_lost(chance: random.Random, lines: Lines) -> Lines:
    return [line for line in lines if not line.startswith(">") or chance.random() < 0.8]


def other_marks(chance: random.Random, lines: Lines) -> Lines:
    mark = chance.choice((">", ">> ", "> > ", " > ", "＞"))
    return [mark + line[1:].lstrip() if line.startswith(">") else line for line in lines]


def narrower_quote(chance: random.Random, lines: Lines) -> Lines:
    width = chance.randrange(20, 70)
    return [
        f"> {piece}" if line.startswith("> ") else piece
        for line in lines
        for piece in (_folded(line[2:], width) if line.startswith("> ") else [line])
    ]


def _folded(text: str, width: int) -> Lines:
    pieces = []
    while len(text) > width and (at := text.rfind(" ", 1, width)) > 0:
        pieces.append(text[:at])
        text = text[at + 1 :]
    return [*pieces, text]


def hostile_quote(chance: random.Random, lines: Lines) -> Lines:
    return [*lines, *(f"> {line}" for line in chance.choice(HOSTILE).split("\n"))]


TEXT_CHANGES: tuple[Callable[[random.Random, Lines], Lines], ...] = (
    trailing_noise,
    more_empty_lines,
    quoted_twice,
    quoted_lines_lost,
    other_marks,
    narrower_quote,
    hostile_quote,
)


def part(content_type: str, text: str, encoding: str, *head: str) -> bytes:
    raw = text.encode()
    if encoding == "base64":
        raw = base64.encodebytes(raw)
    elif encoding == "quoted-printable":
        raw = binascii.b2a_qp(raw)
    lines = [f"Content-Type: {content_type}", f"Content-Transfer-Encoding: {encoding}", *head]
    return "\n".join(lines).encode() + b"\n\n" + raw


def multipart(chance: random.Random, kind: str, parts: list[bytes], around: str = "") -> bytes:
    edge = f"={chance.getrandbits(64):016x}="
    sections = b"".join(b"--%s\n%s\n" % (edge.encode(), section) for section in parts)
    head = f'Content-Type: multipart/{kind};\n\tboundary="{edge}"\n\n{around}\n'
    return b"%s%s--%s--\n%s" % (head.encode(), sections, edge.encode(), around.encode())


def carried(chance: random.Random, text: str, html: str | None, *, decoy: str = "approved") -> bytes:
    """A text in one of the ways in which a mail can carry it; other places hold an option that must not count."""
    encoding = chance.choice(("base64", "quoted-printable", "8bit"))
    page = part("text/html; charset=utf-8", html or "", encoding)
    raw = part("text/plain; charset=utf-8", text, encoding)
    if html is not None:
        only_html = not text or chance.random() < 0.3
        raw = page if only_html else multipart(chance, "alternative", [raw, page])
    for _ in range(chance.randrange(4)):
        kind = chance.choice(("mixed", "related", "signed"))
        attached = part("text/plain", decoy, "base64", 'Content-Disposition: attachment; filename="a.txt"')
        raw = multipart(chance, kind, [raw, attached][: chance.randrange(1, 3)], decoy if chance.random() < 0.3 else "")
    noise = ("approved", "x" * 900, "=?utf-8?q?a?=", "boundary=approved", "folded\n more")
    head = [f"X-Noise-{number}: {chance.choice(noise)}" for number in range(chance.randrange(5))]
    raw = "\n".join([*head, "From: Ana Lima <ana@example.com>", "Subject: approved", ""]).encode() + raw
    return raw if chance.random() < 0.3 else raw.replace(b"\n", b"\r\n")


def answered(chance: random.Random) -> tuple[Shape, Language, Case]:
    shape, language = chance.choice(SHAPES), chance.choice(LANGUAGES)
    case = chance.choice(cases(language))
    return shape, language, replace(case, where="top") if case.where != "top" and not shape.is_marked else case


@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_happens_on_the_way_never_makes_a_decision(batch: int, scale: float) -> None:
    chance = random.Random(batch)
    for _ in range(int(MAILS_PER_BATCH * scale / 2) or 1):
        shape, language, case = answered(chance)
        text, html = shape.body(language, case)
        lines = (text or "").split("\n")
        for change in chance.sample(TEXT_CHANGES, chance.randrange(len(TEXT_CHANGES))):
            lines = change(chance, lines)
        raw = carried(chance, "" if shape.is_html_only else "\n".join(lines), html if case.where == "top" else None)
        assert timed_decision(raw) == case.outcome, (shape.name, language.code, case, "\n".join(lines))


def without_options(text: str) -> str:
    return re.sub(r"approved|rejected|needs.revision", "somehow", text, flags=re.IGNORECASE)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_broken_bytes_never_crash_or_decide(batch: int, scale: float) -> None:
    """The quoted mail names no option here, so whatever is decided would be made up."""
    chance = random.Random(1_000 + batch)
    for _ in range(int(MAILS_PER_BATCH * scale / 2) or 1):
        shape, language, case = answered(chance)
        text, html = shape.body(language, replace(case, text=language.remark, outcome=None))
        page = without_options(html) if shape.is_html_only and html else None
        raw = bytearray(carried(chance, without_options(text), page, decoy="somehow"))
        raw = raw.replace(b"approved", b"somehow")
        for _ in range(chance.randrange(1, 30)):
            at = chance.randrange(len(raw))
            kind = chance.randrange(5)
            if kind == 0:
                raw[at] = chance.randrange(256)
            elif kind == 1:
                del raw[at : at + chance.randrange(1, 200)]
            elif kind == 2:
                raw[at:at] = chance.randbytes(chance.randrange(1, 20))
            elif kind == 3:
                raw[at:at] = raw[at : at + chance.randrange(1, 400)]
            else:
                raw[at:at] = chance.choice(
                    (b"\r\n\r\n", b"--", b"\n>", b"<!--", b"=?", b"\x00", b"</blockquote>", b"=")
                )
            if not raw:
                break
        assert timed_decision(bytes(raw)) is None, bytes(raw)
