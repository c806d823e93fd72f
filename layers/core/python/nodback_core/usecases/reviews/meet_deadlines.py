"""A wait has ended: do what is due for a pending request, and say when to wake next."""

from datetime import datetime

from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.reviews.waking import step_due, take, wake_after
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import Storage
from nodback_core.usecases.shared.change import change


def meet_deadlines(request_id: str, *, storage: Storage, now: datetime) -> datetime | None:
    """Take every step that is due, each in a transaction of its own; returns the next wake, None when there is none.

    Safe at any time and any number of times: what is done is recorded in the row that the step changes.
    """
    row, key = Request.at(request_id), ContentKey.at(request_id)

    def decide(rows: Rows) -> Outcome | None:
        request = rows[row]
        step = step_due(request, now=now) if request is not None else None
        return take(request, step, now=now) if request is not None and step is not None else None

    rows = storage.store.fetch(row, key)
    while (request := rows[row]) is not None and step_due(request, now=now) is not None:
        rows = change(decide, row, key, on=storage, now=now, as_read=rows)
    return None if request is None else wake_after(request)
