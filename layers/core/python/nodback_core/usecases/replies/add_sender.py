"""The assignee says that a refused reply was their own: its address may answer for theirs from now on."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.audit.trail import readable
from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.deployments.document import as_document
from nodback_core.domain.deployments.parsing import parse_settings
from nodback_core.domain.deployments.sender_checks import OtherSenders
from nodback_core.domain.deployments.settings import Settings
from nodback_core.domain.people.members import Identity
from nodback_core.domain.replies.happenings import ReplyRejected
from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.entries import Actor, Entry
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import Storage
from nodback_core.usecases.deployments.register import deployment_in, settings_of
from nodback_core.usecases.deployments.settings import saved_over
from nodback_core.usecases.reviews.respond_by_person import answerable
from nodback_core.usecases.shared.change import change
from nodback_core.usecases.shared.reading import read_one

ENTRIES_READ = 500


def add_sender(request_id: str, sender: str, *, identity: Identity, storage: Storage, now: datetime) -> None:
    """Let this address answer for the assignee, who has signed in: a change of the deployment's `other_senders`.

    Only an address from which a reply to this very request was refused can be added. Raises NotFound and Forbidden for
    what is not this person's, and InvalidInput for any other address or too many.
    """
    tried = refused_senders(storage.store.chain(f"request/{request_id}", limit=ENTRIES_READ).items)
    found = read_one(Request.at(request_id), store=storage.store)
    row = Deployment.at(found.deployment_id if found else 0)

    def decide(rows: Rows) -> Outcome | None:
        request = answerable(rows[Request.at(request_id)], request_id, identity=identity)
        if sender not in tried:
            raise InvalidInput((FieldError("sender", "no reply to this review was refused because of this address"),))
        deployment = deployment_in(rows, request.deployment_id)
        settings = settings_of(deployment)
        if sender in settings.senders_for(identity.address):
            return None
        wanted = parse_settings(as_document(_with_sender(settings, identity.address, sender)))
        return saved_over(deployment, wanted, by=Actor("reviewer", identity.address))

    change(decide, Request.at(request_id), row, on=storage, now=now)


def refused_senders(entries: Iterable[Entry]) -> Sequence[str]:
    """The addresses whose replies were refused for being none of the assignee's, each once."""
    refused = (readable(entry) for entry in entries)
    senders = (
        one.sender for one in refused if isinstance(one, ReplyRejected) and one.check == Result.OTHER_SENDER.value
    )
    return tuple(dict.fromkeys(sender for sender in senders if sender is not None and "@" in sender))


def _with_sender(settings: Settings, address: str, sender: str) -> Settings:
    others = [one for one in settings.other_senders if one.address != address]
    _, *known = settings.senders_for(address)
    return replace(settings, other_senders=(*others, OtherSenders(address, (*known, sender))))
