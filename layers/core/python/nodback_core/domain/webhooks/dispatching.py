"""What a request owes its webhooks: to be told of an entry, until that is recorded as done."""

from nodback_core.domain.reviews.requests import Effect, Request
from nodback_core.domain.shared.outcomes import Outcome, changed
from nodback_core.domain.webhooks.happenings import WebhooksDispatched
from nodback_core.domain.webhooks.webhook import WEBHOOKS


def owed_for(request: Request, seq: int) -> Effect | None:
    """The effect that webhooks are told of entry `seq`; None when no webhook wants it, or all were told."""
    return next((effect for effect in request.effects if effect.kind == WEBHOOKS and effect.seq == seq), None)


def settle(request: Request, dispatched: WebhooksDispatched) -> Outcome | None:
    """Record that the webhooks were told; None when the request does not owe it."""
    owed = owed_for(request, dispatched.for_seq)
    return None if owed is None else changed(request.without_effect(owed.id), dispatched)
