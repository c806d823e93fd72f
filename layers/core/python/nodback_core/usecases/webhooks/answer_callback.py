"""An answer at a callback URL: the token says which request, and which webhook it was given to."""

import json
from datetime import datetime

from nodback_core.domain.reviews.answering import MAX_SOURCE_CLAIM_CHARACTERS, Taken, answer, responded
from nodback_core.domain.reviews.happenings import Responded
from nodback_core.domain.reviews.requests import Request, Source
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import Busy, Gone, NodbackError, NotFound, Refused, TooManyAttempts
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Rows
from nodback_core.domain.webhooks.callbacks import RefusedAttempts
from nodback_core.domain.webhooks.webhook import Webhook
from nodback_core.ports import Storage
from nodback_core.usecases.reviews.respond import IdOf, Recorded, respond
from nodback_core.usecases.shared.change import change_once

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
    storage: Storage,
    now: datetime,
) -> Recorded:
    """Make this the request's answer; sent again, the very same one is a replay and changes nothing.

    Raises InvalidInput (nothing said, no such option), Refused `already_decided`, Gone `request_closed` or
    `webhook_removed`, TooManyAttempts, and NotFound.
    """
    claim = claimed(source)
    hook, attempts = Webhook.at(deployment_id, webhook_id), RefusedAttempts.at(request_id, webhook_id)
    refused: RefusedAttempts | None = None

    def decide(rows: Rows, id_of: IdOf) -> Outcome | None:
        nonlocal refused
        request = rows[Request.at(request_id)]
        if request is None or request.deployment_id != deployment_id:
            raise NotFound(UNKNOWN)
        before = rows[attempts] or RefusedAttempts(request_id, webhook_id, now)
        if wait := before.wait_seconds(now):
            raise TooManyAttempts("too many answers at this URL were refused; wait before you try again", seconds=wait)
        # From here on a refusal counts.
        refused = before
        if rows[hook] is None:
            raise Gone("the webhook that this URL was given to was removed", code="webhook_removed")

        def understand(taken: Taken) -> Responded:
            return responded(
                taken,
                feedback,
                outcome,
                emit=request.emit,
                by=Actor("webhook", webhook_id),
                source=Source.WEBHOOK,
                responder=f"webhook/{webhook_id}",
                identity=f"callback URL that was given to webhook {webhook_id}",
                source_claim=claim,
            )

        message = json.dumps([token_id, feedback, outcome, claim], ensure_ascii=False)
        return answer(request, id_of(f"callback:{webhook_id}", message), understand, now=now)

    try:
        return respond(request_id, decide, hook, attempts, on=storage, now=now)
    except Busy:
        raise
    except NodbackError as refusal:
        if refused is not None:
            # If somebody hammers in parallel, at least one of each round is counted.
            change_once(Outcome(rows=(refused.one_more(now),)), on=storage.store, now=now)
        raise _gone(refusal) from None


def claimed(source: str | None) -> str | None:
    """What a caller says of itself, fit to be kept: printable, and not longer than a name is."""
    text = "".join(c for c in source or "" if c.isprintable()).strip()
    return text[:MAX_SOURCE_CLAIM_CHARACTERS] or None


def _gone(refusal: NodbackError) -> NodbackError:
    """A decision that was made is a conflict; a request that was closed without one is gone."""
    if isinstance(refusal, Refused) and refusal.code == "request_closed":
        return Gone(refusal.detail, code=refusal.code, facts=refusal.facts)
    return refusal
