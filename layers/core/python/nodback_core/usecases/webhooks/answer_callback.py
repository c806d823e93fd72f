"""An answer at a callback URL: the token says which request, and which webhook it was given to."""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from nodback_core.domain.reviews.answering import MAX_SOURCE_CLAIM_CHARACTERS, read_answer
from nodback_core.domain.reviews.closing import too_late
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.requests import Request, Source, Status
from nodback_core.domain.shared.entries import Actor, text_digest
from nodback_core.domain.shared.errors import Gone, NodbackError, NotFound, Refused, TooManyAttempts
from nodback_core.domain.webhooks.callbacks import RefusedAttempts
from nodback_core.domain.webhooks.webhook import Webhook
from nodback_core.ports import Changed, Objects, Store, Vault
from nodback_core.usecases.reviews.respond import (
    Answer,
    AsRead,
    Recorded,
    respond,
    settled,
)
from nodback_core.usecases.shared.attempts import until_written
from nodback_core.usecases.shared.contents import open_key

UNKNOWN = "this is no callback URL of this installation"


def answer_callback(
    request_id: str,
    deployment_id: int,
    webhook_id: str,
    token_id: str,
    *,
    feedback: str | None,
    outcome: str | None,
    source: str | None,
    store: Store,
    vault: Vault,
    objects: Objects,
    now: datetime,
) -> Recorded:
    """Make this the request's answer; sent again, the very same one is a replay and changes nothing.

    Raises InvalidInput (nothing said, no such option), Refused `already_decided`, Gone `request_closed` or
    `webhook_removed`, TooManyAttempts, and NotFound.
    """
    said = Said(token_id, feedback, outcome, claimed(source))
    return until_written(
        lambda: _answer(request_id, deployment_id, webhook_id, said, store=store, vault=vault, objects=objects, now=now)
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What a caller sends to a callback URL."""

    token_id: str
    feedback: str | None
    outcome: str | None
    claim: str | None


def _answer(
    request_id: str,
    deployment_id: int,
    webhook_id: str,
    said: Said,
    *,
    store: Store,
    vault: Vault,
    objects: Objects,
    now: datetime,
) -> Recorded:
    fetched = store.fetch(
        Request.at(request_id),
        ContentKey.at(request_id),
        Webhook.at(deployment_id, webhook_id),
        RefusedAttempts.at(request_id, webhook_id),
    )
    request = fetched[Request.at(request_id)]
    refused = fetched[RefusedAttempts.at(request_id, webhook_id)] or RefusedAttempts(request_id, webhook_id, now)
    if request is None or request.deployment_id != deployment_id:
        raise NotFound(UNKNOWN)
    if wait := refused.wait_seconds(now):
        raise TooManyAttempts("too many answers at this URL were refused; wait before you try again", seconds=wait)
    try:
        if fetched[Webhook.at(deployment_id, webhook_id)] is None:
            raise Gone("the webhook that this URL was given to was removed", code="webhook_removed")
        key = fetched[ContentKey.at(request_id)]
        salt = vault.salt(open_key(key, vault=vault))
        # Salted like every digest of words: the decision id is an entry's, and outlives the words.
        text = json.dumps([said.token_id, said.feedback, said.outcome, said.claim], ensure_ascii=False)
        decision_id = f"callback:{webhook_id}:{text_digest(salt, text)[:40]}"
        told = settled(request, decision_id) if request.status is not Status.PENDING else None
        if told is None:
            chosen, words = read_answer(said.feedback, said.outcome, emit=request.emit)
            answer = Answer(
                decision_id=decision_id,
                source=Source.WEBHOOK,
                actor=Actor("webhook", webhook_id),
                responder=f"webhook/{webhook_id}",
                identity=f"callback URL that was given to webhook {webhook_id}",
                outcome=chosen,
                feedback=words,
                reply_text=words,
                source_claim=said.claim,
            )
            told = respond(AsRead(request, key), answer, store=store, vault=vault, objects=objects, now=now)
        if isinstance(told, Recorded):
            return told
        raise _closed(told.request)
    except NodbackError:
        _count(refused, store=store, now=now)
        raise


def claimed(source: str | None) -> str | None:
    """What a caller says of itself, fit to be kept: printable, and not longer than a name is."""
    text = "".join(c for c in source or "" if c.isprintable()).strip()
    return text[:MAX_SOURCE_CLAIM_CHARACTERS] or None


def _closed(request: Request) -> NodbackError:
    """A decision that was made is a conflict; a request that was closed without one is gone."""
    refusal: Refused = too_late(request)
    if request.decision is not None:
        return refusal
    return Gone(refusal.detail, code=refusal.code, facts=refusal.facts)


def _count(refused: RefusedAttempts, *, store: Store, now: datetime) -> None:
    try:
        store.commit([replace(refused.one_more(now), version=refused.version)])
    except Changed:
        # Somebody hammers in parallel: at least one of each round is counted.
        return
