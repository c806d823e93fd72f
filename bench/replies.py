"""Reading replies: right first lines, right whole replies, right blanks and time, against public libraries.

    python -m bench.replies

The libraries do not know what was sent; that is the point. Each gets the same text, at most 64 kB of it, and is
stopped after two seconds a mail: some of them hang on hostile text.
"""

import json
import signal
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.hostile_replies import HOSTILE_MAILS, hostile_texts

from nodback_core.domain.replies.reading import SentMail, read_reply
from nodback_core.mail.replies.inbound import parse_mail

TESTS = Path(__file__).parent.parent / "tests"
MAX_CHARACTERS = 64 * 1024
STOP_AFTER_SECONDS = 2
REPEATS = 3
LIMIT = 0.2
HOSTILE_LIMIT_MS = 250
SENT = SentMail(
    "Nodback", "reply.example.com", tuple((TESTS / "mails" / "sent.txt").read_text(encoding="utf-8").splitlines())
)
UNKNOWN = SentMail("", "", ())
LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "pl", "cs", "ja", "ko", "zh"]

Reader = Callable[[str], str]


@dataclass(frozen=True)
class Mail:
    """One mail to read and what a person would say it says; no text when only the first line is known."""

    body: str
    first_line: str
    text: str | None = None


def first_of(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def readers() -> dict[str, Reader]:
    """Each library's way to the visible reply, imported here so that a missing one is named when it is missed."""
    import quotequail
    from email_reply_parser import EmailReplyParser as PlainParser
    from mailparser_reply import EmailReplyParser as LanguageParser

    many = LanguageParser(languages=LANGUAGES)

    def mail_parser_reply(body: str) -> str:
        return many.parse_reply(text=body) or ""

    def email_reply_parser(body: str) -> str:
        return str(PlainParser.parse_reply(body))

    def quotequail_reply(body: str) -> str:
        return "\n".join(part for is_shown, part in quotequail.quote(body) if is_shown)

    return {
        "first line that is not empty": first_of,
        "quotequail": quotequail_reply,
        "email-reply-parser": email_reply_parser,
        "mail-parser-reply": mail_parser_reply,
    }


def public_replies() -> list[Mail]:
    entries = json.loads((TESTS / "data" / "replies.json").read_text(encoding="utf-8"))
    return [Mail(entry["body"][:MAX_CHARACTERS], (entry["first"] or "").strip()) for entry in entries]


def own_replies() -> list[Mail]:
    folder = TESTS / "mails"
    entries = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return [
        Mail(parse_mail((folder / entry["file"]).read_bytes()).text, entry["feedback"], entry["text"])
        for entry in entries
    ]


def stopped(_signal: int, _frame: object) -> None:
    raise TimeoutError


def read(reader: Reader, body: str) -> tuple[str, float]:
    """What it reads and the best time of a few, in milliseconds; nothing when it fails or is stopped."""
    times = []
    text = ""
    for _ in range(REPEATS):
        started = time.perf_counter()
        signal.alarm(STOP_AFTER_SECONDS)
        try:
            text = reader(body)
        except Exception:  # noqa: BLE001 - a library that raises has read nothing
            text = ""
        finally:
            signal.alarm(0)
        times.append((time.perf_counter() - started) * 1000)
    return text, min(times)


def measure(name: str, reader: Reader, mails: list[Mail], *, baseline: float | None) -> float:
    results = [(mail, *read(reader, mail.body)) for mail in mails]
    mean = statistics.mean(took for _, _, took in results)
    said = [(mail, text) for mail, text, _ in results if mail.first_line]
    blank = [text for mail, text, _ in results if mail.text == ""]
    whole = [(mail, text) for mail, text in said if mail.text is not None]
    right_first = sum(first_of(text) == mail.first_line for mail, text in said) + sum(
        not first_of(text) for mail, text, _ in results if not mail.first_line and mail.text is None
    )
    figures = [f"first line {right_first}/{len(said) + sum(m.text is None and not m.first_line for m in mails)}"]
    if whole:
        figures.append(f"whole {sum(text.strip() == mail.text for mail, text in whole)}/{len(whole)}")
        figures.append(f"blank {sum(not text.strip() for text in blank)}/{len(blank)}")
    slower = f", {mean / baseline:.1f} x" if baseline else ""
    print(f"  {name:<28} {'  '.join(figures)}  {mean:.2f} ms{slower}")
    return mean


def measure_hostile() -> None:
    """The slowest of what is made to be slow, each at its best of a few."""
    ways: list[Callable[[], object]] = [lambda raw=raw: parse_mail(raw) for raw in HOSTILE_MAILS]  # type: ignore[misc]
    ways += [lambda text=text: read_reply(text, SENT) for text in hostile_texts("\n".join(SENT.lines))]  # type: ignore[misc]
    slowest = max(min(milliseconds(way) for _ in range(REPEATS)) for way in ways)
    within = "within" if slowest <= HOSTILE_LIMIT_MS else "NOT within"
    print(f"hostile mails and texts: {len(ways)}, the slowest in {slowest:.0f} ms: {within} {HOSTILE_LIMIT_MS} ms")


def milliseconds(way: Callable[[], object]) -> float:
    started = time.process_time()
    way()
    return (time.process_time() - started) * 1000


def main() -> None:
    measure_hostile()
    signal.signal(signal.SIGALRM, stopped)
    for title, mails, sent in (
        ("replies to our mails", own_replies(), SENT),
        ("replies to other mails (what was sent is not known)", public_replies(), UNKNOWN),
    ):
        print(f"{title}: {len(mails)}")
        ours = measure("nodback", lambda body, sent=sent: read_reply(body, sent).text, mails, baseline=None)
        took = {name: measure(name, reader, mails, baseline=ours) for name, reader in readers().items()}
        share = ours / took["mail-parser-reply"]
        print(f"  {share:.2f} of the time of mail-parser-reply: {'within' if share <= LIMIT else 'NOT within'} {LIMIT}")


if __name__ == "__main__":
    main()
