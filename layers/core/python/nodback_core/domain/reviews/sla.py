"""The service-level target of a request: until when an answer is in time, and how it stands."""

from datetime import datetime, timedelta
from enum import StrEnum


class SlaState(StrEnum):
    """`running` while there is time and no end; `met` when it ended in time; `breached` from the due moment on."""

    RUNNING = "running"
    MET = "met"
    BREACHED = "breached"


def due_at(opened_at: datetime, sla_ms: int | None) -> datetime | None:
    """The moment from which an answer is late, or None without a target."""
    return None if sla_ms is None else opened_at + timedelta(milliseconds=sla_ms)


def state(due: datetime | None, *, closed_at: datetime | None, now: datetime) -> SlaState | None:
    """How the target stands at `now`, or None without one; once the request has closed it does not change again."""
    if due is None:
        return None
    if (closed_at or now) >= due:
        return SlaState.BREACHED
    return SlaState.RUNNING if closed_at is None else SlaState.MET
