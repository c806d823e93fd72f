"""Giving permissions to addresses, and taking them back."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.people.members import Member, Permission, Person
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action, Happening, append
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NotFound, Refused
from nodback_core.ports import Page, Store
from nodback_core.usecases.deployments.register import find_deployment
from nodback_core.usecases.shared.attempts import until_written


def add_member(
    deployment_id: int, address: str, permissions: Collection[str], *, caller: Caller, store: Store, now: datetime
) -> Member:
    """Make an address a member with these permissions; a member who has exactly these already stays as they are.

    Raises InvalidInput for an address that is none, for unknown permissions and for none at all, and Refused
    `member_exists` for a member who has others: adding takes nothing away from anybody.
    """
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)
    who, given = _address(address), _permissions(permissions)

    def write() -> Member:
        deployment, known, person = _read(deployment_id, who, store=store)
        if known is None:
            happening = Happening(Action.MEMBER_ADDED, caller.actor, {"address": who, "permissions": _names(given)})
            member = Member(deployment_id, who, given, now)
            return _write(member, deployment, person, happening, store=store, now=now)
        if known.permissions != given:
            may = " and ".join(p.value for p in known.permissions)
            raise Refused(
                f"{who} is a member already, with {may}: change that member instead "
                "(PATCH over the API, Save beside their address on the dashboard)",
                code="member_exists",
            )
        return known

    return until_written(write)


def change_member(
    deployment_id: int, address: str, permissions: Collection[str], *, caller: Caller, store: Store, now: datetime
) -> Member:
    """Give a member these permissions and no others; the same ones again change nothing.

    Raises InvalidInput as `add_member` does, and NotFound when the address is no member.
    """
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)
    who, given = _address(address), _permissions(permissions)

    def write() -> Member:
        deployment, known, person = _read(deployment_id, who, store=store)
        if known is None:
            raise NotFound(f"{who} is no member of deployment {deployment_id}")
        if known.permissions == given:
            return known
        changes = {"permissions": {"before": _names(known.permissions), "after": _names(given)}}
        happening = Happening(Action.MEMBER_CHANGED, caller.actor, {"address": who, "changes": changes})
        return _write(replace(known, permissions=given), deployment, person, happening, store=store, now=now)

    return until_written(write)


def _write(
    member: Member, deployment: Deployment, person: Person, happening: Happening, *, store: Store, now: datetime
) -> Member:
    """Write the member, the grant that follows, and the entry."""
    entries, head = append(deployment.head, [happening], at=now)
    grants = person.with_grant(member.deployment_id, member.permissions)
    changed = replace(deployment, last_seq=head.last_seq, head_hash=head.hash)
    store.commit([changed, member, replace(person, grants=grants)], entries)
    return replace(member, version=member.version + 1)


def remove_member(deployment_id: int, address: str, *, caller: Caller, store: Store, now: datetime) -> None:
    """Take all permissions in this deployment from an address; raises NotFound when it is no member."""
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)
    who = _address(address)

    def write() -> None:
        deployment, known, person = _read(deployment_id, who, store=store)
        if known is None:
            raise NotFound(f"{who} is no member of deployment {deployment_id}")
        happening = Happening(Action.MEMBER_REMOVED, caller.actor, {"address": who})
        entries, head = append(deployment.head, [happening], at=now)
        changed = replace(deployment, last_seq=head.last_seq, head_hash=head.hash)
        store.commit([changed, replace(person, grants=person.with_grant(deployment_id, ()))], entries, removals=[known])

    until_written(write)


def list_members(deployment_id: int, *, caller: Caller, store: Store, cursor: str | None = None) -> Page[Member]:
    """The members of a deployment, by address."""
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)
    find_deployment(deployment_id, store=store)
    return store.children(Member, f"deployment/{deployment_id}", "member/", cursor=cursor)


def _read(deployment_id: int, address: str, *, store: Store) -> tuple[Deployment, Member | None, Person]:
    keys = Deployment.at(deployment_id), Member.at(deployment_id, address), Person.at(address)
    fetched = store.fetch(*keys)
    deployment = fetched[keys[0]]
    if deployment is None:
        raise NotFound(f"there is no deployment {deployment_id}")
    return deployment, fetched[keys[1]], fetched[keys[2]] or Person(address, deployment.organization_id)


def _address(text: str) -> str:
    try:
        return normalise(text)
    except InvalidAddress as error:
        raise InvalidInput((FieldError("address", str(error)),)) from None


def _permissions(given: Collection[str]) -> tuple[Permission, ...]:
    known = {p.value: p for p in Permission}
    unknown = [name for name in given if name not in known]
    if unknown or not given:
        problem = f"choose one or both of {', '.join(known)}"
        raise InvalidInput((FieldError("permissions", problem),))
    return tuple(p for p in Permission if p.value in given)


def _names(permissions: Collection[Permission]) -> list[Json]:
    return [p.value for p in permissions]
