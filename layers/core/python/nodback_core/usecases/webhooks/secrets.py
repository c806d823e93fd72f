"""The signing secrets of a webhook: reading them, and replacing one in two phases without losing a message."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.people.callers import Caller
from nodback_core.domain.shared.entries import Action, NewEntry
from nodback_core.domain.shared.errors import Refused
from nodback_core.domain.webhooks.signature import SigningSecret, WebhookSecrets, make_secret
from nodback_core.domain.webhooks.webhook import SealedSecret, Webhook
from nodback_core.ports import DataKey, Store, Vault
from nodback_core.usecases.webhooks.configure import (
    NewSecret,
    WebhookChange,
    check_caller,
    pick,
    sealed_secret,
    write_change,
)


def open_secrets(webhook: Webhook, *, vault: Vault) -> WebhookSecrets:
    """What the webhook signs with now."""
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
    """A second secret beside the first; raises Refused `rotation_under_way` when there is one already."""
    secret = make_secret(random)

    def changed(webhook: Webhook) -> Webhook:
        if webhook.next_secret is not None:
            raise Refused("a rotation is under way: complete it or abort it first", code="rotation_under_way")
        key = vault.open(webhook.owner, webhook.wrapped)
        # Each secret is sealed under a number of its own, so that none can be put in another's place.
        name = f"secret-{int(webhook.secret.name.rpartition('-')[2]) + 1}"
        return replace(webhook, next_secret=sealed_secret(name, secret, key=key, vault=vault), rotation_started_at=now)

    return NewSecret(
        _rotate(deployment_id, webhook_id, "started", changed, caller=caller, store=store, now=now), secret
    )


def complete_rotation(deployment_id: int, webhook_id: str, *, caller: Caller, store: Store, now: datetime) -> Webhook:
    """The new secret alone signs from now on; the old one is forgotten."""

    def changed(webhook: Webhook) -> Webhook:
        return replace(webhook, secret=_upcoming(webhook), next_secret=None, rotation_started_at=None)

    return _rotate(deployment_id, webhook_id, "completed", changed, caller=caller, store=store, now=now)


def abort_rotation(deployment_id: int, webhook_id: str, *, caller: Caller, store: Store, now: datetime) -> Webhook:
    """The old secret alone signs, as before; the new one is forgotten."""

    def changed(webhook: Webhook) -> Webhook:
        _upcoming(webhook)
        return replace(webhook, next_secret=None, rotation_started_at=None)

    return _rotate(deployment_id, webhook_id, "aborted", changed, caller=caller, store=store, now=now)


def _rotate(
    deployment_id: int,
    webhook_id: str,
    phase: str,
    changed: Callable[[Webhook], Webhook],
    *,
    caller: Caller,
    store: Store,
    now: datetime,
) -> Webhook:
    check_caller(caller, deployment_id)

    def write(webhooks: Sequence[Webhook]) -> WebhookChange:
        after = changed(pick(webhooks, webhook_id))
        facts = {"webhook_id": webhook_id, "phase": phase}
        happening = NewEntry(Action.WEBHOOK_SECRET_ROTATED, caller.actor, facts)
        return WebhookChange(after, [after if w.webhook_id == webhook_id else w for w in webhooks], happening)

    written = write_change(deployment_id, write, store=store, now=now)
    assert written is not None
    return written


def _upcoming(webhook: Webhook) -> SealedSecret:
    if webhook.next_secret is None:
        raise Refused("no rotation is under way: start one first", code="no_rotation")
    return webhook.next_secret


def _opened(secret: SealedSecret, key: DataKey, vault: Vault) -> SigningSecret:
    return SigningSecret(vault.unseal(key, secret.name, secret.sealed).decode())
