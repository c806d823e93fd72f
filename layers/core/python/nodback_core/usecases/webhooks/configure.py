"""Configuring the webhooks of a deployment."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from urllib.parse import urlsplit

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.requests import PENDING_SHARDS, Request
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action, NewEntry, append
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NotFound, Refused
from nodback_core.domain.shared.records import Index, Record
from nodback_core.domain.webhooks.address_guard import RefusedTarget, check_url
from nodback_core.domain.webhooks.events import OPT_IN_EVENTS, EventType
from nodback_core.domain.webhooks.signature import SigningSecret, make_secret
from nodback_core.domain.webhooks.webhook import (
    MAX_WEBHOOK_NAME_CHARACTERS,
    MAX_WEBHOOKS,
    Reach,
    SealedSecret,
    Webhook,
    wanted_events,
)
from nodback_core.ports import DataKey, Page, Store, Vault
from nodback_core.usecases.deployments.register import find_deployment
from nodback_core.usecases.shared.attempts import until_written

FIRST_SECRET = "secret-1"
MAX_WAITING_TOLD = 1000
"""How many pending requests hear at once of an event that a webhook has newly asked for."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller wants of a webhook; None leaves it as it is."""

    name: str | None = None
    url: str | None = None
    events: tuple[EventType, ...] | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook with a secret that is shown this once."""

    webhook: Webhook
    secret: SigningSecret


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """What is to be written: one webhook, as it is to be or to be removed, and how all of them stand then."""

    webhook: Webhook
    all_then: Sequence[Webhook]
    happening: NewEntry
    removes: bool = False


Decide: TypeAlias = Callable[[Sequence[Webhook]], WebhookChange | None]


def create_webhook(
    deployment_id: int,
    wish: Wish,
    *,
    webhook_id: str,
    random: bytes,
    reach: Reach,
    caller: Caller,
    store: Store,
    vault: Vault,
    now: datetime,
) -> NewSecret:
    """A webhook with a secret of its own, made of `random`.

    Raises InvalidInput (name, url, events) and Refused `too_many_webhooks`.
    """
    check_caller(caller, deployment_id)
    _check(replace(wish, name=wish.name or "", url=wish.url or ""), reach)
    secret = make_secret(random)
    draft = Webhook(
        deployment_id=deployment_id,
        webhook_id=webhook_id,
        name=(wish.name or "").strip(),
        url=wish.url or "",
        created_at=now,
        wrapped=b"",
        secret=SealedSecret(FIRST_SECRET, b""),
        active=wish.active is not False,
        events=_in_order(wish.events or ()),
    )
    key = vault.create(draft.owner)
    made = replace(draft, wrapped=key.wrapped, secret=sealed_secret(FIRST_SECRET, secret, key=key, vault=vault))

    def write(webhooks: Sequence[Webhook]) -> WebhookChange:
        if len(webhooks) >= MAX_WEBHOOKS:
            raise Refused(f"a deployment has at most {MAX_WEBHOOKS} webhooks", code="too_many_webhooks")
        happening = NewEntry(Action.WEBHOOK_CREATED, caller.actor, {**_facts(made), "active": made.active})
        return WebhookChange(made, [*webhooks, made], happening)

    return NewSecret(write_change(deployment_id, write, store=store, now=now) or made, secret)


def change_webhook(
    deployment_id: int, webhook_id: str, wish: Wish, *, reach: Reach, caller: Caller, store: Store, now: datetime
) -> Webhook:
    """Another name, URL, set of events, or a pause; what the wish leaves out stays."""
    check_caller(caller, deployment_id)
    _check(wish, reach)

    def write(webhooks: Sequence[Webhook]) -> WebhookChange | None:
        before = pick(webhooks, webhook_id)
        after = replace(
            before,
            name=before.name if wish.name is None else wish.name.strip(),
            url=before.url if wish.url is None else wish.url,
            events=before.events if wish.events is None else _in_order(wish.events),
            active=before.active if wish.active is None else wish.active,
        )
        if after == before:
            return None
        changes: dict[str, Json] = {}
        for field in ("name", "active", "events"):
            old, new = getattr(before, field), getattr(after, field)
            if old != new:
                changes[field] = {"before": _plain(old), "after": _plain(new)}
        if before.url != after.url:
            # A path may hold a key of its own: the trail keeps the hosts only.
            changes["url_host"] = {"before": _host(before.url), "after": _host(after.url)}
        happening = NewEntry(
            Action.WEBHOOK_CHANGED, caller.actor, {"webhook_id": before.webhook_id, "changes": changes}
        )
        return WebhookChange(after, [after if w.webhook_id == webhook_id else w for w in webhooks], happening)

    changed = write_change(deployment_id, write, store=store, now=now)
    return changed or read_webhook(deployment_id, webhook_id, caller=caller, store=store)


def remove_webhook(deployment_id: int, webhook_id: str, *, caller: Caller, store: Store, now: datetime) -> None:
    """Nothing is sent to it any more, and the callback URLs that it was given are dead."""
    check_caller(caller, deployment_id)

    def write(webhooks: Sequence[Webhook]) -> WebhookChange:
        gone = pick(webhooks, webhook_id)
        happening = NewEntry(Action.WEBHOOK_REMOVED, caller.actor, _facts(gone))
        return WebhookChange(gone, [w for w in webhooks if w is not gone], happening, removes=True)

    write_change(deployment_id, write, store=store, now=now)


def list_webhooks(deployment_id: int, *, caller: Caller, store: Store) -> tuple[Webhook, ...]:
    """All of them: there are never more than one page."""
    check_caller(caller, deployment_id)
    find_deployment(deployment_id, store=store)
    return stored_webhooks(deployment_id, store=store).items


def read_webhook(deployment_id: int, webhook_id: str, *, caller: Caller, store: Store) -> Webhook:
    check_caller(caller, deployment_id)
    return find_webhook(deployment_id, webhook_id, store=store)


def find_webhook(deployment_id: int, webhook_id: str, *, store: Store) -> Webhook:
    """The webhook, or NotFound."""
    address = Webhook.at(deployment_id, webhook_id)
    found = store.fetch(address)[address]
    return pick([found] if found else [], webhook_id)


def webhooks_of(deployment_id: int, *, store: Store) -> tuple[Webhook, ...]:
    """A deployment's webhooks, in the order of their ids; raises RowUnreadable rather than leave one out."""
    return stored_webhooks(deployment_id, store=store).whole


