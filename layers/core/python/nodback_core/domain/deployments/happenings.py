"""What happens to deployments: their keys and settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action
from nodback_core.domain.shared.happenings import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentCreated(Happening):
    name: str
    creator_email: str

    action = Action.DEPLOYMENT_CREATED
    words = "Deployment created"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentChanged(Happening):
    changes: Mapping[str, Json]

    action = Action.DEPLOYMENT_CHANGED
    words = "Deployment changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged(Happening):
    settings_version: int
    changes: Mapping[str, Json]

    action = Action.SETTINGS_CHANGED
    words = "Settings changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCreated(Happening):
    key_id: str
    scope: str

    action = Action.KEY_CREATED
    words = "API key created"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(Happening):
    key_id: str

    action = Action.KEY_REVOKED
    words = "API key revoked"
