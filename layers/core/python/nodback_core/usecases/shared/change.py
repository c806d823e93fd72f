"""The one way to change what is stored: read, decide, append to the trail, write, and again over newer rows.

What decides is a pure function over the rows that were read. When somebody else wrote first, it decides again, so a
caller who has lost the right meanwhile is refused.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import TypeVar, cast

from nodback_core.domain.reviews.contents import Content, ContentKey, JsonValue
from nodback_core.domain.reviews.owing import note
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.entries import Entry, NewEntry, append, text_digest
from nodback_core.domain.shared.outcomes import Change, Outcome, Subject
from nodback_core.domain.shared.records import Key, Record, Rows
from nodback_core.ports import Changed, Counters, DataKey, Storage, Store
from nodback_core.usecases.shared.attempts import until_written
from nodback_core.usecases.shared.contents import open_key, seal_content

F = TypeVar("F")


def change(
    decide: Callable[[Rows], Outcome | None],
    *keys: Key[Record],
    on: Store | Storage,
    now: datetime,
    as_read: Rows | None = None,
    more: Callable[[Rows], Iterable[Record]] | None = None,
) -> Rows:
    """Write what `decide` makes of the rows at `keys`; returns the rows as they are stored then.

    Nothing is written when it makes nothing of them (None). A request that is changed with words needs its `ContentKey`
    among the rows, and a `Storage`. `as_read` saves the first read: the first try is made over these rows, and writes
    only if they are still at these versions. `more` reads what has no key before these rows are known, such as a list;
    it reads again at each try.
    Raises what `decide` and `more` raise, and Busy when others write again and again.
    """
    store = on.store if isinstance(on, Storage) else on
    known = as_read

    def once() -> Rows:
        nonlocal known
        rows, known = known or store.fetch(*keys), None
        if more is not None:
            rows = rows.along_with(more(rows))
        outcome = decide(rows)
        return rows if outcome is None else _write(outcome, rows, store, on, now)

    return until_written(once)


def change_once(outcome: Outcome, *, on: Store | Storage, now: datetime, rows: Rows | None = None) -> Rows | None:
    """Write an outcome once, over the rows that it was decided over; None, and nothing written, if they changed."""
    store = on.store if isinstance(on, Storage) else on
    with suppress(Changed):
        return _write(outcome, rows or Rows({}), store, on, now)
    return None


def count_once(
    facts: Sequence[F],
    *,
    mark: Callable[[F], Record],
    additions: Callable[[Sequence[F]], Sequence[Counters]],
    on: Store,
) -> Sequence[F]:
    """Count each fact once, even if others count it at the same time; returns those that nobody had counted.

    `additions` says what facts add to the counters. `mark` is the row that says that a fact is counted. All facts are
    added in one transaction, and one by one only when some were counted already.
    """
    try:
        on.increment(additions(facts), [mark(fact) for fact in facts])
    except Changed:
        if len(facts) == 1:
            return ()
    else:
        return facts
    keys = [mark(fact).key for fact in facts]
    known = on.fetch(*keys)
    left = [fact for fact, key in zip(facts, keys, strict=True) if known[key] is None]
    return [new for fact in left for new in count_once([fact], mark=mark, additions=additions, on=on)]


def _write(outcome: Outcome, rows: Rows, store: Store, on: Store | Storage, now: datetime) -> Rows:
    written: list[Record] = []
    entries: list[Entry] = []
    for one in outcome.changes:
        subject, more, contents = _noted(one, (*outcome.rows, *rows.found.values()), on, now)
        written += [subject, *contents]
        entries += more
    written += outcome.rows
    store.commit(written, entries, removals=outcome.removals)
    return rows.after(written, outcome.removals)


def _noted(
    change: Change, rows: Sequence[Record], on: Store | Storage, now: datetime
) -> tuple[Subject, list[Entry], list[Content]]:
    """The subject with its entries, and its sealed words."""
    subject, entries = change.row, list[Entry]()

    @cache
    def key() -> DataKey:
        assert isinstance(on, Storage), "words need a storage"
        assert isinstance(subject, Request), "only requests have words"
        request_id = subject.request_id
        found = [row for row in rows if isinstance(row, ContentKey) and row.request_id == request_id]
        return open_key(found[0] if found else None, vault=on.vault)

    def digest(text: str) -> str:
        assert isinstance(on, Storage)
        return text_digest(on.vault.salt(key()), text)

    for happening in change.happened:
        if isinstance(subject, Request):
            subject, more = note(subject, happening, digest=digest, now=now)
        else:
            entry = NewEntry(happening.action, happening.by, happening.facts())
            more, head = append(subject.head, [entry], at=now)
            subject = subject.at_head(head)
        entries += more
    contents = []
    for text in change.texts:
        assert isinstance(on, Storage)
        assert isinstance(subject, Request)
        contents.append(
            seal_content(
                text.kind,
                cast("JsonValue", text.value),
                request_id=subject.request_id,
                key=key(),
                storage=on,
                version=text.version,
                seq=subject.last_seq if text.is_of_entry else None,
            )
        )
    return subject, entries, contents
