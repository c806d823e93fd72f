"""Who a browser is: the session that its cookie names, as long as the row allows it."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.people.members import Identity, Person
from nodback_core.domain.people.sessions import Session
from nodback_core.domain.shared.entries import Action, Actor, NewEntry, append
from nodback_core.domain.shared.records import Record
from nodback_core.ports import Store
from nodback_core.usecases.shared.attempts import until_written

SESSIONS_ENDED_AT_ONCE = 40
"""A transaction holds at most 100 rows, and each session that ends takes two."""


def identify(address: str, session_id: str, *, store: Store, admins: Collection[str], now: datetime) -> Identity | None:
    """The person behind a session with the permissions of this moment, in one read; None when it has ended."""
    session_row, person_row = Session.at(address, session_id), Person.at(address)
    fetched = store.fetch(session_row, person_row)
    session, person = fetched[session_row], fetched[person_row]
    if session is None or not session.is_live(now=now):
        return None
    grants = person.grants if person else ()
    return Identity(address, session_id, address in admins, grants, session.created_at)


def live_sessions(identity: Identity, *, store: Store, now: datetime) -> tuple[Session, ...]:
    """Where this person is signed in, the newest first."""
    found: list[Session] = []
    cursor = None
    while True:
        page = store.children(Session, f"person/{identity.address}", "session/", cursor=cursor)
        found += [s for s in page.items if s.is_live(now=now)]
        if (cursor := page.cursor) is None:
            return tuple(sorted(found, key=lambda s: s.created_at, reverse=True))


def sign_out(identity: Identity, *, everywhere: bool = False, store: Store, now: datetime) -> None:
    """End this session, or all of this person's."""
    this = Session.at(identity.address, identity.session_id)

    def write() -> bool:
        person_row = Person.at(identity.address)
        fetched = store.fetch(person_row, this)
        person, session = fetched[person_row], fetched[this]
        ending = [session] if session is not None and session.is_live(now=now) else []
        if everywhere:
            ending = list(live_sessions(identity, store=store, now=now)[:SESSIONS_ENDED_AT_ONCE])
        if person is None or not ending:
            return False
        actor = Actor("person", identity.address)
        told = [NewEntry(Action.SIGNED_OUT, actor, {"session_id": session.session_id}) for session in ending]
        entries, head = append(person.head, told, at=now)
        records: list[Record] = [replace(session, revoked_at=now) for session in ending]
        store.commit([*records, replace(person, last_seq=head.last_seq, head_hash=head.hash)], entries)
        return everywhere

    while until_written(write):
        pass
