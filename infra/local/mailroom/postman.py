"""Delivers mail to the service: after its delay, as often as asked, and again when the service could not be reached."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.mailroom.handling import CONTROL_PREFIX, Handling
from infra.local.mailroom.inbound import INBOUND_PREFIX, InboundDelivery
from infra.local.mailroom.mailbox import HandOver, Mailbox, StoredMail
from infra.local.mailroom.raw_headers import split_mail
from infra.local.mailroom.ses_event import Receipt, receipt_event, ses_message_id, with_ses_headers

HAND_OVERS_AT_ONCE: Final = 4
"""The emulator starts a process per concurrent call, and each costs about a second of a core."""

RETRY_AFTER_SECONDS: Final = (1, 2, 4, 8, 15)


def planned(handling: Handling, now: datetime, random_bytes: Callable[[int], bytes]) -> tuple[HandOver, ...]:
    """The hand-overs that a handling asks for."""
    due = now + timedelta(seconds=handling.delay_seconds)
    first = HandOver(ses_message_id=ses_message_id(random_bytes(25)), due=due)
    further = (
        first if handling.same_event else HandOver(ses_message_id=ses_message_id(random_bytes(25)), due=due)
        for _ in range(handling.duplicates)
    )
    return (first, *further)


class Postman:
    """Delivers what waits in the mailbox. All of its state is in the mailbox, so a restart loses nothing."""

    def __init__(self, mailbox: Mailbox, inbound: InboundDelivery, clock: Callable[[], datetime]) -> None:
        self._mailbox = mailbox
        self._inbound = inbound
        self._clock = clock
        self._wake = threading.Condition()
        self._waiting: list[tuple[datetime, int, int]] = []
        self._stopping = False
        self._workers = ThreadPoolExecutor(HAND_OVERS_AT_ONCE, thread_name_prefix="mailroom-hand-over")
        self._thread = threading.Thread(target=self._run, name="mailroom-postman", daemon=True)

    def start(self) -> None:
        """Start, with what an earlier run left waiting."""
        for mail in self._mailbox.all():
            self.take(mail)
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        self._thread.join()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def take(self, mail: StoredMail) -> None:
        """Plan every hand-over of a mail that still waits."""
        with self._wake:
            for position, hand_over in enumerate(mail.hand_overs):
                if hand_over.status == "waiting":
                    heapq.heappush(self._waiting, (hand_over.due, mail.number, position))
            self._wake.notify_all()

    def again(self, number: int, random_bytes: Callable[[int], bytes]) -> StoredMail:
        """Deliver a mail once more, now, with an SES message id of its own."""
        fresh = HandOver(ses_message_id=ses_message_id(random_bytes(25)), due=self._clock())
        mail = self._mailbox.change(number, lambda mail: replace(mail, hand_overs=(*mail.hand_overs, fresh)))
        with self._wake:
            heapq.heappush(self._waiting, (fresh.due, number, len(mail.hand_overs) - 1))
            self._wake.notify_all()
        return mail

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._stopping and not self._is_due():
                    self._wake.wait(self._seconds_to_next())
                if self._stopping:
                    return
                _, number, position = heapq.heappop(self._waiting)
            self._workers.submit(self._hand_over, number, position)

    def _is_due(self) -> bool:
        return bool(self._waiting) and self._waiting[0][0] <= self._clock()

    def _seconds_to_next(self) -> float | None:
        if not self._waiting:
            return None
        return max(0.0, (self._waiting[0][0] - self._clock()).total_seconds())

    def _hand_over(self, number: int, position: int) -> None:
        try:
            mail = self._mailbox.get(number)
            stored, receipt = as_received(mail, self._mailbox.raw(number), position, self._inbound)
            self._inbound.store(INBOUND_PREFIX + receipt.ses_message_id, stored)
            self._inbound.invoke(receipt_event(stored=stored, receipt=receipt, function_arn=self._inbound.function_arn))
        except (BotoCoreError, ClientError, OSError, LookupError) as problem:
            self._note_failure(number, position, f"{type(problem).__name__}: {problem}")
        else:
            self._note(number, position, lambda each: replace(each, status="handed_over", error=""))

    def _note_failure(self, number: int, position: int, error: str) -> None:
        def failed(each: HandOver) -> HandOver:
            if each.tries >= len(RETRY_AFTER_SECONDS):
                return replace(each, status="failed", error=error)
            due = self._clock() + timedelta(seconds=RETRY_AFTER_SECONDS[each.tries])
            return replace(each, tries=each.tries + 1, due=due, error=error)

        mail = self._note(number, position, failed)
        hand_over = mail.hand_overs[position]
        if hand_over.status == "waiting":
            with self._wake:
                heapq.heappush(self._waiting, (hand_over.due, number, position))
                self._wake.notify_all()

    def _note(self, number: int, position: int, edit: Callable[[HandOver], HandOver]) -> StoredMail:
        def edited(mail: StoredMail) -> StoredMail:
            changed = replace(edit(mail.hand_overs[position]), finished=self._clock())
            return replace(mail, hand_overs=(*mail.hand_overs[:position], changed, *mail.hand_overs[position + 1 :]))

        return self._mailbox.change(number, edited)


def as_received(mail: StoredMail, raw: bytes, position: int, inbound: InboundDelivery) -> tuple[bytes, Receipt]:
    """The mail as SES would store it, and the receipt that goes with it."""
    ours = tuple(address for address in mail.recipients if address.lower().endswith("@" + inbound.domain))
    receipt = Receipt(
        ses_message_id=mail.hand_overs[position].ses_message_id,
        envelope_from=mail.envelope_from,
        recipients=ours or mail.recipients,
        received_at=mail.received_at,
        verdicts=mail.handling.verdicts,
        region=inbound.region,
    )
    return with_ses_headers(split_mail(raw).without_prefix(CONTROL_PREFIX).to_bytes(), receipt), receipt
