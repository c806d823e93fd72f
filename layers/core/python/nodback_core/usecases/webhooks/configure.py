"""Configuring the webhooks of a deployment: adding, changing, removing and listing them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.requests import PENDING_SHARDS, Request
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NotFound
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Index, Rows
from nodback_core.domain.webhooks.address_guard import RefusedTarget, check_url
from nodback_core.domain.webhooks.configuring import add, alter, remove
from nodback_core.domain.webhooks.events import OPT_IN_EVENTS, EventType
from nodback_core.domain.webhooks.signature import SigningSecret, make_secret
from nodback_core.domain.webhooks.webhook import (
    MAX_WEBHOOK_NAME_CHARACTERS,
    MAX_WEBHOOKS,
    Reach,
    SealedSecret,
    Webhook,
)
from nodback_core.ports import DataKey, Page, Store, Vault
from nodback_core.usecases.deployments.register import deployment_in, find_deployment
from nodback_core.usecases.shared.change import change
from nodback_core.usecases.shared.reading import read_one

FIRST_SECRET = "secret-1"
MAX_WAITING_TOLD = 1000
"""How many pending requests learn at once of an event that a webhook newly asks for."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a caller wants a webhook to be; None leaves a field as it is."""

    name: str | None = None
    url: str | None = None
    events: tuple[EventType, ...] | None = None
    active: bool | None = None

    def applied_to(self, webhook: Webhook) -> Webhook:
        """The webhook, changed as wished."""
        return replace(
            webhook,
            name=webhook.name if self.name is None else self.name.strip(),
            url=webhook.url if self.url is None else self.url,
            events=webhook.events if self.events is None else _in_order(self.events),
            active=webhook.active if self.active is None else self.active,
        )


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook with its new secret, which is shown this once."""

    webhook: Webhook
    secret: SigningSecret


Decide: TypeAlias = Callable[[Deployment, Sequence[Webhook]], Outcome | None]
"""From a deployment and all of its webhooks to what is written."""


def create_webhook(
    deployment_id: int,
    wish: Wish,
    *,
    webhook_id: str,
    random: bytes,
    reach: Reach,
    resumes: bool = False,
    caller: Caller,
    store: Store,
    vault: Vault,
    now: datetime,
) -> NewSecret:
    """Add a webhook, with a secret made from `random`; one that `resumes` is told of decisions and of nothing else.

    Raises InvalidInput (name, url, events) and Refused `too_many_webhooks`.
    """
    caller.check_manages(deployment_id)
    _check(replace(wish, name=wish.name or "", url=wish.url or ""), reach)
    _check_events(wish, resumes=resumes)
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
        resumes=resumes,
    )
    key = vault.create(draft.owner)
    made = replace(draft, wrapped=key.wrapped, secret=sealed_secret(FIRST_SECRET, secret, key=key, vault=vault))

    def decide(deployment: Deployment, webhooks: Sequence[Webhook]) -> Outcome:
        return add(deployment, webhooks, made, by=caller.actor)

    return NewSecret(pick(write_change(deployment_id, decide, store=store, now=now), webhook_id), secret)


def change_webhook(
    deployment_id: int, webhook_id: str, wish: Wish, *, reach: Reach, caller: Caller, store: Store, now: datetime
) -> Webhook:
    """Give a webhook another name, URL or set of events, or pause it; what the wish leaves out stays.

    Raises InvalidInput (name, url, events) and NotFound.
    """
    caller.check_manages(deployment_id)
    _check(wish, reach)

    def decide(deployment: Deployment, webhooks: Sequence[Webhook]) -> Outcome | None:
        before = pick(webhooks, webhook_id)
        _check_events(wish, resumes=before.resumes)
        return alter(deployment, webhooks, before, wish.applied_to(before), by=caller.actor)

    return pick(write_change(deployment_id, decide, store=store, now=now), webhook_id)


def remove_webhook(deployment_id: int, webhook_id: str, *, caller: Caller, store: Store, now: datetime) -> None:
    """Remove a webhook: nothing is sent to it any more, and its callback URLs no longer work. Raises NotFound."""
    caller.check_manages(deployment_id)

    def decide(deployment: Deployment, webhooks: Sequence[Webhook]) -> Outcome:
        return remove(deployment, webhooks, pick(webhooks, webhook_id), by=caller.actor)

    write_change(deployment_id, decide, store=store, now=now)


def list_webhooks(deployment_id: int, *, caller: Caller, store: Store) -> tuple[Webhook, ...]:
    """All webhooks of a deployment; they fit into one page."""
    caller.check_manages(deployment_id)
    find_deployment(deployment_id, store=store)
    return stored_webhooks(deployment_id, store=store).items


def read_webhook(deployment_id: int, webhook_id: str, *, caller: Caller, store: Store) -> Webhook:
    """One webhook, for a caller who may configure the deployment; raises NotFound and Forbidden."""
    caller.check_manages(deployment_id)
    return find_webhook(deployment_id, webhook_id, store=store)


def find_webhook(deployment_id: int, webhook_id: str, *, store: Store) -> Webhook:
    """The webhook, or NotFound."""
    address = Webhook.at(deployment_id, webhook_id)
    found = read_one(address, store=store)
    return pick([found] if found else [], webhook_id)


def webhooks_of(deployment_id: int, *, store: Store) -> tuple[Webhook, ...]:
    """A deployment's webhooks, in the order of their ids; raises RowUnreadable rather than leave one out."""
    return stored_webhooks(deployment_id, store=store).whole


