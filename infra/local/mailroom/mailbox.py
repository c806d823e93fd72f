"""The mailroom's folder: one `.eml` file per mail, and an index that only grows until the next start."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from infra.local.mailroom.addresses import first_address, read_addresses
from infra.local.mailroom.handling import Handling, Verdicts
from infra.local.mailroom.raw_headers import RawMail, split_mail
from infra.local.mailroom.reading import first_line
from infra.local.mailroom.ses_event import decoded

Direction = Literal["to_person", "to_service"]
HandOverStatus = Literal["waiting", "handed_over", "failed"]

INDEX_NAME: Final = "index.jsonl"


@dataclass(frozen=True)
class HandOver:
    """One delivery of one mail to the service."""

    ses_message_id: str
    due: datetime
    status: HandOverStatus = "waiting"
    tries: int = 0
    finished: datetime | None = None
    error: str = ""


@dataclass(frozen=True)
class StoredMail:
    """One mail as the mailroom keeps it; `number` counts from 1 in the order of delivery."""

    number: int
    direction: Direction
    received_at: datetime
    envelope_from: str
    recipients: tuple[str, ...]
    size: int
    subject: str
    sender: str
    to: str
    reply_to: str
    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    auto_submitted: str
    first_line: str = ""
    handling: Handling = field(default_factory=Handling)
    hand_overs: tuple[HandOver, ...] = ()

    @property
    def sender_name(self) -> str:
        return first_address(self.sender).name or self.sender_address

    @property
    def sender_address(self) -> str:
        return first_address(self.sender).address or self.envelope_from

    @property
    def answer_address(self) -> str:
        """The address to which a mail client sends an answer: Reply-To, else From."""
        return first_address(self.reply_to).address or self.sender_address


class UnknownMail(LookupError):
    """There is no mail with that number."""


class Mailbox:
    """Keeps mails in a folder, in order, through restarts; safe for several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._changed = threading.Condition()
        self._mails: dict[int, StoredMail] = {}
        self._changes = 0
        self._load()

    def add(
        self,
        *,
        raw: bytes,
        direction: Direction,
        received_at: datetime,
        envelope_from: str,
        recipients: tuple[str, ...],
        handling: Handling,
        hand_overs: tuple[HandOver, ...] = (),
    ) -> StoredMail:
        """Keep one mail and give it the next number."""
        with self._changed:
            mail = _described(
                split_mail(raw),
                number=max(self._mails, default=0) + 1,
                direction=direction,
                received_at=received_at,
                envelope_from=envelope_from,
                recipients=recipients,
                size=len(raw),
            )
            mail = replace(mail, first_line=first_line(raw), handling=handling, hand_overs=hand_overs)
            self._path(mail.number).write_bytes(raw)
            self._record(mail)
            return mail

    def change(self, number: int, edit: Callable[[StoredMail], StoredMail]) -> StoredMail:
        """Replace what is recorded of one mail."""
        with self._changed:
            mail = edit(self.get(number))
            self._record(mail)
            return mail

    def get(self, number: int) -> StoredMail:
        try:
            return self._mails[number]
        except KeyError:
            raise UnknownMail(f"there is no mail {number} in the mailroom") from None

    def raw(self, number: int) -> bytes:
        self.get(number)
        return self._path(number).read_bytes()

    def all(self) -> list[StoredMail]:
        """Every mail, in the order of delivery."""
        with self._changed:
            return list(self._mails.values())

    @property
    def changes(self) -> int:
        """A number that grows whenever a mail arrives or its state changes."""
        return self._changes

    def wait_until(self, found: Callable[[list[StoredMail]], StoredMail | None], timeout: float) -> StoredMail | None:
        """Wait until `found` returns a mail from all mails; None after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: found(list(self._mails.values())) is not None, timeout)
            return found(list(self._mails.values()))

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.eml"

    def _record(self, mail: StoredMail) -> None:
        with (self.folder / INDEX_NAME).open("a", encoding="utf-8") as index:
            index.write(_to_line(mail))
        self._mails[mail.number] = mail
        self._changes += 1
        self._changed.notify_all()

    def _load(self) -> None:
        index = self.folder / INDEX_NAME
        if not index.exists():
            return
        for line in index.read_text(encoding="utf-8").splitlines():
            try:
                mail = _from_line(line)
            except (ValueError, KeyError, TypeError):
                continue  # A line torn by a crash: its mail was not acknowledged to the sender.
            if self._path(mail.number).exists():
                self._mails[mail.number] = mail
        self._mails = dict(sorted(self._mails.items()))
        self._rewrite()

    def _rewrite(self) -> None:
        fresh = self.folder / f"{INDEX_NAME}.new"
        fresh.write_text("".join(_to_line(mail) for mail in self._mails.values()), encoding="utf-8")
        fresh.replace(self.folder / INDEX_NAME)


def _described(
    mail: RawMail,
    *,
    number: int,
    direction: Direction,
    received_at: datetime,
    envelope_from: str,
    recipients: tuple[str, ...],
    size: int,
) -> StoredMail:
    def first(name: str) -> str:
        values = mail.values(name)
        return decoded(values[0]) if values else ""

    return StoredMail(
        number=number,
        direction=direction,
        received_at=received_at,
        envelope_from=envelope_from,
        recipients=recipients,
        size=size,
        subject=first("Subject"),
        sender=first("From"),
        to=first("To"),
        reply_to=first("Reply-To"),
        message_id=first("Message-ID"),
        in_reply_to=tuple(first("In-Reply-To").split()),
        references=tuple(first("References").split()),
        auto_submitted=first("Auto-Submitted"),
    )


def addresses_of(header: str) -> list[str]:
    """The bare addresses of a decoded address header."""
    return [address for _, address in read_addresses(header)]


def _to_line(mail: StoredMail) -> str:
    return json.dumps(asdict(mail), default=datetime.isoformat, ensure_ascii=False) + "\n"


def _from_line(line: str) -> StoredMail:
    record: dict[str, Any] = json.loads(line)
    handling = dict(record.pop("handling"))
    hand_overs = [_hand_over(each) for each in record.pop("hand_overs")]
    return StoredMail(
        **{
            **record,
            "received_at": datetime.fromisoformat(record["received_at"]),
            "recipients": tuple(record["recipients"]),
            "in_reply_to": tuple(record["in_reply_to"]),
            "references": tuple(record["references"]),
        },
        handling=Handling(**{**handling, "verdicts": Verdicts(**handling["verdicts"])}),
        hand_overs=tuple(hand_overs),
    )


def _hand_over(record: dict[str, Any]) -> HandOver:
    finished = record["finished"]
    return HandOver(
        **{
            **record,
            "due": datetime.fromisoformat(record["due"]),
            "finished": datetime.fromisoformat(finished) if finished else None,
        }
    )
