"""Changes to the webhooks of a deployment. Each one also updates what the deployment's row says they want."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import Refused
from nodback_core.domain.shared.happenings import Happening
from nodback_core.domain.shared.outcomes import Change, Outcome
from nodback_core.domain.shared.records import Record
from nodback_core.domain.webhooks.events import EventType
from nodback_core.domain.webhooks.happenings import (
    WebhookChanged,
    WebhookCreated,
    WebhookRemoved,
    WebhookSecretRotated,
)
from nodback_core.domain.webhooks.webhook import MAX_WEBHOOKS, Webhook, wanted_events


def add(deployment: Deployment, webhooks: Sequence[Webhook], new: Webhook, *, by: Actor) -> Outcome:
    """One more webhook; raises Refused `too_many_webhooks`."""
    if len(webhooks) >= MAX_WEBHOOKS:
        raise Refused(f"a deployment has at most {MAX_WEBHOOKS} webhooks", code="too_many_webhooks")
    created = WebhookCreated(
        by=by,
        webhook_id=new.webhook_id,
        name=new.name,
        url_host=_host(new.url),
        events=_names(new.events),
        active=new.active,
        resumes=new.resumes or None,
    )
    return _configured(deployment, [*webhooks, new], created, write=new)


def alter(
    deployment: Deployment, webhooks: Sequence[Webhook], before: Webhook, after: Webhook, *, by: Actor
) -> Outcome | None:
    """A webhook changed from `before` to `after`; None when they are equal."""
    if after == before:
        return None
    changed = WebhookChanged(by=by, webhook_id=before.webhook_id, changes=_changes(before, after))
    return _configured(deployment, _with(after, webhooks), changed, write=after)


def remove(deployment: Deployment, webhooks: Sequence[Webhook], gone: Webhook, *, by: Actor) -> Outcome:
    """One webhook less."""
    removed = WebhookRemoved(
        by=by, webhook_id=gone.webhook_id, name=gone.name, url_host=_host(gone.url), events=_names(gone.events)
    )
    return _configured(deployment, [w for w in webhooks if w.key != gone.key], removed, remove=gone)


def rotate(deployment: Deployment, webhooks: Sequence[Webhook], after: Webhook, *, phase: str, by: Actor) -> Outcome:
    """A webhook whose rotation has `started`, is `completed` or was `aborted`, which is its `phase`."""
    rotated = WebhookSecretRotated(by=by, webhook_id=after.webhook_id, phase=phase)
    return _configured(deployment, _with(after, webhooks), rotated, write=after)


def _configured(
    deployment: Deployment,
    webhooks: Sequence[Webhook],
    happened: Happening,
    *,
    write: Webhook | None = None,
    remove: Webhook | None = None,
) -> Outcome:
    """The deployment with these webhooks; new requests copy from its row what webhooks want to be told."""
    told = replace(deployment, webhook_events=tuple(event.value for event in wanted_events(webhooks)))
    written: tuple[Record, ...] = () if write is None else (write,)
    return Outcome((Change(told, (happened,)),), written, () if remove is None else (remove,))


def _with(after: Webhook, webhooks: Sequence[Webhook]) -> list[Webhook]:
    return [after if webhook.key == after.key else webhook for webhook in webhooks]


def _changes(before: Webhook, after: Webhook) -> dict[str, Json]:
    # A URL's path may hold a key of its own: the trail keeps the hosts only, even where they are the same.
    both: dict[str, tuple[Json, Json, bool]] = {
        "name": (before.name, after.name, before.name != after.name),
        "active": (before.active, after.active, before.active != after.active),
        "events": (_names(before.events), _names(after.events), before.events != after.events),
        "url_host": (_host(before.url), _host(after.url), before.url != after.url),
    }
    return {field: {"before": old, "after": new} for field, (old, new, differs) in both.items() if differs}


def _names(events: Sequence[EventType]) -> list[Json]:
    return [event.value for event in events]


def _host(url: str) -> str:
    return urlsplit(url).netloc
