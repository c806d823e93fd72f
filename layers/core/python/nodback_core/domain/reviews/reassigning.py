"""Giving a pending request to somebody else: a new round, in which only the new address may answer."""

from dataclasses import replace

from nodback_core.domain.letters.kinds import LetterKind, mail
from nodback_core.domain.reviews.closing import because, too_late
from nodback_core.domain.reviews.happenings import Escalated, Reassigned
from nodback_core.domain.reviews.requests import Assignment, Request, Status
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import Refused
from nodback_core.domain.shared.happenings import Digested, EffectDraft
from nodback_core.domain.shared.outcomes import Change

MAX_EARLIER_ROUNDS = 20
MAX_ROUNDS = 50
"""How often people may pass a request on, so that what its row owes has an end; an escalation is always done."""


def reassign(request: Request, to: str, *, by: Actor, reason: str | None) -> Change:
    """The request in its next round, given to `to` by a person, with a mail to both. Deadlines stay as they are.

    Raises what `too_late` says of a closed request, and Refused: `too_many_rounds` when people have passed it on
    `MAX_ROUNDS` times, `already_assigned` when it is theirs.
    """
    if request.status is not Status.PENDING:
        raise too_late(request)
    before = request.assignment
    if before.round >= MAX_ROUNDS:
        raise Refused(
            f"the request was given to somebody else {before.round - 1} times already: let the assignee answer, "
            "answer it by the API, or cancel it",
            code="too_many_rounds",
        )
    if to == before.address:
        raise Refused(f"the request is assigned to {to} already", code="already_assigned")
    passed_on = _in_next_round(request, to)
    happened = Reassigned(
        by=by,
        calls_for=_mails(request, to, LetterKind.REVIEW_REQUEST),
        from_email=before.address,
        to_email=to,
        round=passed_on.assignment.round,
        reason_digest=Digested(reason) if reason else None,
    )
    return because(reason, Change(passed_on, (happened,)))


def escalate(request: Request, to: str, *, step: str) -> Change:
    """The request in its next round because nobody has answered; only a note of it when it is theirs already."""
    before = request.assignment
    if to == before.address:
        return Change(request, (Escalated(step=step, skipped="already the assignee"),))
    passed_on = _in_next_round(request, to)
    happened = Escalated(
        calls_for=_mails(request, to, LetterKind.ESCALATED),
        step=step,
        from_email=before.address,
        to_email=to,
        round=passed_on.assignment.round,
    )
    return Change(passed_on, (happened,))


def _in_next_round(request: Request, to: str) -> Request:
    before = request.assignment
    earlier = (*request.earlier, before)[-MAX_EARLIER_ROUNDS:]
    return replace(request, assignment=Assignment(before.round + 1, to), earlier=earlier, reason_seq=None)


def _mails(request: Request, to: str, letter: LetterKind) -> tuple[EffectDraft, ...]:
    """To the new assignee, and to the one before."""
    if not request.email_notifications:
        return ()
    return mail(letter, to), mail(LetterKind.REASSIGNED, request.assignment.address)
