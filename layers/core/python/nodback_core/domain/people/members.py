"""Who may do what in which deployment: permissions are given to addresses, and nobody needs an account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.shared.entries import ChainRow, Head
from nodback_core.domain.shared.records import Key, Row

INSTALL_SUBJECTS = 0
"""The deployment of entries that belong to none, such as a sign-in."""


class Permission(StrEnum):
    """What a member may do; an assignee may see and answer their own requests without any."""

    MANAGE = "manage_human_feedback"
    """Configure the deployment, see all of its requests."""
    RESPOND = "respond_to_human_feedback"
    """Sign in, see and answer what is assigned to one's address."""


@dataclass(frozen=True, slots=True)
class Member(Row):
    """An address and its permissions in one deployment, as the deployment lists it."""

    deployment_id: int
    address: str
    permissions: tuple[Permission, ...]
    added_at: datetime
    version: int = 0

    @property
    def key(self) -> "Key[Member]":
        return Member.at(self.deployment_id, self.address)

    @staticmethod
    def at(deployment_id: int, address: str) -> "Key[Member]":
        return Key(Member, f"deployment/{deployment_id}", f"member/{address}")


@dataclass(frozen=True, slots=True)
class Grant:
    """The permissions of a person in one deployment."""

    deployment_id: int
    permissions: tuple[Permission, ...]


@dataclass(frozen=True, slots=True)
class Person(ChainRow):
    """An address that is a member somewhere or has signed in: all its grants in one row, read at each click."""

    address: str
    organization_id: int
    grants: tuple[Grant, ...] = ()
    last_seq: int = 0
    head_hash: str = ""
    version: int = 0

    @property
    def subject(self) -> str:
        return f"person/{self.address}"

    @property
    def head(self) -> Head:
        return Head(self.organization_id, INSTALL_SUBJECTS, self.subject, self.last_seq, self.head_hash)

    @property
    def key(self) -> "Key[Person]":
        return Person.at(self.address)

    @staticmethod
    def at(address: str) -> "Key[Person]":
        return Key(Person, f"person/{address}", "person")

    def with_grant(self, deployment_id: int, permissions: tuple[Permission, ...]) -> tuple[Grant, ...]:
        """The grants with this one in the place of any earlier one; none at all without permissions."""
        others = [g for g in self.grants if g.deployment_id != deployment_id]
        given = [Grant(deployment_id, permissions)] if permissions else []
        return tuple(sorted([*others, *given], key=lambda g: g.deployment_id))


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who has signed in: the address is proved, everything else follows from it."""

    address: str
    session_id: str
    is_admin: bool = False
    grants: tuple[Grant, ...] = ()
    since: datetime | None = None
    """When the session began."""

    def manages(self, deployment_id: int) -> bool:
        return self.is_admin or any(
            g.deployment_id == deployment_id and Permission.MANAGE in g.permissions for g in self.grants
        )

    @property
    def managed(self) -> tuple[int, ...]:
        """The deployments that this person manages by a grant; an admin manages all of them besides."""
        return tuple(g.deployment_id for g in self.grants if Permission.MANAGE in g.permissions)

    @property
    def is_manager(self) -> bool:
        return self.is_admin or bool(self.managed)

    def within(self, deployment_id: int) -> Caller:
        """This person as a caller in one deployment: a manager, or somebody who sees their own requests alone."""
        scope = Scope.MANAGE if self.manages(deployment_id) else Scope.RESPOND
        return Caller(scope, deployment_id, f"session/{self.session_id}", self.address)

    def anywhere(self) -> Caller:
        """This person as a caller in no deployment in particular: an admin, or the assignee of their own requests."""
        scope = Scope.INSTALL if self.is_admin else Scope.RESPOND
        return Caller(scope, None, f"session/{self.session_id}", self.address)
