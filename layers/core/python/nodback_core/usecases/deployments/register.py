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
from nodback_core.domain.deployments.happenings import DeploymentChanged, DeploymentCreated, KeyCreated, KeyRevoked
from nodback_core.domain.deployments.parsing import parse_settings, saved_settings
from nodback_core.domain.deployments.settings import Settings
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NotFound
from nodback_core.domain.shared.outcomes import Outcome, changed
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import Page, Store
from nodback_core.usecases.shared.change import change

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

    def decide(rows: Rows) -> Outcome:
        install = rows[Install.at()] or Install()
        number = install.last_deployment_id + 1
        deployment = Deployment(number, organization_id, name, address, now, settings=settings_text(settings))
        key = _new_key(number, "first flow key", Scope.FLOW, material, now)
        created = DeploymentCreated(by=caller.actor, name=name, creator_email=address)
        first_key = KeyCreated(by=caller.actor, key_id=key.key_id, scope=key.scope.value)
        also = (replace(install, last_deployment_id=number), key)
        return changed(deployment, created, first_key, also=also)

    rows = change(decide, Install.at(), on=store, now=now)
    return rows.of(Deployment), _with_text(rows.of(ApiKey), material)


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

    def decide(rows: Rows) -> Outcome | None:
        deployment = deployment_in(rows, deployment_id)
        title, address = _checked(name or deployment.name, creator_email or deployment.creator_email)
        if address != deployment.creator_email:
            parse_settings(as_document(settings_of(deployment)), creator_email=address)
        pairs = {"name": (deployment.name, title), "creator_email": (deployment.creator_email, address)}
        changes: dict[str, Json] = {
            field: {"before": old, "after": new} for field, (old, new) in pairs.items() if old != new
        }
        if not changes:
            return None
        after = replace(deployment, name=title, creator_email=address)
        return changed(after, DeploymentChanged(by=caller.actor, changes=changes))

    return change(decide, Deployment.at(deployment_id), on=store, now=now).of(Deployment)


def create_key(
    deployment_id: int, *, name: str, scope: Scope, caller: Caller, store: Store, material: KeyMaterial, now: datetime
) -> NewKey:
    """One more key of a deployment. Raises Forbidden without the scope `manage` or the install key."""
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)
    if scope is Scope.INSTALL:
        raise InvalidInput((FieldError("scope", "choose flow, respond or manage: the install key is made once"),))
    title = _named(name)

    def decide(rows: Rows) -> Outcome:
        deployment = deployment_in(rows, deployment_id)
        key = _new_key(deployment_id, title, scope, material, now)
        created = KeyCreated(by=caller.actor, key_id=key.key_id, scope=scope.value)
        return changed(deployment, created, also=(key,))

    rows = change(decide, Deployment.at(deployment_id), on=store, now=now)
    return _with_text(rows.of(ApiKey), material)


def revoke_key(deployment_id: int, key_id: str, *, caller: Caller, store: Store, now: datetime) -> None:
    """End a key at once; revoking it again changes nothing."""
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)

    def decide(rows: Rows) -> Outcome | None:
        deployment, key = rows[Deployment.at(deployment_id)], rows[ApiKey.at(deployment_id, key_id)]
        if deployment is None or key is None:
            raise NotFound(f"deployment {deployment_id} has no key {key_id}")
        if key.revoked_at is not None:
            return None
        return changed(deployment, KeyRevoked(by=caller.actor, key_id=key_id), also=(replace(key, revoked_at=now),))

    change(decide, Deployment.at(deployment_id), ApiKey.at(deployment_id, key_id), on=store, now=now)


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
    return deployment_in(store.fetch(Deployment.at(deployment_id)), deployment_id)


def deployment_in(rows: Rows, deployment_id: int) -> Deployment:
    """The deployment among the rows that were read, or NotFound."""
    found = rows[Deployment.at(deployment_id)]
    if found is None:
        raise NotFound(f"there is no deployment {deployment_id}")
    return found


def settings_of(deployment: Deployment) -> Settings:
    """A deployment's settings as they were saved."""
    return saved_settings(deployment.settings)


def settings_text(settings: Settings) -> str:
    """Settings as they are saved, in no more bytes than were counted when they were checked."""
    return json.dumps(as_document(settings), ensure_ascii=False)


def _new_key(deployment_id: int, name: str, scope: Scope, material: KeyMaterial, now: datetime) -> ApiKey:
    return ApiKey(deployment_id, material.key_id, name, scope, digest_secret(material.secret), now)


def _with_text(key: ApiKey, material: KeyMaterial) -> NewKey:
    return NewKey(key, KeyText(key.scope, key.deployment_id, key.key_id, material.secret))


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
