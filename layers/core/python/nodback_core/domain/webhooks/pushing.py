"""Pushing: webhooks that resume are told of a decision again and again, until somebody has carried it into its flow.

That is an effect of the entry by which the resume became ready. It stays on the row until the flow has taken the answer
or the resume has failed, whoever claimed it; so a receiver that dies in between is told once more.
"""

from datetime import datetime, timedelta

from nodback_core.domain.flows.resuming import fail
from nodback_core.domain.reviews.requests import Effect, Request
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.webhooks.webhook import PUSH

PUSH_HOURS = 24
NEVER_CLAIMED = (
    f"no receiver claimed the answer within {PUSH_HOURS} hours; "
    "the delivery log of the webhook says what it answered. Repair it, then retry"
)


def push_owed(request: Request, seq: int) -> Effect | None:
    """The effect that receivers are told of the resume that entry `seq` made ready; None when it is owed no more."""
    return next((effect for effect in request.effects if effect.kind == PUSH and effect.seq == seq), None)


def may_be_claimed(request: Request, *, now: datetime) -> bool:
    """Whether nobody holds the resume, so that it makes sense to tell a receiver of it."""
    claimable = request.claimable_at
    return claimable is not None and claimable <= now


def is_over(owed: Effect, *, now: datetime) -> bool:
    """Whether receivers were told for long enough."""
    return owed.at + timedelta(hours=PUSH_HOURS) <= now


def give_up(request: Request, seq: int, *, now: datetime) -> Outcome | None:
    """The resume failed, because no receiver has claimed it in time; None when that is not so (any more)."""
    owed = push_owed(request, seq)
    if owed is None or not is_over(owed, now=now) or not may_be_claimed(request, now=now):
        return None
    return fail(request, NEVER_CLAIMED)


def leave_to_workers(request: Request, seq: int) -> Outcome | None:
    """The request owing no push for this entry, since there is no receiver any more; None when it owes none anyway."""
    owed = push_owed(request, seq)
    return None if owed is None else Outcome(rows=(request.without_effect(owed.id),))
