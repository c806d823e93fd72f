"""An entry of a request, and what the request owes because of it: mails, and the word to webhooks."""

from dataclasses import replace
from datetime import datetime, timedelta

from nodback_core.domain.reviews.requests import EFFECT_GRACE_SECONDS, Effect, Request
from nodback_core.domain.shared.entries import Entry, NewEntry, append
from nodback_core.domain.shared.happenings import Digest, EffectDraft, Happening
from nodback_core.domain.webhooks.webhook import WEBHOOKS


def note(
    request: Request, happening: Happening, *, digest: Digest | None = None, now: datetime
) -> tuple[Request, tuple[Entry, ...]]:
    """The request with one more entry, which says what happened, and owing what that calls for."""
    entry = NewEntry(happening.action, happening.by, happening.facts(digest))
    drafts = happening.calls_for
    event = happening.webhook_event
    if event is not None and event in request.webhook_events:
        # The mark stands beside the facts, so that the bus can tell which entries webhooks want to hear of.
        entry = replace(entry, data={**entry.data, WEBHOOKS: True})
        drafts = (*drafts, EffectDraft(WEBHOOKS, event.value))
    entries, head = append(request.head, [entry], at=now)
    return _owing(request.at_head(head), drafts, now=now), entries


def _owing(request: Request, drafts: tuple[EffectDraft, ...], *, now: datetime) -> Request:
    """The request owing `drafts`, caused by its newest entry."""
    due = now + timedelta(seconds=EFFECT_GRACE_SECONDS)
    effects = tuple(Effect(d.kind, request.last_seq, d.name, now, d.to, d.about, d.quote, due=due) for d in drafts)
    return replace(request, effects=request.effects + effects)
