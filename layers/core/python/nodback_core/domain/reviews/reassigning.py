"""Giving a pending request to somebody else: a new round, in which only the new address may answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.reviews.closing import EffectDraft, NotPending, record
from nodback_core.domain.reviews.requests import Assignment, Request, Status
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action, Actor, Entry, NewEntry
from nodback_core.domain.shared.errors import Refused

MAX_EARLIER_ROUNDS = 20
MAX_ROUNDS = 50
"""How often people may pass a request on, so that what its row owes has an end; an escalation is always done."""


def reassign(
    request: Request, to: str, *, action: Action, actor: Actor, data: Mapping[str, Json], now: datetime
) -> tuple[Request, tuple[Entry, ...]]:
    """The request in its next round, with the mails to both; raises NotPending when it is closed, and Refused
    `too_many_rounds` when people have passed it on `MAX_ROUNDS` times.

    `action` is REQUEST_REASSIGNED or REQUEST_ESCALATED. Deadlines stay as they are.
    """
    if request.status is not Status.PENDING:
        raise NotPending(request)
    before = request.assignment
    if action is Action.REQUEST_REASSIGNED and before.round >= MAX_ROUNDS:
        raise Refused(
            f"the request was given to somebody else {before.round - 1} times already: let the assignee answer, "
            "answer it by the API, or cancel it",
            code="too_many_rounds",
        )
    after = Assignment(before.round + 1, to)
    effects: tuple[EffectDraft, ...] = ()
    if request.email_notifications:
        letter = "escalated" if action is Action.REQUEST_ESCALATED else "review_request"
        effects = (EffectDraft("mail", letter, to), EffectDraft("mail", "reassigned", before.address))
    earlier = (*request.earlier, before)[-MAX_EARLIER_ROUNDS:]
    changed = replace(request, assignment=after, earlier=earlier, reason_seq=None)
    facts: dict[str, Json] = {**data, "from_email": before.address, "to_email": to, "round": after.round}
    return record(changed, NewEntry(action, actor, facts), effects, now=now)
