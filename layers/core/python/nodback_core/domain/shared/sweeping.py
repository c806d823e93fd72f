"""What the sweeper finds overdue on a row, and the row once it has asked again."""

from dataclasses import dataclass, replace
from datetime import datetime

from nodback_core.domain.reviews.requests import Effect, Request
from nodback_core.domain.shared.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Overdue:
    """What should have happened to a request by now: effects that are not recorded as done, and a wait that is lost."""

    effects: tuple[Effect, ...]
    wait: bool

    @property
    def causes(self) -> list[int]:
        """The numbers of the entries that caused the effects."""
        return sorted({effect.seq for effect in self.effects})


def overdue(request: Request, *, now: datetime) -> Overdue | None:
    """What is overdue on a request; None when nothing is."""
    effects = tuple(e for e in request.effects if e.due is not None and e.due <= now)
    wait = request.wait_lost_at is not None and request.wait_lost_at <= now
    return Overdue(effects, wait) if effects or wait else None


def ask_again(request: Request, late: Overdue, *, now: datetime) -> Outcome:
    """The request, with a note that somebody asked for what is late; the next time comes later each time."""
    for effect in late.effects:
        request = request.asking_again(effect.id, now=now)
    if late.wait:
        request = replace(request, wake_asked_at=now)
    return Outcome(rows=(request,))
