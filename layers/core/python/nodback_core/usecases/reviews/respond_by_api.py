"""An answer through the API, by the holder of a key."""

import json
from datetime import datetime

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.answering import MAX_SOURCE_CLAIM_CHARACTERS, read_answer
from nodback_core.domain.reviews.closing import too_late
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.requests import Request, Source, Status
from nodback_core.domain.shared.entries import text_digest
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.ports import Objects, Store, Vault
from nodback_core.usecases.reviews.read_requests import visible_to
from nodback_core.usecases.reviews.respond import (
    Answer,
    AsRead,
    Recorded,
    TooLate,
    respond,
    settled,
)
from nodback_core.usecases.shared.attempts import until_written
from nodback_core.usecases.shared.contents import open_key


def respond_by_api(
    request_id: str,
    *,
    feedback: str | None,
    outcome: str | None,
    responder: str | None,
    idempotency_key: str | None,
    caller: Caller,
    store: Store,
    vault: Vault,
    objects: Objects,
    now: datetime,
) -> Recorded:
    """Make this the request's answer; sent again, the very same one is a replay and changes nothing.

    Who answered is the key; `responder` is what its holder says, kept as a claim. Raises InvalidInput, and what
    `too_late` says of a request that was closed otherwise.
    """
    caller.require(Scope.RESPOND, Scope.MANAGE)
    claim = (responder or "").strip() or None
    if claim and (len(claim) > MAX_SOURCE_CLAIM_CHARACTERS or not claim.isprintable()):
        problem = f"at most {MAX_SOURCE_CLAIM_CHARACTERS} printable characters"
        raise InvalidInput((FieldError("responder", problem),))

    def write() -> Recorded | TooLate:
        fetched = store.fetch(Request.at(request_id), ContentKey.at(request_id))
        request, key = (
            visible_to(caller, fetched[Request.at(request_id)], request_id),
            fetched[ContentKey.at(request_id)],
        )
        # Salted like every digest of words: the decision id is an entry's, and outlives the words.
        salt = vault.salt(open_key(key, vault=vault))
        said = json.dumps([idempotency_key, feedback, outcome, claim], ensure_ascii=False)
        decision_id = f"api:{caller.key_id}:{text_digest(salt, said)[:40]}"
        if request.status is not Status.PENDING:
            return settled(request, decision_id)
        chosen, text = read_answer(feedback, outcome, emit=request.emit)
        answer = Answer(
            decision_id=decision_id,
            source=Source.API,
            actor=caller.actor,
            responder=f"key/{caller.key_id}",
            identity=f"API key {caller.key_id} with the scope {caller.scope}",
            outcome=chosen,
            feedback=text,
            reply_text=text,
            source_claim=claim,
        )
        return respond(AsRead(request, key), answer, store=store, vault=vault, objects=objects, now=now)

    told = until_written(write)
    if isinstance(told, Recorded):
        return told
    raise too_late(told.request)
