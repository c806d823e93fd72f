"""A person withdraws a pending request."""

from datetime import datetime

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.cancelling import cancel
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import Storage
from nodback_core.usecases.reviews.read_requests import visible_to
from nodback_core.usecases.reviews.reasons import checked_reason
from nodback_core.usecases.shared.change import change


def cancel_request(
    request_id: str,
    *,
    reason: str | None,
    caller: Caller,
    storage: Storage,
    now: datetime,
) -> Request:
    """The cancelled request; its assignee is told, with the reason.

    Raises InvalidInput for a long reason, and what `too_late` says of a request that is closed already.
    """
    caller.require(Scope.MANAGE, Scope.INSTALL)
    words = checked_reason(reason)

    def decide(rows: Rows) -> Outcome:
        request = visible_to(caller, rows[Request.at(request_id)], request_id)
        return cancel(request, by=caller.actor, reason=words, now=now)

    return change(decide, Request.at(request_id), ContentKey.at(request_id), on=storage, now=now).of(Request)