def stored_webhooks(deployment_id: int, *, store: Store) -> Page[Webhook]:
    """A deployment's webhooks, in the order of their ids, and those that cannot be read."""
    return store.children(Webhook, f"deployment/{deployment_id}", "webhook/", limit=MAX_WEBHOOKS)


def sealed_secret(name: str, secret: SigningSecret, *, key: DataKey, vault: Vault) -> SealedSecret:
    """A signing secret, sealed under its name with the webhook's key."""
    return SealedSecret(name, vault.seal(key, name, secret.reveal().encode()))


def pick(webhooks: Collection[Webhook], webhook_id: str) -> Webhook:
    """The one with this id, or NotFound."""
    for webhook in webhooks:
        if webhook.webhook_id == webhook_id:
            return webhook
    raise NotFound(f"this deployment has no webhook {webhook_id}")


def write_change(deployment_id: int, decide: Decide, *, store: Store, now: datetime) -> tuple[Webhook, ...]:
    """Write what `decide` makes of a deployment and its webhooks; returns all of them as they are stored then."""
    wanted_before: tuple[str, ...] = ()

    def webhooks(_: Rows) -> tuple[Webhook, ...]:
        # Read after the deployment's row, which moves with each change: none of them can change unnoticed.
        return webhooks_of(deployment_id, store=store)

    def over_rows(rows: Rows) -> Outcome | None:
        nonlocal wanted_before
        deployment = deployment_in(rows, deployment_id)
        wanted_before = deployment.webhook_events
        return decide(deployment, _webhooks_in(rows))

    rows = change(over_rows, Deployment.at(deployment_id), on=store, now=now, more=webhooks)
    news = [EventType(event) for event in rows.of(Deployment).webhook_events if event not in wanted_before]
    # A request is told of once when it opens: for those that wait already, that moment has passed.
    if news := [event for event in news if event is not EventType.NEW_REQUEST]:
        _tell_waiting(deployment_id, news, store=store, now=now)
    return _webhooks_in(rows)


def _webhooks_in(rows: Rows) -> tuple[Webhook, ...]:
    return tuple(row for row in rows.found.values() if isinstance(row, Webhook))


def _tell_waiting(deployment_id: int, news: Sequence[EventType], *, store: Store, now: datetime) -> None:
    """Let requests that wait already know what webhooks want from now on; new ones copy it from the deployment."""
    told = 0
    for shard in range(PENDING_SHARDS):
        cursor = None
        while told < MAX_WAITING_TOLD:
            page = store.list(Request, Index.PENDING_BY_DEPLOYMENT, f"{deployment_id}#{shard}", cursor=cursor)
            for request in page.items:
                _add_events(request, news, store=store, now=now)
                told += 1
            if (cursor := page.cursor) is None:
                break


def _add_events(request: Request, news: Sequence[EventType], *, store: Store, now: datetime) -> None:
    def decide(rows: Rows) -> Outcome | None:
        current = rows[request.key]
        if current is None:
            return None
        more = tuple(e.value for e in news if e not in current.webhook_events)
        # What is to be told is no change of the request's state: it leaves no entry.
        return Outcome(rows=(replace(current, webhook_events=(*current.webhook_events, *more)),)) if more else None

    change(decide, request.key, on=store, now=now, as_read=Rows({request.key: request}))


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


def _check_events(wish: Wish, *, resumes: bool) -> None:
    if resumes and wish.events:
        raise InvalidInput((FieldError("events", "a webhook that resumes is told of decisions and of nothing else"),))


def _in_order(events: Collection[EventType]) -> tuple[EventType, ...]:
    return tuple(event for event in EventType if event in events)
