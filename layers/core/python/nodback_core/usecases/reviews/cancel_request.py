"""A person withdraws a pending request: nobody is asked any more, and its flow does not go on."""

from dataclasses import replace
from datetime import datetime

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.closing import Closing, EffectDraft, NotPending, close
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.requests import Request, Status
from nodback_core.ports import Objects, Store, Vault
from nodback_core.usecases.reviews.read_requests import visible_to
from nodback_core.usecases.reviews.reasons import checked_reason, reason_for
from nodback_core.usecases.reviews.respond import too_late
from nodback_core.usecases.shared.attempts import until_written


def cancel_request(
    request_id: str,
    *,
    reason: str | None,
    caller: Caller,
    store: Store,
    vault: Vault,
    objects: Objects,
    now: datetime,
) -> Request:
    """The cancelled request; its assignee is told, with the reason.

    Raises InvalidInput for a long reason, and what `too_late` says of a request that is closed already.
    """
    caller.require(Scope.MANAGE, Scope.INSTALL)
    words = checked_reason(reason)

    def write() -> Request:
        fetched = store.fetch(Request.at(request_id), ContentKey.at(request_id))
        request = visible_to(caller, fetched[Request.at(request_id)], request_id)
        said = reason_for(words, fetched[ContentKey.at(request_id)], vault=vault)
        told = (EffectDraft("mail", "cancelled", request.assignment.address),) if request.email_notifications else ()
        closing = Closing(Status.CANCELLED, caller.actor, data=said.facts(vault), effects=told)
        try:
            closed, entries = close(request, closing, now=now)
        except NotPending:
            raise too_late(request) from None
        sealed = said.sealed(request_id, closed.last_seq, vault=vault, objects=objects)
        if sealed:
            closed = replace(closed, reason_seq=closed.last_seq)
        store.commit([closed, *sealed], entries)
        return replace(closed, version=closed.version + 1)

    return until_written(write)
