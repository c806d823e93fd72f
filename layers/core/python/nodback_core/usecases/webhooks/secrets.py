"""The signing secrets of a webhook: opening them, and replacing one in two phases without losing a message."""

from collections.abc import Callable, Sequence
from datetime import datetime

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.webhooks.configuring import rotate
from nodback_core.domain.webhooks.rotating import aborted, completed, started
from nodback_core.domain.webhooks.signature import SigningSecret, WebhookSecrets, make_secret
from nodback_core.domain.webhooks.webhook import SealedSecret, Webhook
from nodback_core.ports import DataKey, Store, Vault
from nodback_core.usecases.webhooks.configure import (
    NewSecret,
    pick,
    sealed_secret,
    write_change,
)


def open_secrets(webhook: Webhook, *, vault: Vault) -> WebhookSecrets:
    """The secrets that sign the webhook's messages now: one, or two during a rotation."""
    key = vault.open(webhook.owner, webhook.wrapped)
    upcoming = webhook.next_secret
    return WebhookSecrets(
        _opened(webhook.secret, key, vault), None if upcoming is None else _opened(upcoming, key, vault)
    )


def start_rotation(
    deployment_id: int,
    webhook_id: str,
    *,
    random: bytes,
    caller: Caller,
    store: Store,
    vault: Vault,
    now: datetime,
) -> NewSecret:
    """Add a second secret; both sign from now on. Raises Refused `rotation_under_way` when there are two already."""
    secret = make_secret(random)

    def seal(webhook: Webhook, name: str) -> SealedSecret:
        return sealed_secret(name, secret, key=vault.open(webhook.owner, webhook.wrapped), vault=vault)

    def after(webhook: Webhook) -> Webhook:
        return started(webhook, seal, now=now)

    return NewSecret(_rotate(deployment_id, webhook_id, "started", after, caller=caller, store=store, now=now), secret)


def complete_rotation(deployment_id: int, webhook_id: str, *, caller: Caller, store: Store, now: datetime) -> Webhook:
    """Forget the old secret: the new one alone signs from now on. Raises Refused `no_rotation`."""
    return _rotate(deployment_id, webhook_id, "completed", completed, caller=caller, store=store, now=now)


def abort_rotation(deployment_id: int, webhook_id: str, *, caller: Caller, store: Store, now: datetime) -> Webhook:
    """Forget the new secret: the old one alone signs, as before. Raises Refused `no_rotation`."""
    return _rotate(deployment_id, webhook_id, "aborted", aborted, caller=caller, store=store, now=now)


def _rotate(
    deployment_id: int,
    webhook_id: str,
    phase: str,
    after: Callable[[Webhook], Webhook],
    *,
    caller: Caller,
    store: Store,
    now: datetime,
) -> Webhook:
    caller.check_manages(deployment_id)

    def decide(deployment: Deployment, webhooks: Sequence[Webhook]) -> Outcome:
        rotated = after(pick(webhooks, webhook_id))
        return rotate(deployment, webhooks, rotated, phase=phase, by=caller.actor)

    return pick(write_change(deployment_id, decide, store=store, now=now), webhook_id)


def _opened(secret: SealedSecret, key: DataKey, vault: Vault) -> SigningSecret:
    return SigningSecret(vault.unseal(key, secret.name, secret.sealed).decode())
