"""Making an answer the decision of its request: how a replay is known and what "too late" means, for every channel.

A channel says who may answer, how it understood the answer, and by which id it knows the same message again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypedDict

from nodback_core.domain.reviews.closing import close, too_late
from nodback_core.domain.reviews.contents import ContentKind
from nodback_core.domain.reviews.happenings import Answered, Responded
from nodback_core.domain.reviews.options import match_option
from nodback_core.domain.reviews.requests import Decision, Request, Source, Status
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.domain.shared.happenings import Digested
from nodback_core.domain.shared.outcomes import Change, Outcome, Text
from nodback_core.domain.shared.records import Record
from nodback_core.domain.shared.times import stamp

MAX_FEEDBACK_CHARACTERS = 64_000
MAX_SOURCE_CLAIM_CHARACTERS = 100


class Taken(TypedDict):
    """What every answer says from the moment at which it is taken."""

    decision_id: str
    response_seconds: int
    decided_at: str


def answer(
    request: Request,
    decision_id: str,
    understand: Callable[[Taken], Answered],
    *,
    now: datetime,
    also: tuple[Record, ...] = (),
) -> Outcome | None:
    """The request with its answer; None when this very answer is its decision already: a replay changes nothing.

    `decision_id` follows from the channel and the message, so the same message again has the same one. `understand` is
    asked only while the request is pending. `also` are further rows to write, such as the mail that was seen. Raises
    what `too_late` says of a request that was closed otherwise, and what `understand` raises.
    """
    if request.decision is not None and request.decision.decision_id == decision_id:
        return None
    if request.status is not Status.PENDING:
        raise too_late(request)
    seconds = max(0, int((now - request.opened_at).total_seconds()))
    said = understand(Taken(decision_id=decision_id, response_seconds=seconds, decided_at=stamp(now)))
    decision = Decision(
        decision_id=decision_id,
        at=now,
        source=Source(said.source),
        responder=said.responder,
        identity=said.identity,
        outcome=said.outcome,
        source_claim=said.source_claim,
        seconds=seconds,
    )
    closed = close(request, said, decision=decision, now=now)
    words = {"feedback": _words(said.feedback_digest), "reply_text": _words(said.reply_text_digest)}
    return Outcome((Change(closed.row, closed.happened, (Text(ContentKind.RESPONSE, words),)),), also)


def _words(given: Digested | str) -> str:
    assert isinstance(given, Digested), "an answer that is made now brings its words"
    return given.text


def responded(
    taken: Taken,
    feedback: str | None,
    outcome: str | None,
    *,
    emit: Sequence[str],
    by: Actor,
    source: Source,
    responder: str,
    identity: str,
    source_claim: str | None = None,
    session_id: str | None = None,
) -> Responded:
    """The answer that a program or a page hands over, as `read_answer` reads it."""
    chosen, text = read_answer(feedback, outcome, emit=emit)
    return Responded(
        **taken,
        by=by,
        source=source,
        responder=responder,
        identity=identity,
        outcome=chosen,
        feedback_digest=Digested(text),
        reply_text_digest=Digested(text),
        source_claim=source_claim,
        session_id=session_id,
    )


def read_answer(feedback: str | None, outcome: str | None, *, emit: Sequence[str]) -> tuple[str | None, str]:
    """Outcome and feedback of a programmatic answer: an explicit outcome must be an option, else the text is read.

    Raises InvalidInput for an unknown outcome, for nothing at all, and for too much.
    """
    text = (feedback or "").strip()
    if len(text) > MAX_FEEDBACK_CHARACTERS:
        raise InvalidInput((FieldError("feedback", f"at most {MAX_FEEDBACK_CHARACTERS} characters"),))
    if outcome is not None:
        chosen = match_option(outcome, emit)
        if chosen is None:
            known = ", ".join(emit) or "none: this request takes free text only"
            raise InvalidInput((FieldError("outcome", f"{outcome!r} is not an option of this request ({known})"),))
        return chosen, text or chosen
    if not text:
        raise InvalidInput((FieldError("feedback", "say something: a blank answer is never recorded"),))
    return match_option(text, emit), text
