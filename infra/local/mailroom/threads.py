"""Which mails belong together: by Message-ID, In-Reply-To and References, and by the reply address they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.local.mailroom.mailbox import StoredMail, addresses_of


@dataclass(frozen=True)
class Thread:
    """The mails of one conversation, oldest first."""

    mails: tuple[StoredMail, ...]

    @property
    def newest(self) -> StoredMail:
        return self.mails[-1]

    @property
    def subject(self) -> str:
        return self.mails[0].subject or "(no subject)"

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody in the conversation except the service, in order of appearance."""
        seen: dict[str, None] = {}
        for mail in self.mails:
            names = mail.recipients if mail.direction == "to_person" else (mail.sender_address,)
            seen.update(dict.fromkeys(name.lower() for name in names if name))
        return tuple(seen)


def threads(mails: Sequence[StoredMail]) -> list[Thread]:
    """Group mails into conversations, the one with the newest mail first."""
    root: dict[str, str] = {}

    def find(key: str) -> str:
        while root.setdefault(key, key) != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    for mail in mails:
        own = find(_key(mail))
        for link in _links(mail):
            root[find(link)] = own
    groups: dict[str, list[StoredMail]] = {}
    for mail in mails:
        groups.setdefault(find(_key(mail)), []).append(mail)
    found = [Thread(tuple(sorted(group, key=lambda mail: mail.number))) for group in groups.values()]
    return sorted(found, key=lambda thread: thread.newest.number, reverse=True)


def thread_of(mails: Sequence[StoredMail], number: int) -> Thread:
    """The conversation that holds a mail."""
    return next(thread for thread in threads(mails) if any(mail.number == number for mail in thread.mails))


def answers_to(mail: StoredMail, thread: Thread) -> tuple[StoredMail, ...]:
    """Mails of the thread that came after this one and name it, or the mail it answers, as what they follow."""
    later = (each for each in thread.mails if each.number > mail.number and each.direction == "to_person")
    named = {mail.message_id, *mail.in_reply_to} - {""}
    return tuple(each for each in later if named & {*each.in_reply_to, *each.references})


def _key(mail: StoredMail) -> str:
    return f"mail {mail.number}"


def _links(mail: StoredMail) -> Iterable[str]:
    for message_id in (mail.message_id, *mail.in_reply_to, *mail.references):
        if message_id:
            yield f"id {message_id}"
    # Pressing a mailto: button starts a new mail without References; the address still tells what it answers.
    addresses = addresses_of(mail.reply_to) if mail.direction == "to_person" else mail.recipients
    for address in addresses:
        yield f"address {address.lower()}"
