"""A person gives a pending request to somebody else."""

from dataclasses import replace
from datetime import datetime

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.closing import NotPending, too_late
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.reassigning import reassign
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.entries import Action
from nodback_core.domain.shared.errors import FieldError, InvalidInput, Refused
from nodback_core.ports import Objects, Store, Vault
from nodback_core.usecases.reviews.read_requests import visible_to
from nodback_core.usecases.reviews.reasons import checked_reason, reason_for
from nodback_core.usecases.shared.attempts import until_written


def reassign_request(
    request_id: str,
    to: str,
    *,
    reason: str | None,
    caller: Caller,
    store: Store,
    vault: Vault,
    objects: Objects,
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

    def write() -> Request:
        fetched = store.fetch(Request.at(request_id), ContentKey.at(request_id))
        request = visible_to(caller, fetched[Request.at(request_id)], request_id)
        said = reason_for(words, fetched[ContentKey.at(request_id)], vault=vault)
        try:
            changed, entries = reassign(
                request,
                address,
                action=Action.REQUEST_REASSIGNED,
                actor=caller.actor,
                data=said.facts(vault),
                now=now,
            )
        except NotPending:
            raise too_late(request) from None
        if address == request.assignment.address:
            raise Refused(f"the request is assigned to {address} already", code="already_assigned")
        sealed = said.sealed(request_id, changed.last_seq, vault=vault, objects=objects)
        if sealed:
            changed = replace(changed, reason_seq=changed.last_seq)
        store.commit([changed, *sealed], entries)
        return replace(changed, version=changed.version + 1)

    return until_written(write)
