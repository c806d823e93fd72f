"""What goes over the wire about settings. The document itself is checked by the domain, which names each field."""

from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints

from nodback_core.api.shared.models import Incoming, Name, Outgoing


class WarningView(Outgoing):
    field: str
    code: str
    message: str


class SettingsView(Outgoing):
    settings: dict[str, JsonValue]
    settings_version: int
    warnings: list[WarningView]


class DeploymentPatch(Incoming):
    name: Name | None = None
    creator_email: Annotated[str, StringConstraints(min_length=3, max_length=320)] | None = None


class ExplainBody(Incoming):
    """A request that you make up; with `rules`, the question is about these instead of the saved ones."""

    method_name: Name
    state: dict[str, JsonValue] = Field(default_factory=dict)
    rules: list[JsonValue] | None = None


class RuleVerdictView(Outgoing):
    rule: str
    outcome: str
    detail: str | None = None


class Explained(Outgoing):
    assigned_to_email: str
    rule: str | None
    reason: str
    considered: list[RuleVerdictView]
