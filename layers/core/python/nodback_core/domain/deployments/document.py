"""Settings as documents: the JSON that the API shows and keeps, and the difference that an audit entry records."""

import json

from nodback_core.domain.deployments.rules import rule_document
from nodback_core.domain.deployments.settings import Settings


def as_document(settings: Settings) -> dict[str, object]:
    """The settings as JSON values, every field present; `parse_settings` reads it back unchanged."""
    auto, escalation = settings.auto_response, settings.escalation
    return {
        "email_notifications": settings.email_notifications,
        "sla_minutes": settings.sla_minutes,
        "auto_response": {
            "enabled": auto.enabled,
            "timeout_minutes": auto.timeout_minutes,
            "default_outcome": auto.default_outcome,
        },
        "reminder_minutes": list(settings.reminder_minutes),
        "escalation": None
        if escalation is None
        else {"after_minutes": escalation.after_minutes, "to_email": escalation.to_email},
        "free_text": settings.free_text,
        "reply_feedback": settings.reply_feedback,
        "reply_token_hours": settings.reply_token_hours,
        "unauthenticated_domains": settings.unauthenticated_domains,
        "rules": [rule_document(rule) for rule in settings.rules],
        "resume": {"mode": settings.resume.mode},
        "sender_name": settings.sender_name,
        "subject_prefix": settings.subject_prefix,
        "footer": settings.footer,
        "approval_default_acknowledged": settings.approval_default_acknowledged,
    }


def changes(before: Settings, after: Settings) -> dict[str, dict[str, str]]:
    """What differs, field by field, as ``{"sla_minutes": {"before": "null", "after": "0.5"}}``.

    The values are JSON text, since an audit entry holds no fractions and no keys outside ASCII.
    """
    old, new = as_document(before), as_document(after)
    return {
        name: {"before": json.dumps(old[name], ensure_ascii=False), "after": json.dumps(new[name], ensure_ascii=False)}
        for name in old
        if json.dumps(old[name]) != json.dumps(new[name])
    }
