"""Giving a pending request to somebody else: a new round, in which only the new address may answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from signoff_core.domain.canonical import Json
from signoff_core.domain.closing import EffectDraft, NotPending, record
from signoff_core.domain.entries import Action, Actor, Entry, Happening
from signoff_core.domain.requests import Assignment, Request, Status

MAX_EARLIER_ROUNDS = 20


def reassign(
    request: Request, to: str, *, action: Action, actor: Actor, data: Mapping[str, Json], now: datetime
) -> tuple[Request, tuple[Entry, ...]]:
    """The request in its next round, with the mails to both; raises NotPending when it is closed.

    `action` is REQUEST_REASSIGNED or REQUEST_ESCALATED. Deadlines stay as they are.
    """
    if request.status is not Status.PENDING:
        raise NotPending(request)
    before = request.assignment
    after = Assignment(before.round + 1, to)
    effects: tuple[EffectDraft, ...] = ()
    if request.email_notifications:
        letter = "escalated" if action is Action.REQUEST_ESCALATED else "review_request"
        effects = (EffectDraft("mail", letter, to), EffectDraft("mail", "reassigned", before.address))
    changed = replace(request, assignment=after, earlier=(*request.earlier, before)[-MAX_EARLIER_ROUNDS:])
    facts: dict[str, Json] = {**data, "from_email": before.address, "to_email": to, "round": after.round}
    return record(changed, Happening(action, actor, facts), effects, now=now)
