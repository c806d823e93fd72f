"""What a mail about a request needs to know: the row, the deployment, the texts, and the reply address."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.deployments.settings import Settings
from nodback_core.domain.replies.token import issue, reply_address
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind, Shown, shown_of
from nodback_core.domain.reviews.deadlines import (
    AutoRespond,
    Escalate,
    ReminderDue,
    from_document,
    schedule,
)
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared.key_ring import KeyRing
from nodback_core.domain.shared.records import Key, Record
from nodback_core.mail.letters.content import context_of
from nodback_core.mail.letters.kinds import About, Asking, Branding, Deadline, JsonValue, ReviewRequest
from nodback_core.ports import ContentErased, DataKey, Objects, Store, Vault
from nodback_core.usecases.deployments.register import settings_of
from nodback_core.usecases.shared.contents import open_key, read_content

ERASED = Shown("(the text of this request was erased)", None, {}, {}, ())


@dataclass(frozen=True, slots=True)
class AskedRequest:
    """A request with all that surrounds it."""

    request: Request
    deployment: Deployment
    settings: Settings
    content_key: ContentKey | None
    shown: Content | None
    response: Content | None
    sent: Content | None
    more: tuple[Record | None, ...] = ()
    """The further records that were asked for, where they exist."""

    @property
    def accepts_unauthenticated(self) -> bool:
        return self.settings.unauthenticated_domains == "accept"

    @property
    def is_readable(self) -> bool:
        """Whether the texts were not erased."""
        return self.content_key is not None and self.content_key.erased_at is None

    def data_key(self, vault: Vault) -> DataKey:
        return open_key(self.content_key, vault=vault)

    def read_shown(self, *, vault: Vault, objects: Objects) -> Shown:
        """What the flow sent, or a note that it was erased."""
        try:
            value = read_content(self.shown, key=self.data_key(vault), vault=vault, objects=objects)
        except ContentErased:
            return ERASED
        return ERASED if value is None else shown_of(value)


def fetch_asked(
    request_id: str, *more: Key[Record], store: Store, deployment_id: int | None = None
) -> AskedRequest | None:
    """The request with what surrounds it, in two reads, or in one where the deployment is known; None without one."""
    row = Request.at(request_id)
    key = ContentKey.at(request_id)
    shown, response = Content.at(request_id, ContentKind.SHOWN), Content.at(request_id, ContentKind.RESPONSE)
    sent = Content.at(request_id, ContentKind.SENT)
    guessed = [] if deployment_id is None else [Deployment.at(deployment_id)]
    fetched = store.fetch(row, key, shown, response, sent, *guessed, *more)
    request = fetched[row]
    if request is None:
        return None
    address = Deployment.at(request.deployment_id)
    deployment = fetched[address] if address in guessed else store.fetch(address)[address]
    if deployment is None:
        return None
    return AskedRequest(
        request=request,
        deployment=deployment,
        settings=settings_of(deployment),
        content_key=fetched[key],
        shown=fetched[shown],
        response=fetched[response],
        sent=fetched[sent],
        more=tuple(fetched[key] for key in more),
    )


def about(asked: AskedRequest, shown: Shown) -> About:
    request = asked.request
    return About(asked.deployment.name, request.flow_id, request.method_name, request.number, shown.message)


def branding(asked: AskedRequest, *, sender_name: str) -> Branding:
    settings = asked.settings
    return Branding(settings.sender_name or sender_name, settings.subject_prefix, settings.footer or None)


def asking(
    asked: AskedRequest, *, given_at: datetime, ring: KeyRing, domain: str, is_confirming: bool = False
) -> Asking:
    """How to answer: a reply address that was given out at `given_at`, the same each time it is made."""
    request = asked.request
    expires_at = given_at + timedelta(hours=request.reply_token_hours)
    token = issue(
        request_id=UUID(request.request_id),
        round_number=request.assignment.round,
        address=request.assignment.address,
        expires_at=expires_at,
        ring=ring,
        is_confirming=is_confirming,
    )
    return Asking(
        reply_address=reply_address(token, domain),
        token_expires_at=expires_at,
        options=request.emit,
        free_text="ask" if request.free_text == "ask" else "pass",
        reply_feedback="whole" if request.reply_feedback == "whole" else "first_line",
        deadlines=deadlines(request),
    )


def deadlines(request: Request) -> tuple[Deadline, ...]:
    """What will still happen by itself, in order."""
    policy = from_document(json.loads(request.policy))
    coming: list[Deadline] = []
    for item in schedule(policy, request.opened_at):
        if item.step.name in request.done_steps:
            continue
        if isinstance(item.step, AutoRespond):
            coming.append(Deadline(item.at, "auto_response", outcome=item.step.outcome))
        elif isinstance(item.step, Escalate):
            coming.append(Deadline(item.at, "escalation", to_email=item.step.to))
        elif isinstance(item.step, ReminderDue):
            coming.append(Deadline(item.at, "reminder"))
    return tuple(coming)


def review_request(
    asked: AskedRequest,
    shown: Shown,
    *,
    given_at: datetime,
    ring: KeyRing,
    domain: str,
    sender_name: str,
) -> ReviewRequest:
    """The letter that asks, the same whenever it is written again for the same moment."""
    return ReviewRequest(
        about=about(asked, shown),
        asking=asking(asked, given_at=given_at, ring=ring, domain=domain),
        content=cast("JsonValue", shown.output),
        created_at=asked.request.opened_at,
        context=context_of(shown.state),
        earlier_rounds=len(asked.request.earlier),
        branding=branding(asked, sender_name=sender_name),
    )
