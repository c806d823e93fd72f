"""Recording an answer, whatever channel it came by: the one arbiter's front."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from nodback_core.domain.reviews.closing import Closing, EffectDraft, close
from nodback_core.domain.reviews.contents import ContentKey, ContentKind
from nodback_core.domain.reviews.requests import Decision, Request, Source, Status
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Actor, text_digest
from nodback_core.domain.shared.records import Record
from nodback_core.ports import Objects, Store, Vault
from nodback_core.usecases.shared.contents import open_key, seal_content


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as its channel understood it.

    `decision_id` is derived from the channel and the message, so that the same message again is known as a replay.
    """

    decision_id: str
    source: Source
    actor: Actor
    responder: str
    identity: str
    outcome: str | None
    feedback: str
    reply_text: str
    source_claim: str | None = None
    evidence: Mapping[str, Json] = field(default_factory=dict)
    """What proves it, for the entry: ids, digests and verdicts, no text."""
    effects: tuple[EffectDraft, ...] = ()
    marks: tuple[Record, ...] = ()
    """Records to write along with the decision, such as the mail that was seen."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer is the decision; `replayed` when it was already."""

    request: Request
    replayed: bool


@dataclass(frozen=True, slots=True)
class TooLate:
    """The request had been closed before; nothing was changed."""

    request: Request


@dataclass(frozen=True, slots=True)
class AsRead:
    """A request and its key as a channel has just read and checked them."""

    request: Request
    content_key: ContentKey | None


def respond(
    rows: AsRead, answer: Answer, *, store: Store, vault: Vault, objects: Objects, now: datetime
) -> Recorded | TooLate:
    """Make `answer` the decision if the request is pending; otherwise say what it is instead.

    The words are sealed, and the row, the entry and the words written in one transaction, over exactly the rows that
    the caller has read and checked. Raises Changed when they have moved since. The caller then starts again with its
    checks, because whoever was allowed to answer a moment ago may not be now.
    """
    request = rows.request
    if request.status is not Status.PENDING:
        return settled(request, answer.decision_id)
    key = open_key(rows.content_key, vault=vault)
    salt = vault.salt(key)
    words = seal_content(
        ContentKind.RESPONSE,
        {"feedback": answer.feedback, "reply_text": answer.reply_text},
        request_id=request.request_id,
        key=key,
        vault=vault,
        objects=objects,
    )
    decision = Decision(
        decision_id=answer.decision_id,
        at=now,
        source=answer.source,
        responder=answer.responder,
        identity=answer.identity,
        outcome=answer.outcome,
        source_claim=answer.source_claim,
        seconds=max(0, int((now - request.opened_at).total_seconds())),
    )
    data: dict[str, Json] = {
        **answer.evidence,
        "feedback_digest": text_digest(salt, answer.feedback),
        "reply_text_digest": text_digest(salt, answer.reply_text),
    }
    closing = Closing(Status.RESPONDED, answer.actor, decision=decision, data=data, effects=answer.effects)
    closed, entries = close(request, closing, now=now)
    store.commit([closed, words, *answer.marks], entries)
    return Recorded(closed, replayed=False)


def settled(request: Request, decision_id: str) -> Recorded | TooLate:
    """What a closed request says to a decision: that it was this very one, or that it came too late."""
    if request.decision is not None and request.decision.decision_id == decision_id:
        return Recorded(request, replayed=True)
    return TooLate(request)
