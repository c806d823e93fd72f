"""A store that looks at every write: nothing that it lets pass may break what the service promises."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from threading import RLock

from nodback_core.domain.reviews.requests import RESUME_STEPS, Effect, Request, Resume, ResumeStatus, Status
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.records import Record

REPLY_ADDRESS = re.compile(r"r-[a-z2-7]{56}", re.IGNORECASE)
CLOSING_ACTIONS = {
    "request.responded",
    "request.auto_responded",
    "request.cancelled",
    "request.superseded",
}


class BrokenPromise(AssertionError):
    """A write that must never happen."""


class Witness:
    """Passes everything on to `store`; after each write that landed it compares the requests with what they were."""

    def __init__(self, store: object, secrets: Sequence[str] = ()):
        object.__setattr__(self, "_store", store)
        object.__setattr__(self, "_lock", RLock())
        object.__setattr__(self, "_secrets", tuple(secrets))
        object.__setattr__(self, "requests", {})
        object.__setattr__(self, "owed", defaultdict(dict))
        object.__setattr__(self, "touched", set())

    def __getattr__(self, attribute: str) -> object:
        return getattr(self._store, attribute)

    def __setattr__(self, attribute: str, value: object) -> None:
        setattr(self._store, attribute, value)

    def commit(
        self, records: Sequence[Record], entries: Sequence[Entry] = (), *, removals: Sequence[Record] = ()
    ) -> None:
        with self._lock:
            self._store.commit(records, entries, removals=removals)
            self._look_for_secrets(repr(records))
            self._look_for_secrets(repr([e.document() for e in entries]))
            for record in records:
                if isinstance(record, Request):
                    self._compare(record, [e for e in entries if e.subject == record.subject])

    def _look_for_secrets(self, text: str) -> None:
        if found := REPLY_ADDRESS.search(text):
            raise BrokenPromise(f"a reply token was written: {found[0][:12]}...")
        if any(secret in text for secret in self._secrets):
            raise BrokenPromise("a secret was written")

    def _compare(self, now: Request, entries: Sequence[Entry]) -> None:
        before = self.requests.get(now.request_id)
        self.requests[now.request_id] = now
        self.touched.add(now.request_id)
        closings = [e for e in entries if e.action.value in CLOSING_ACTIONS]
        for effect in now.effects:
            self.owed[now.request_id][effect.id] = effect
        if entries and (entries[-1].seq, entries[-1].hash) != (now.last_seq, now.head_hash):
            raise BrokenPromise("the row's head is not its newest entry")
        if before is None:
            return
        if [e.seq for e in entries] != list(range(before.last_seq + 1, now.last_seq + 1)):
            raise BrokenPromise("the entries of a write do not follow the ones before")
        if not entries and _without_bookkeeping(now) != _without_bookkeeping(before):
            raise BrokenPromise("a change without an entry")
        if len(closings) != (before.status is Status.PENDING and now.status is not Status.PENDING):
            raise BrokenPromise(f"{before.status} became {now.status} with {len(closings)} entries of a closing")
        if before.status is not Status.PENDING and (before.status, before.decision) != (now.status, now.decision):
            raise BrokenPromise(f"a closed request was decided again: {before.decision} became {now.decision}")
        step = before.resume.status, now.resume.status
        if step[0] is not step[1] and step[1] not in RESUME_STEPS[step[0]]:
            raise BrokenPromise(f"a resume went from {step[0]} to {step[1]}")
        if (now.decision is None) != (now.resume.status is ResumeStatus.NONE):
            raise BrokenPromise("a decision without a resume, or a resume without a decision")

    def effects(self, request_id: str) -> dict[str, Effect]:
        """Every effect that the request has ever owed, by id."""
        return self.owed[request_id]


def _without_bookkeeping(request: Request) -> Request:
    """The request without what the sweeper and a renewed lease change in silence."""
    effects = tuple(replace(e, asked=0, due=None) for e in request.effects)
    resume: Resume = replace(request.resume, lease_until=None)
    return replace(request, version=0, wake_asked_at=None, effects=effects, resume=resume)
