"""Who calls the API: what a key or a session may do, checked per object by the use cases."""

from dataclasses import dataclass

from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated key, or a person who has signed in, with what they may do in one deployment.

    `deployment_id` is None for the install key, which belongs to none, and for a person in no deployment in particular.
    A person with the scope `respond` sees what is assigned to their own address and nothing else.
    """

    scope: Scope
    deployment_id: int | None
    key_id: str
    person: str | None = None
    """The proved address of a person; None for a key."""

    @property
    def actor(self) -> Actor:
        if self.person is None:
            return Actor("key", self.key_id)
        return Actor("reviewer" if self.scope is Scope.RESPOND else "member", self.person)

    @property
    def only_address(self) -> str | None:
        """The one address whose requests exist for this caller; None when all of the deployment's do."""
        return self.person if self.scope is Scope.RESPOND else None

    def sees(self, deployment_id: int, assignee: str) -> bool:
        """Whether a request of this deployment with this assignee exists for the caller."""
        if self.deployment_id is not None and deployment_id != self.deployment_id:
            return False
        return self.only_address is None or assignee == self.only_address

    def require(self, *scopes: Scope) -> None:
        """Raises Forbidden unless the key has one of `scopes`."""
        if self.scope not in scopes:
            if self.person is not None:
                raise Forbidden("this needs the permission manage_human_feedback", code="not_permitted")
            wanted = " or ".join(scopes)
            raise Forbidden(f"this needs a key with the scope {wanted}; yours has the scope {self.scope}")

    def own_deployment(self) -> int:
        """The id of the key's deployment; the install key has none."""
        if self.deployment_id is None:
            raise Forbidden("the install key belongs to no deployment: use one of the deployment's own keys")
        return self.deployment_id

    def check_deployment(self, deployment_id: int) -> None:
        """Raises NotFound for another's deployment, so that its existence stays unknown."""
        if self.scope is not Scope.INSTALL and self.deployment_id != deployment_id:
            raise NotFound("there is no such thing in your deployment")

    def check_manages(self, deployment_id: int) -> None:
        """Raises Forbidden or NotFound unless the caller may configure this deployment."""
        self.require(Scope.INSTALL, Scope.MANAGE)
        self.check_deployment(deployment_id)
