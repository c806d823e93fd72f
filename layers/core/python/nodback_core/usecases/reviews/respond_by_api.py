"""An answer through the API, by the holder of a key."""

import json
from datetime import datetime

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.answering import MAX_SOURCE_CLAIM_CHARACTERS, Taken, answer, responded
from nodback_core.domain.reviews.happenings import Responded
from nodback_core.domain.reviews.requests import Request, Source
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import Storage
from nodback_core.usecases.reviews.read_requests import visible_to
from nodback_core.usecases.reviews.respond import IdOf, Recorded, respond


def respond_by_api(
    request_id: str,
    *,
    feedback: str | None,
    outcome: str | None,
    responder: str | None,
    idempotency_key: str | None,
    caller: Caller,
    storage: Storage,
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

    def decide(rows: Rows, id_of: IdOf) -> Outcome | None:
        request = visible_to(caller, rows[Request.at(request_id)], request_id)

        def understand(taken: Taken) -> Responded:
            return responded(
                taken,
                feedback,
                outcome,
                emit=request.emit,
                by=caller.actor,
                source=Source.API,
                responder=f"key/{caller.key_id}",
                identity=f"API key {caller.key_id} with the scope {caller.scope}",
                source_claim=claim,
            )

        message = json.dumps([idempotency_key, feedback, outcome, claim], ensure_ascii=False)
        return answer(request, id_of(f"api:{caller.key_id}", message), understand, now=now)

    return respond(request_id, decide, on=storage, now=now)
