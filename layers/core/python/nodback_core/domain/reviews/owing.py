"""An entry of a request, and what the request owes because of it: mails, and the word to webhooks and receivers."""

from dataclasses import replace
from datetime import datetime, timedelta

from nodback_core.domain.reviews.requests import EFFECT_GRACE_SECONDS, Effect, Request, ResumeStatus
from nodback_core.domain.shared.entries import Entry, NewEntry, append
from nodback_core.domain.shared.happenings import Digest, EffectDraft, Happening
from nodback_core.domain.webhooks.events import EventType
from nodback_core.domain.webhooks.webhook import PUSH, WEBHOOKS


def note(
    request: Request, happening: Happening, *, digest: Digest | None = None, now: datetime
) -> tuple[Request, tuple[Entry, ...]]:
    """The request with one more entry, which says what happened, and owing what that calls for."""
    entry = NewEntry(happening.action, happening.by, happening.facts(digest))
    told = _told(request, happening)
    if told:
        # The mark stands beside the facts, so that the bus can tell which entries webhooks want to hear of.
        entry = replace(entry, data={**entry.data, WEBHOOKS: True})
    drafts = (*happening.calls_for, *told)
    entries, head = append(request.head, [entry], at=now)
    return _owing(request.at_head(head), drafts, now=now), entries


def _told(request: Request, happening: Happening) -> tuple[EffectDraft, ...]:
    """What webhooks are told of, and those that resume, as far as the deployment has any that want it."""
    drafts = []
    event = happening.webhook_event
    if event is not None and event in request.webhook_events:
        drafts.append(EffectDraft(WEBHOOKS, event.value))
    is_ready = happening.readies_resume and request.resume.status is ResumeStatus.READY
    if is_ready and EventType.RESUME_READY in request.webhook_events:
        drafts.append(EffectDraft(PUSH, EventType.RESUME_READY.value))
    return tuple(drafts)


def _owing(request: Request, drafts: tuple[EffectDraft, ...], *, now: datetime) -> Request:
    """The request owing `drafts`, caused by its newest entry."""
    due = now + timedelta(seconds=EFFECT_GRACE_SECONDS)
    effects = tuple(Effect(d.kind, request.last_seq, d.name, now, d.to, d.about, d.quote, due=due) for d in drafts)
    return replace(request, effects=request.effects + effects)
