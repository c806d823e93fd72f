"""A person gives a pending request to somebody else."""

from datetime import datetime

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.reassigning import reassign
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import Storage
from nodback_core.usecases.reviews.read_requests import visible_to
from nodback_core.usecases.reviews.reasons import checked_reason
from nodback_core.usecases.shared.change import change


def reassign_request(
    request_id: str,
    to: str,
    *,
    reason: str | None,
    caller: Caller,
    storage: Storage,
    now: datetime,
) -> Request:
    """The request with `to` as its assignee, in its next round; both are mailed, deadlines stay as they are.

    Raises InvalidInput (address, reason), Refused `already_assigned` or `too_many_rounds`, and what `too_late` says of
    a closed request.
    """
    caller.require(Scope.MANAGE, Scope.INSTALL)
    words = checked_reason(reason)
    try:
        address = normalise(to)
    except InvalidAddress as error:
        raise InvalidInput((FieldError("to_email", str(error)),)) from None

    def decide(rows: Rows) -> Outcome:
        request = visible_to(caller, rows[Request.at(request_id)], request_id)
        return Outcome((reassign(request, address, by=caller.actor, reason=words),))

    return change(decide, Request.at(request_id), ContentKey.at(request_id), on=storage, now=now).of(Request)