def stored_webhooks(deployment_id: int, *, store: Store) -> Page[Webhook]:
    """A deployment's webhooks, in the order of their ids, and those that cannot be read."""
    return store.children(Webhook, f"deployment/{deployment_id}", "webhook/", limit=MAX_WEBHOOKS)


def sealed_secret(name: str, secret: SigningSecret, *, key: DataKey, vault: Vault) -> SealedSecret:
    return SealedSecret(name, vault.seal(key, name, secret.reveal().encode()))


def check_caller(caller: Caller, deployment_id: int) -> None:
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)


def pick(webhooks: Collection[Webhook], webhook_id: str) -> Webhook:
    """The one with this id, or NotFound."""
    for webhook in webhooks:
        if webhook.webhook_id == webhook_id:
            return webhook
    raise NotFound(f"this deployment has no webhook {webhook_id}")


def write_change(deployment_id: int, decide: Decide, *, store: Store, now: datetime) -> Webhook | None:
    """Write what `decide` says, with its entry and what the deployment's row says of webhooks; None when nothing."""

    def write() -> tuple[Webhook, tuple[EventType, ...]] | None:
        deployment = find_deployment(deployment_id, store=store)
        change = decide(webhooks_of(deployment_id, store=store))
        if change is None:
            return None
        entries, head = append(deployment.head, [change.happening], at=now)
        wanted = wanted_events(change.all_then)
        news = tuple(e for e in wanted if e not in deployment.webhook_events and e is not EventType.NEW_REQUEST)
        changed = replace(
            deployment,
            webhook_events=tuple(e.value for e in wanted),
            last_seq=head.last_seq,
            head_hash=head.hash,
        )
        records: list[Record] = [changed] if change.removes else [changed, change.webhook]
        store.commit(records, entries, removals=[change.webhook] if change.removes else [])
        return replace(change.webhook, version=change.webhook.version + 1), news

    done = until_written(write)
    if done is None:
        return None
    webhook, news = done
    if news:
        _tell_waiting(deployment_id, news, store=store)
    return webhook


def _tell_waiting(deployment_id: int, news: Sequence[EventType], *, store: Store) -> None:
    """Let requests that wait already know what webhooks want since now; new ones copy it from the deployment."""
    told = 0
    for shard in range(PENDING_SHARDS):
        cursor = None
        while told < MAX_WAITING_TOLD:
            page = store.list(Request, Index.PENDING_BY_DEPLOYMENT, f"{deployment_id}#{shard}", cursor=cursor)
            for request in page.items:
                _add_events(request, news, store=store)
                told += 1
            if (cursor := page.cursor) is None:
                break


def _add_events(request: Request, news: Sequence[EventType], *, store: Store) -> None:
    def write() -> None:
        current = store.fetch(request.key)[request.key]
        if current is None:
            return
        more = tuple(e.value for e in news if e not in current.webhook_events)
        if more:
            # What is to be told is no change of the request's state: it leaves no entry.
            store.commit([replace(current, webhook_events=(*current.webhook_events, *more))])

    until_written(write)


def _check(wish: Wish, reach: Reach) -> None:
    errors = []
    if wish.name is not None and not (wish.name.strip() and len(wish.name) <= MAX_WEBHOOK_NAME_CHARACTERS):
        errors.append(FieldError("name", f"1 to {MAX_WEBHOOK_NAME_CHARACTERS} characters"))
    if wish.url is not None:
        try:
            check_url(wish.url, own_domains=reach.own_domains, allow_loopback_http=reach.loopback)
        except RefusedTarget as refused:
            errors.append(FieldError("url", str(refused)))
    for event in wish.events or ():
        if event not in OPT_IN_EVENTS:
            errors.append(FieldError("events", f"{event} cannot be chosen: {', '.join(sorted(OPT_IN_EVENTS))} can"))
    if errors:
        raise InvalidInput(tuple(errors))


def _in_order(events: Collection[EventType]) -> tuple[EventType, ...]:
    return tuple(event for event in EventType if event in events)


def _facts(webhook: Webhook) -> dict[str, Json]:
    return {
        "webhook_id": webhook.webhook_id,
        "name": webhook.name,
        "url_host": _host(webhook.url),
        "events": [e.value for e in webhook.events],
    }


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _plain(value: object) -> Json:
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return value if isinstance(value, bool) else str(value)
