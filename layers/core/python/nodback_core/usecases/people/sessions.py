"""Sessions: who a browser is, where a person is signed in, and signing out."""

from collections.abc import Collection, Sequence
from datetime import datetime

from nodback_core.domain.people.members import Identity, Person
from nodback_core.domain.people.sessions import Session
from nodback_core.domain.people.signing_in import end
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import Store
from nodback_core.usecases.shared.change import change

SESSIONS_ENDED_AT_ONCE = 40
"""A transaction holds at most 100 rows, and each session that ends takes two."""


def identify(address: str, session_id: str, *, store: Store, admins: Collection[str], now: datetime) -> Identity | None:
    """The person behind a session, with the permissions they have now; None when the session has ended. One read."""
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
    who, here = Person.at(identity.address), Session.at(identity.address, identity.session_id)

    def some_of_all(rows: Rows) -> Sequence[Session]:
        # Read after the person's row, which moves with each sign-in: a session that begins meanwhile ends too.
        return live_sessions(identity, store=store, now=now)[:SESSIONS_ENDED_AT_ONCE] if rows[who] else ()

    def decide(rows: Rows) -> Outcome | None:
        person = rows[who]
        return None if person is None else end(person, _sessions_in(rows), now=now)

    if not everywhere:
        change(decide, who, here, on=store, now=now)
        return
    while len(_sessions_in(change(decide, who, on=store, now=now, more=some_of_all))) == SESSIONS_ENDED_AT_ONCE:
        pass  # As many ended as fit into one transaction, so there may be more.


def _sessions_in(rows: Rows) -> list[Session]:
    return [row for row in rows.found.values() if isinstance(row, Session)]
