"""Registering deployments and their keys."""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from nodback_core.domain.deployments.deployment import (
    ApiKey,
    Deployment,
    Install,
    KeyMaterial,
    KeyText,
    Scope,
    digest_secret,
)
from nodback_core.domain.deployments.document import as_document
from nodback_core.domain.deployments.parsing import parse_settings, saved_settings
from nodback_core.domain.deployments.settings import Settings
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.entries import Action, NewEntry, append
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NotFound
from nodback_core.ports import Page, Store
from nodback_core.usecases.shared.attempts import until_written

MAX_NAME_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key: its row, and the text that is shown once."""

    row: ApiKey
    text: KeyText


def create_deployment(
    *,
    name: str,
    creator_email: str,
    settings: Settings,
    organization_id: int,
    caller: Caller,
    store: Store,
    material: KeyMaterial,
    now: datetime,
) -> tuple[Deployment, NewKey]:
    """A deployment with the next id, and its first `flow` key.

    Raises InvalidInput for a blank or long name or an address that is none, Forbidden without the install key.
    """
    caller.require(Scope.INSTALL)
    name, address = _checked(name, creator_email)

    def write() -> tuple[Deployment, NewKey]:
        install = store.fetch(Install.at())[Install.at()] or Install()
        number = install.last_deployment_id + 1
        new = new_key(number, "first flow key", Scope.FLOW, material=material, now=now)
        deployment = Deployment(number, organization_id, name, address, now, settings=settings_text(settings))
        entries, head = append(
            deployment.head,
            [
                NewEntry(Action.DEPLOYMENT_CREATED, caller.actor, {"name": name, "creator_email": address}),
                NewEntry(Action.KEY_CREATED, caller.actor, {"key_id": new.row.key_id, "scope": new.row.scope.value}),
            ],
            at=now,
        )
        deployment = replace(deployment, last_seq=head.last_seq, head_hash=head.hash)
        store.commit([replace(install, last_deployment_id=number), deployment, new.row], entries)
        return replace(deployment, version=1), new

    return until_written(write)


def change_deployment(
    deployment_id: int,
    *,
    name: str | None = None,
    creator_email: str | None = None,
    caller: Caller,
    store: Store,
    now: datetime,
) -> Deployment:
    """Another name, or another creator, to whom new requests go when no rule says otherwise.

    Raises InvalidInput for either, and where the settings would then escalate to the creator's own address.
    """
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)

    def write() -> Deployment:
        deployment = find_deployment(deployment_id, store=store)
        title, address = _checked(name or deployment.name, creator_email or deployment.creator_email)
        if address != deployment.creator_email:
            parse_settings(as_document(settings_of(deployment)), creator_email=address)
        pairs = {"name": (deployment.name, title), "creator_email": (deployment.creator_email, address)}
        changes = {field: {"before": old, "after": new} for field, (old, new) in pairs.items() if old != new}
        if not changes:
            return deployment
        happening = NewEntry(Action.DEPLOYMENT_CHANGED, caller.actor, {"changes": changes})
        entries, head = append(deployment.head, [happening], at=now)
        changed = replace(deployment, name=title, creator_email=address, last_seq=head.last_seq, head_hash=head.hash)
        store.commit([changed], entries)
        return replace(changed, version=changed.version + 1)

    return until_written(write)


def create_key(
    deployment_id: int, *, name: str, scope: Scope, caller: Caller, store: Store, material: KeyMaterial, now: datetime
) -> NewKey:
    """One more key of a deployment. Raises Forbidden without the scope `manage` or the install key."""
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)
    if scope is Scope.INSTALL:
        raise InvalidInput((FieldError("scope", "choose flow, respond or manage: the install key is made once"),))

    def write() -> NewKey:
        deployment = find_deployment(deployment_id, store=store)
        new = new_key(deployment_id, _named(name), scope, material=material, now=now)
        happening = NewEntry(Action.KEY_CREATED, caller.actor, {"key_id": new.row.key_id, "scope": scope.value})
        entries, head = append(deployment.head, [happening], at=now)
        store.commit([replace(deployment, last_seq=head.last_seq, head_hash=head.hash), new.row], entries)
        return new

    return until_written(write)


def revoke_key(deployment_id: int, key_id: str, *, caller: Caller, store: Store, now: datetime) -> None:
    """End a key at once; revoking it again changes nothing."""
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)

    def write() -> None:
        fetched = store.fetch(Deployment.at(deployment_id), ApiKey.at(deployment_id, key_id))
        deployment, row = fetched[Deployment.at(deployment_id)], fetched[ApiKey.at(deployment_id, key_id)]
        if deployment is None or row is None:
            raise NotFound(f"deployment {deployment_id} has no key {key_id}")
        if row.revoked_at is not None:
            return
        entries, head = append(
            deployment.head, [NewEntry(Action.KEY_REVOKED, caller.actor, {"key_id": key_id})], at=now
        )
        changed = replace(deployment, last_seq=head.last_seq, head_hash=head.hash)
        store.commit([changed, replace(row, revoked_at=now)], entries)

    until_written(write)


def list_keys(deployment_id: int, *, caller: Caller, store: Store, cursor: str | None) -> Page[ApiKey]:
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)
    return store.children(ApiKey, f"deployment/{deployment_id}", "key/", cursor=cursor)


def list_deployments(*, caller: Caller, store: Store, cursor: str | None) -> Page[Deployment]:
    """All deployments for the install key; the key's own for any other."""
    if caller.deployment_id is None:
        return store.children(Deployment, "deployments", "", cursor=cursor)
    caller.require(Scope.MANAGE)
    return Page((find_deployment(caller.deployment_id, store=store),), None)


def read_deployment(deployment_id: int, *, caller: Caller, store: Store) -> Deployment:
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)
    return find_deployment(deployment_id, store=store)


def find_deployment(deployment_id: int, *, store: Store) -> Deployment:
    """The deployment, or NotFound."""
    found = store.fetch(Deployment.at(deployment_id))[Deployment.at(deployment_id)]
    if found is None:
        raise NotFound(f"there is no deployment {deployment_id}")
    return found


def settings_of(deployment: Deployment) -> Settings:
    """A deployment's settings as they were saved."""
    return saved_settings(deployment.settings)


def settings_text(settings: Settings) -> str:
    """Settings as they are saved, in no more bytes than were counted when they were checked."""
    return json.dumps(as_document(settings), ensure_ascii=False)


def new_key(deployment_id: int, name: str, scope: Scope, *, material: KeyMaterial, now: datetime) -> NewKey:
    text = KeyText(scope, deployment_id, material.key_id, material.secret)
    return NewKey(ApiKey(deployment_id, material.key_id, name, scope, digest_secret(material.secret), now), text)


def _checked(name: str, creator_email: str) -> tuple[str, str]:
    errors = []
    address = ""
    try:
        address = normalise(creator_email)
    except InvalidAddress as error:
        errors.append(FieldError("creator_email", str(error)))
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS:
        errors.append(FieldError("name", f"1 to {MAX_NAME_CHARACTERS} characters"))
    if errors:
        raise InvalidInput(tuple(errors))
    return name.strip(), address


def _named(name: str) -> str:
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS:
        raise InvalidInput((FieldError("name", f"1 to {MAX_NAME_CHARACTERS} characters"),))
    return name.strip()
