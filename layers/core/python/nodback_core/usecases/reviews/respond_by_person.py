"""An answer on the dashboard, by the person who was asked."""

from datetime import datetime

from nodback_core.domain.people.members import Identity
from nodback_core.domain.reviews.answering import Taken, answer, responded
from nodback_core.domain.reviews.happenings import Responded
from nodback_core.domain.reviews.requests import Request, Source
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import FieldError, Forbidden, InvalidInput
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import Storage
from nodback_core.usecases.reviews.read_requests import visible_to
from nodback_core.usecases.reviews.respond import IdOf, Recorded, respond

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
    storage: Storage,
    now: datetime,
) -> Recorded:
    """Make this the request's answer; the same form sent twice is a replay and changes nothing.

    Raises NotFound and Forbidden for what is not this person's, InvalidInput for an answer that says nothing or none of
    the options that are asked for, and what `too_late` says of a request that was closed otherwise.
    """

    def decide(rows: Rows, id_of: IdOf) -> Outcome | None:
        request = answerable(rows[Request.at(request_id)], request_id, identity=identity)

        def understand(taken: Taken) -> Responded:
            said = responded(
                taken,
                feedback,
                outcome,
                emit=request.emit,
                by=Actor("reviewer", identity.address),
                source=Source.DASHBOARD,
                responder=identity.address,
                identity=IDENTITY,
                session_id=identity.session_id,
            )
            if said.outcome is None and request.emit and request.free_text == "ask":
                raise InvalidInput((FieldError("outcome", "choose one of the options; your words go along with it"),))
            return said

        return answer(request, id_of(f"dashboard:{identity.session_id}", form_id), understand, now=now)

    return respond(request_id, decide, on=storage, now=now)


def answerable(found: Request | None, request_id: str, *, identity: Identity) -> Request:
    """The request if this person is the one who is asked; raises NotFound and Forbidden otherwise."""
    caller = identity.within(found.deployment_id if found else 0)
    if (
        found is not None
        and _was_asked(found, identity)
        and not caller.sees(found.deployment_id, found.assignment.address)
    ):
        # They know of the request, so it is not hidden from them; who has it now is.
        raise Forbidden("this request is assigned to somebody else now, and only they answer it", code="not_yours")
    request = visible_to(caller, found, request_id)
    if not may_answer(request, identity):
        problem = f"this request is assigned to {request.assignment.address}, and only they answer it here"
        raise Forbidden(problem, code="not_yours")
    return request


def _was_asked(request: Request, identity: Identity) -> bool:
    return any(assignment.address == identity.address for assignment in request.earlier)
