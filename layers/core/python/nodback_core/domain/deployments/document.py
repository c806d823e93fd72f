"""Settings as documents: the JSON that the API shows and keeps, and the difference that an audit entry records."""

import json
from dataclasses import fields, is_dataclass

from nodback_core.domain.deployments.rules import Rule, rule_document
from nodback_core.domain.deployments.settings import Settings


def as_document(settings: Settings) -> dict[str, object]:
    """The settings as JSON values, every field present; `parse_settings` reads it back unchanged."""
    return {f.name: _plain(getattr(settings, f.name)) for f in fields(settings)}


def _plain(value: object) -> object:
    if isinstance(value, Rule):
        return rule_document(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


def changes(before: Settings, after: Settings) -> dict[str, dict[str, str]]:
    """The differences, field by field, as ``{"sla_minutes": {"before": "null", "after": "0.5"}}``.

    The values are JSON text, since an audit entry holds no fractions and no keys outside ASCII.
    """
    old, new = as_document(before), as_document(after)
    return {
        name: {"before": json.dumps(old[name], ensure_ascii=False), "after": json.dumps(new[name], ensure_ascii=False)}
        for name in old
        if json.dumps(old[name]) != json.dumps(new[name])
    }
