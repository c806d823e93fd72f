"""An answer on the dashboard, by the person who was asked."""

from datetime import datetime

from signoff_core.domain.contents import ContentKey
from signoff_core.domain.entries import Actor, text_digest
from signoff_core.domain.errors import FieldError, Forbidden, InvalidInput
from signoff_core.domain.members import Identity
from signoff_core.domain.requests import Request, Source, Status
from signoff_core.ports import Objects, Store, Vault
from signoff_core.usecases.contents import open_key
from signoff_core.usecases.read_requests import visible_to
from signoff_core.usecases.respond import Answer, Recorded, read_answer, respond, settled, too_late

IDENTITY = "signed in by mail"


def may_answer(request: Request, identity: Identity) -> bool:
    """Whether this person was asked; a manager who was not can take the request over first, which leaves a trace."""
    return request.assignment.address == identity.address


def respond_by_person(
    request_id: str,
    *,
    feedback: str,
    outcome: str | None,
    form_id: str,
    identity: Identity,
    store: Store,
    vault: Vault,
    objects: Objects,
    now: datetime,
) -> Recorded:
    """Make this the request's answer; the same form sent twice is a replay and changes nothing.

    Raises NotFound and Forbidden for what is not this person's, InvalidInput for an answer that says nothing or none of
    the options that are asked for, and what `too_late` says of a request that was closed otherwise.
    """
    fetched = store.fetch(Request.at(request_id), ContentKey.at(request_id))
    found = fetched[Request.at(request_id)]
    deployment_id = found.deployment_id if found else 0
    request = visible_to(identity.within(deployment_id), found, request_id)
    if not may_answer(request, identity):
        problem = f"this request is assigned to {request.assignment.address}, and only they answer it here"
        raise Forbidden(problem, code="not_yours")
    # Salted like every digest of words: the decision id is an entry's, and outlives the words.
    salt = vault.salt(open_key(fetched[ContentKey.at(request_id)], vault=vault))
    decision_id = f"dashboard:{identity.session_id}:{text_digest(salt, form_id)[:40]}"
    told = settled(request, decision_id) if request.status is not Status.PENDING else None
    if told is None:
        chosen, text = read_answer(feedback, outcome, emit=request.emit)
        if chosen is None and request.emit and request.free_text == "ask":
            raise InvalidInput((FieldError("outcome", "choose one of the options; your words go along with it"),))
        answer = Answer(
            decision_id=decision_id,
            source=Source.DASHBOARD,
            actor=Actor("reviewer", identity.address),
            responder=identity.address,
            identity=IDENTITY,
            outcome=chosen,
            feedback=text,
            reply_text=text,
            evidence={"session_id": identity.session_id},
        )
        told = respond(request_id, answer, store=store, vault=vault, objects=objects, now=now)
    if isinstance(told, Recorded):
        return told
    raise too_late(told.request)
