"""Who calls the API: what a key or a session may do, checked per object by the use cases."""

from dataclasses import dataclass

from signoff_core.domain.deployments import Scope
from signoff_core.domain.entries import Actor
from signoff_core.domain.errors import Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated key. `deployment_id` is None for the install key, which belongs to none."""

    scope: Scope
    deployment_id: int | None
    key_id: str

    @property
    def actor(self) -> Actor:
        return Actor("key", self.key_id)

    def require(self, *scopes: Scope) -> None:
        """Raises Forbidden unless the key has one of `scopes`."""
        if self.scope not in scopes:
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
