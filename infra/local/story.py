"""The story that `make demo-check` plays: the flow pauses, is sent back once, is approved and goes on. Then nobody
answers, and it goes on all the same."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TypeVar

from infra.local.house import CREATOR, DEMO_SETTINGS, House
from infra.local.mailroom.mailbox import StoredMail
from nodback_core.domain.replies.token import parse, token_of
from nodback_core.domain.shared.entries import check_chain

T = TypeVar("T")
WAIT_SECONDS = 90.0
WARM_RESUME_SECONDS = 3.0
AUTO_RESPONSE_SECONDS = 3.0


class Failed(Exception):
    """A part of the story did not happen."""


@dataclass
class Clock:
    """Prints each part of the story with its seconds."""

    tell: Callable[[str], None]

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.tell(f"    {name:<42} {time.monotonic() - began:6.1f} s")


def tell_story(house: House, example: str, *, tell: Callable[[str], None]) -> None:
    """Play the story; raises Failed or TimeoutError at the first part that does not happen."""
    clock, lines = Clock(tell), _Lines(tell)
    worker = house.start_worker(example, tell=lines.add)
    with clock.part("flow started and paused at its review"):
        house.run_flow(example)
    with clock.part("mail received"):
        first = house.mailroom.wait_for(to=CREATOR, subject_contains="Review", timeout=WAIT_SECONDS)
    _show_headers(first, house, tell)
    request_id = _request_of(house, first)

    with clock.part("sent back: 'Needs revision', over SMTP"):
        house.mailroom.reply(first, "Needs revision\n\nMore colour, please.", style="outlook-desktop")
        _wait_for_status(house, request_id)
    with clock.part("flow looped; second mail, same thread"):
        second = _next_review(house, after=first.number)
    if _header(house, first, "References") != _header(house, second, "References"):
        raise Failed("the second mail is not in the thread of the first")
    second_id = _request_of(house, second)
    if second_id == request_id:
        raise Failed("the second review is not a request of its own")

    began = time.monotonic()
    with clock.part("approved over SMTP, decision recorded"):
        house.mailroom.reply(second, "Approved.\n\nMuch better now.", style="gmail")
        decided = _wait_for_status(house, second_id)
    if (decided["outcome"], decided["source"]) != ("approved", "email"):
        raise Failed(f"recorded was {decided['outcome']} by {decided['source']}")
    with clock.part("flow went on: publish_content ran"):
        lines.wait_for("Publishing approved content", WAIT_SECONDS)
    seconds = time.monotonic() - began
    tell(f"    from reply to resumed flow: {seconds:.1f} s (aim {WARM_RESUME_SECONDS:.0f} s)")
    with clock.part("confirmation received"):
        _confirmation(house, after=second.number)
    _wait_for_resume(house, second_id)
    _show_timeline(house, second_id, tell)
    _nobody_answers(house, example, lines, clock)
    if worker.poll() is not None:
        raise Failed(f"the worker stopped with exit code {worker.returncode}")


def _nobody_answers(house: House, example: str, lines: "_Lines", clock: Clock) -> None:
    """A second run of the flow, with a deadline of seconds: its review answers itself."""
    timeout = {"enabled": True, "timeout_minutes": AUTO_RESPONSE_SECONDS / 60, "default_outcome": "rejected"}
    house.configure({**DEMO_SETTINGS, "auto_response": timeout})
    newest = max(mail.number for mail in house.mailroom.mailbox.all())
    with clock.part("another run paused, with a deadline of seconds"):
        house.run_flow(example)
    mail = _next_review(house, after=newest)
    with clock.part("nobody answered: recorded by itself"):
        decided = _wait_for_status(house, _request_of(house, mail))
    if (decided["outcome"], decided["source"]) != ("rejected", "auto"):
        raise Failed(f"recorded was {decided['outcome']} by {decided['source']}")
    with clock.part("flow went on: archive_content ran"):
        lines.wait_for("Content rejected", WAIT_SECONDS)
    _wait_for_resume(house, str(decided["request_id"]))
    house.configure(DEMO_SETTINGS)


def _request_of(house: House, mail: StoredMail) -> str:
    """The request that a mail's reply address belongs to."""
    token = token_of([mail.answer_address], house.stack.addresses.inbound_domain)
    if token is None:
        raise Failed(f"the mail asks for answers at {mail.answer_address}, which is no signed reply address")
    return str(parse(token).request_id)


def _header(house: House, mail: StoredMail, name: str) -> str:
    return str(message_from_bytes(house.mailroom.mailbox.raw(mail.number), policy=policy.default)[name])


def _show_headers(mail: StoredMail, house: House, tell: Callable[[str], None]) -> None:
    for name in ("From", "To", "Reply-To", "Subject", "Auto-Submitted", "References", "Content-Type"):
        tell(f"        | {name}: {_header(house, mail, name)}")


def _wait_for_status(house: House, request_id: str) -> dict[str, object]:
    """The request once it is no longer pending."""

    def decided() -> dict[str, object] | None:
        document: dict[str, object] = house.api("GET", f"/v1/requests/{request_id}").json()
        return document if document["status"] != "pending" else None

    return _until(decided, "the decision was not recorded")


def _wait_for_resume(house: House, request_id: str) -> None:
    def ended() -> str | None:
        status = house.api("GET", f"/v1/requests/{request_id}").json()["resume"]["status"]
        return status if status in ("succeeded", "failed") else None

    if _until(ended, "the resume did not end") != "succeeded":
        raise Failed("the resume failed")


def _next_review(house: House, after: int) -> StoredMail:
    while True:
        mail = house.mailroom.wait_for(to=CREATOR, after=after, timeout=WAIT_SECONDS)
        if mail.answer_address != mail.sender and mail.answer_address.startswith("r-"):
            return mail
        after = mail.number


def _confirmation(house: House, after: int) -> StoredMail:
    while True:
        mail = house.mailroom.wait_for(to=CREATOR, after=after, timeout=WAIT_SECONDS)
        if _header(house, mail, "Auto-Submitted") == "auto-replied" and "Approved" in house.mailroom.text_of(mail):
            return mail
        after = mail.number


def _show_timeline(house: House, request_id: str, tell: Callable[[str], None]) -> None:
    """Print the timeline and verify its chain."""
    page = house.api("GET", f"/v1/requests/{request_id}/timeline").json()
    entries = page["entries"]
    for entry in entries:
        tell(f"        | {entry['seq']:>2}  {entry['at']}  {entry['action']:<22} {entry['actor']['id']}")
    fault = check_chain(entries[0]["organization_id"], f"request/{request_id}", entries)
    if fault is not None:
        raise Failed(f"the audit chain breaks at entry {fault.seq}: {fault.reason}")
    tell(f"    audit chain verified: {len(entries)} entries, head {entries[-1]['hash'][:16]}…")


def _until(look: Callable[[], T | None], complaint: str) -> T:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.2)
    raise Failed(f"{complaint} within {WAIT_SECONDS:.0f} s")


class _Lines:
    """The worker's lines, to be waited for."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._seen: list[str] = []
        self._lock = threading.Lock()

    def add(self, line: str) -> None:
        with self._lock:
            self._seen.append(line)
        if line.strip(" │╭╮╰╯─") and not set(line) & set("│╭╰"):  # crewAI's own boxes tell the story a second time
            self._tell(f"        worker | {line}")
        self._lines.put(line)

    def wait_for(self, text: str, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if text in line:
                return line
        with self._lock:
            last = "\n".join(self._seen[-15:])
        raise Failed(f"the worker did not print {text!r} within {seconds:.0f} s; its last lines:\n{last}")
