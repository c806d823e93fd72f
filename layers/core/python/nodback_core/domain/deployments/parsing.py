"""From a settings document to `Settings`. It is checked as a whole: it is accepted, or every mistake is named."""

import json
from collections.abc import Mapping
from functools import lru_cache

from nodback_core.domain.deployments.document import as_document
from nodback_core.domain.deployments.fields import Problems, read_settings_of, section
from nodback_core.domain.deployments.sender_checks import in_todays_words
from nodback_core.domain.deployments.settings import DEFAULTS, MAX_SETTINGS_BYTES, Settings, check_together
from nodback_core.domain.shared.errors import FieldError, InvalidInput

KEPT_IN_MEMORY = 64


class InvalidSettings(InvalidInput):
    """A settings document that breaks a rule; `errors` names every field that does."""


def parse_settings(document: Mapping[str, object], *, creator_email: str | None = None) -> Settings:
    """The settings that a JSON document describes; what it leaves out has its default.

    `creator_email` is the address of the deployment's creator, to whom every request goes while there are no rules, so
    that requests cannot be escalated to them. Raises InvalidSettings with all errors.
    """
    problems = Problems()
    if isinstance(document, Mapping):
        document = in_todays_words(document)
    sent = section(problems, "", document, tuple(as_document(DEFAULTS)))
    if sent is None:
        raise InvalidSettings((FieldError("settings", "must be an object"),))
    settings = read_settings_of(Settings, problems, {**as_document(DEFAULTS), **sent})
    check_together(problems, settings, creator_email)
    if not problems.found:
        size = len(json.dumps(as_document(settings), ensure_ascii=False).encode())
        if size > MAX_SETTINGS_BYTES:
            problems.add("rules", f"make the settings {size} bytes long; at most {MAX_SETTINGS_BYTES} are kept")
    if problems.found:
        raise InvalidSettings(tuple(problems.found))
    return settings


@lru_cache(maxsize=KEPT_IN_MEMORY)
def saved_settings(text: str) -> Settings:
    """The settings that were saved as this JSON text; read once per process, since 500 rules take milliseconds.

    Older rows may name a push, which was never implemented; they are read as the worker.
    """
    return parse_settings({name: value for name, value in json.loads(text).items() if name != "resume"})


def merge(current: Settings, patch: Mapping[str, object], *, creator_email: str | None = None) -> Settings:
    """The settings after a partial change (RFC 7396): what is named changes, null goes back to the default.

    Objects are merged field by field, lists are replaced. Raises InvalidSettings as `parse_settings` does.
    """
    if not isinstance(patch, Mapping):
        raise InvalidSettings((FieldError("settings", "must be an object"),))
    return parse_settings(
        _patched(as_document(current), in_todays_words(patch), deeper=True), creator_email=creator_email
    )


def _patched(document: Mapping[str, object], patch: Mapping[str, object], *, deeper: bool) -> dict[str, object]:
    result = dict(document)
    for name, value in patch.items():
        if value is None and name in document:
            del result[name]
        elif deeper and isinstance(value, Mapping):
            part = document.get(name)
            result[name] = _patched(part if isinstance(part, Mapping) else {}, value, deeper=False)
        else:
            result[name] = value
    return result
