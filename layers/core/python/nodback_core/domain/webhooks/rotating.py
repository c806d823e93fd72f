"""Replacing the secret of a webhook in two phases: while there are two, both sign."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.shared.errors import Refused
from nodback_core.domain.webhooks.webhook import SealedSecret, Webhook


def started(webhook: Webhook, seal: Callable[[Webhook, str], SealedSecret], *, now: datetime) -> Webhook:
    """With a second secret, sealed by `seal` under the name that it is given; raises Refused `rotation_under_way`."""
    if webhook.next_secret is not None:
        raise Refused("a rotation is under way: complete it or abort it first", code="rotation_under_way")
    # Each secret is sealed under a number of its own, so that none can be put in another's place.
    name = f"secret-{int(webhook.secret.name.rpartition('-')[2]) + 1}"
    return replace(webhook, next_secret=seal(webhook, name), rotation_started_at=now)


def completed(webhook: Webhook) -> Webhook:
    """With the second secret alone; raises Refused `no_rotation`."""
    return replace(webhook, secret=_upcoming(webhook), next_secret=None, rotation_started_at=None)


def aborted(webhook: Webhook) -> Webhook:
    """With the first secret alone; raises Refused `no_rotation`."""
    _upcoming(webhook)
    return replace(webhook, next_secret=None, rotation_started_at=None)


def _upcoming(webhook: Webhook) -> SealedSecret:
    if webhook.next_secret is None:
        raise Refused("no rotation is under way: start one first", code="no_rotation")
    return webhook.next_secret
