"""Giving permissions to addresses, and taking them back."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.people.happenings import MemberAdded, MemberChanged, MemberRemoved
from nodback_core.domain.people.members import Member, Permission, Person
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NotFound, Refused
from nodback_core.domain.shared.happenings import Happening
from nodback_core.domain.shared.outcomes import Change, Outcome, changed
from nodback_core.domain.shared.records import Key, Record, Rows
from nodback_core.ports import Page, Store
from nodback_core.usecases.deployments.register import deployment_in, find_deployment
from nodback_core.usecases.shared.change import change


def add_member(
    deployment_id: int, address: str, permissions: Collection[str], *, caller: Caller, store: Store, now: datetime
) -> Member:
    """Make an address a member with these permissions; a member who has exactly these already stays as they are.

    Raises InvalidInput for an address that is none, for unknown permissions and for none at all, and Refused
    `member_exists` for a member who has others: adding takes nothing away from anybody.
    """
    caller.check_manages(deployment_id)
    who, given = _address(address), _permissions(permissions)

    def decide(rows: Rows) -> Outcome | None:
        deployment, known, person = _found(rows, deployment_id, who)
        if known is None:
            added = MemberAdded(by=caller.actor, address=who, permissions=_names(given))
            return _with_rights(Member(deployment_id, who, given, now), deployment, person, added)
        if known.permissions != given:
            may = " and ".join(p.value for p in known.permissions)
            raise Refused(
                f"{who} is a member already, with {may}: change that member instead "
                "(PATCH over the API, Save beside their address on the dashboard)",
                code="member_exists",
            )
        return None

    return change(decide, *_keys(deployment_id, who), on=store, now=now).of(Member)


def change_member(
    deployment_id: int, address: str, permissions: Collection[str], *, caller: Caller, store: Store, now: datetime
) -> Member:
    """Give a member these permissions and no others; the same ones again change nothing.

    Raises InvalidInput as `add_member` does, and NotFound when the address is no member.
    """
    caller.check_manages(deployment_id)
    who, given = _address(address), _permissions(permissions)

    def decide(rows: Rows) -> Outcome | None:
        deployment, known, person = _found(rows, deployment_id, who)
        if known is None:
            raise NotFound(f"{who} is no member of deployment {deployment_id}")
        if known.permissions == given:
            return None
        changes = {"permissions": {"before": _names(known.permissions), "after": _names(given)}}
        happened = MemberChanged(by=caller.actor, address=who, changes=changes)
        return _with_rights(replace(known, permissions=given), deployment, person, happened)

    return change(decide, *_keys(deployment_id, who), on=store, now=now).of(Member)


def _with_rights(member: Member, deployment: Deployment, person: Person, happened: Happening) -> Outcome:
    """The member, and the grant that follows."""
    grants = person.with_grant(member.deployment_id, member.permissions)
    return changed(deployment, happened, also=(member, replace(person, grants=grants)))


def remove_member(deployment_id: int, address: str, *, caller: Caller, store: Store, now: datetime) -> None:
    """Take all permissions in this deployment from an address; raises NotFound when it is no member."""
    caller.check_manages(deployment_id)
    who = _address(address)

    def decide(rows: Rows) -> Outcome:
        deployment, known, person = _found(rows, deployment_id, who)
        if known is None:
            raise NotFound(f"{who} is no member of deployment {deployment_id}")
        removed = Change(deployment, (MemberRemoved(by=caller.actor, address=who),))
        return Outcome((removed,), (replace(person, grants=person.with_grant(deployment_id, ())),), (known,))

    change(decide, *_keys(deployment_id, who), on=store, now=now)


def list_members(deployment_id: int, *, caller: Caller, store: Store, cursor: str | None = None) -> Page[Member]:
    """The members of a deployment, by address."""
    caller.check_manages(deployment_id)
    find_deployment(deployment_id, store=store)
    return store.children(Member, f"deployment/{deployment_id}", "member/", cursor=cursor)


def _keys(deployment_id: int, address: str) -> tuple[Key[Record], ...]:
    return Deployment.at(deployment_id), Member.at(deployment_id, address), Person.at(address)


def _found(rows: Rows, deployment_id: int, address: str) -> tuple[Deployment, Member | None, Person]:
    deployment = deployment_in(rows, deployment_id)
    person = rows[Person.at(address)] or Person(address, deployment.organization_id)
    return deployment, rows[Member.at(deployment_id, address)], person


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
