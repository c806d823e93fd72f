"""Reading and changing the settings of a deployment, and asking what its rules would do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.deployments.document import changes
from nodback_core.domain.deployments.happenings import SettingsChanged
from nodback_core.domain.deployments.parsing import merge, parse_settings
from nodback_core.domain.deployments.routing import Routing, assign
from nodback_core.domain.deployments.settings import Settings
from nodback_core.domain.deployments.warnings import SettingsWarning, warnings
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import VersionDiffers
from nodback_core.domain.shared.outcomes import Outcome, changed
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import Store
from nodback_core.usecases.deployments.register import deployment_in, find_deployment, settings_of, settings_text
from nodback_core.usecases.shared.change import change


@dataclass(frozen=True, slots=True)
class SavedSettings:
    """The settings of a deployment as they stand, with the warnings for whoever reads them."""

    settings: Settings
    version: int
    warnings: tuple[SettingsWarning, ...]


def read_settings(deployment_id: int, *, caller: Caller, store: Store) -> SavedSettings:
    return _saved(_own(deployment_id, caller=caller, store=store))


def replace_settings(
    deployment_id: int,
    document: Mapping[str, object],
    *,
    expected_version: int | None,
    caller: Caller,
    store: Store,
    now: datetime,
) -> SavedSettings:
    """Make the document the settings; what it leaves out goes back to its default.

    With `expected_version`, only over that version. Raises InvalidSettings naming each field, and VersionDiffers.
    """

    def wanted(_: Settings, creator_email: str) -> Settings:
        return parse_settings(document, creator_email=creator_email)

    return _write(deployment_id, wanted, expected_version, caller=caller, store=store, now=now)


def change_settings(
    deployment_id: int,
    patch: Mapping[str, object],
    *,
    expected_version: int | None,
    caller: Caller,
    store: Store,
    now: datetime,
) -> SavedSettings:
    """Change what the patch names (RFC 7396), over the newest settings; raises as `replace_settings` does."""

    def wanted(current: Settings, creator_email: str) -> Settings:
        return merge(current, patch, creator_email=creator_email)

    return _write(deployment_id, wanted, expected_version, caller=caller, store=store, now=now)


def explain_route(
    deployment_id: int,
    *,
    method_name: str,
    state: Mapping[str, object],
    rules: object | None,
    caller: Caller,
    store: Store,
) -> Routing:
    """Who would be asked when this method pauses with this state, and why; with `rules`, under these instead.

    Raises InvalidSettings for rules that could not be saved.
    """
    deployment = _own(deployment_id, caller=caller, store=store)
    settings = settings_of(deployment) if rules is None else parse_settings({"rules": rules})
    return assign(rules=settings.rules, method_name=method_name, state=state, creator_email=deployment.creator_email)


def _write(
    deployment_id: int,
    wanted: Callable[[Settings, str], Settings],
    expected_version: int | None,
    *,
    caller: Caller,
    store: Store,
    now: datetime,
) -> SavedSettings:
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)

    def decide(rows: Rows) -> Outcome | None:
        deployment = deployment_in(rows, deployment_id)
        if expected_version is not None and expected_version != deployment.settings_version:
            raise VersionDiffers(
                f"the settings are at version {deployment.settings_version} and you changed version "
                f"{expected_version}: read them again and repeat your change",
                facts={"settings_version": deployment.settings_version},
            )
        after = wanted(settings_of(deployment), deployment.creator_email)
        return saved_over(deployment, after, by=caller.actor)

    return _saved(change(decide, Deployment.at(deployment_id), on=store, now=now).of(Deployment))


def saved_over(deployment: Deployment, settings: Settings, *, by: Actor) -> Outcome | None:
    """The deployment with these settings; None when they are its settings already."""
    differences = changes(settings_of(deployment), settings)
    if not differences:
        return None
    version = deployment.settings_version + 1
    saved = replace(deployment, settings=settings_text(settings), settings_version=version)
    return changed(saved, SettingsChanged(by=by, settings_version=version, changes=differences))


def _own(deployment_id: int, *, caller: Caller, store: Store) -> Deployment:
    caller.require(Scope.INSTALL, Scope.MANAGE)
    caller.check_deployment(deployment_id)
    return find_deployment(deployment_id, store=store)


def _saved(deployment: Deployment) -> SavedSettings:
    settings = settings_of(deployment)
    told = warnings(settings, creator_email=deployment.creator_email)
    return SavedSettings(settings, deployment.settings_version, told)
