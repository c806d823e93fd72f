"""From a settings document to `Settings`, checked as a whole: either all of it holds, or every mistake is named."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import cast, get_args

from nodback_core.domain.deployments import fields as check
from nodback_core.domain.deployments.document import as_document
from nodback_core.domain.deployments.fields import Problems, shown
from nodback_core.domain.deployments.rules import read_rules
from nodback_core.domain.deployments.settings import (
    DEFAULTS,
    MAX_REMINDERS,
    MAX_REPLY_TOKEN_HOURS,
    MAX_SETTINGS_BYTES,
    AutoResponse,
    Escalation,
    FreeText,
    ReplyFeedback,
    ResumeBy,
    ResumeMode,
    Settings,
    UnauthenticatedDomains,
)
from nodback_core.domain.reviews.options import MAX_OPTION_CHARACTERS
from nodback_core.domain.shared.errors import FieldError, InvalidInput

FIELDS = tuple(as_document(DEFAULTS))
AUTO_RESPONSE_FIELDS = ("enabled", "timeout_minutes", "default_outcome")
ESCALATION_FIELDS = ("after_minutes", "to_email")
RESUME_FIELDS = ("mode",)
NOT_PUSHED_YET = "answers are not pushed yet: use worker, and run `nodback worker package.module`, which claims them"
MAX_SENDER_NAME_CHARACTERS = 64
MAX_SUBJECT_PREFIX_CHARACTERS = 40
MAX_FOOTER_CHARACTERS = 1000
KEPT_IN_MEMORY = 64


class InvalidSettings(InvalidInput):
    """A settings document that breaks a rule; `errors` names every field that does."""


def parse_settings(document: Mapping[str, object], *, creator_email: str | None = None) -> Settings:
    """The settings that a JSON document describes; what it leaves out has its default.

    `creator_email` is the address of the deployment's creator, to whom every request goes while there are
    no rules: an escalation to them would then be one to oneself. Raises InvalidSettings with all errors.
    """
    problems = Problems()
    sent = check.section(problems, "", document, FIELDS)
    if sent is None:
        raise InvalidSettings((FieldError("settings", "must be an object"),))
    settings = _read(problems, {**as_document(DEFAULTS), **sent})
    _check_escalation(problems, settings, creator_email)
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

    Older rows may ask for a push, which nothing ever sent: they mean the worker.
    """
    return parse_settings({name: value for name, value in json.loads(text).items() if name != "resume"})


def merge(current: Settings, patch: Mapping[str, object], *, creator_email: str | None = None) -> Settings:
    """The settings after a partial change (RFC 7396): what is named changes, null goes back to the default.

    Objects are merged field by field, lists are replaced. Raises InvalidSettings as `parse_settings` does.
    """
    if not isinstance(patch, Mapping):
        raise InvalidSettings((FieldError("settings", "must be an object"),))
    return parse_settings(_patched(as_document(current), patch, deeper=True), creator_email=creator_email)


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


def _read(problems: Problems, sent: Mapping[str, object]) -> Settings:
    """Read every field; one that is wrong is noted and has its default meanwhile."""
    sla = sent["sla_minutes"]
    sender = sent["sender_name"]
    notify = check.flag(problems, "email_notifications", sent["email_notifications"])
    acknowledged = check.flag(problems, "approval_default_acknowledged", sent["approval_default_acknowledged"])
    hours = check.whole_number(
        problems, "reply_token_hours", sent["reply_token_hours"], least=1, most=MAX_REPLY_TOKEN_HOURS, unit="hours"
    )
    free_text = check.choice(problems, "free_text", sent["free_text"], get_args(FreeText))
    feedback = check.choice(problems, "reply_feedback", sent["reply_feedback"], get_args(ReplyFeedback))
    domains = check.choice(
        problems, "unauthenticated_domains", sent["unauthenticated_domains"], get_args(UnauthenticatedDomains)
    )
    prefix = check.text(problems, "subject_prefix", sent["subject_prefix"], most=MAX_SUBJECT_PREFIX_CHARACTERS)
    footer = check.text(problems, "footer", sent["footer"], most=MAX_FOOTER_CHARACTERS, lines=True)
    return Settings(
        email_notifications=notify is not False,
        sla_minutes=None if sla is None else check.minutes(problems, "sla_minutes", sla),
        auto_response=_read_auto_response(problems, sent["auto_response"]),
        reminder_minutes=_read_reminders(problems, sent["reminder_minutes"]),
        escalation=_read_escalation(problems, sent["escalation"]),
        free_text=cast(FreeText, free_text or DEFAULTS.free_text),
        reply_feedback=cast(ReplyFeedback, feedback or DEFAULTS.reply_feedback),
        reply_token_hours=hours or DEFAULTS.reply_token_hours,
        unauthenticated_domains=cast(UnauthenticatedDomains, domains or DEFAULTS.unauthenticated_domains),
        rules=read_rules(problems, "rules", sent["rules"]),
        resume=_read_resume(problems, sent["resume"]),
        sender_name=None if sender is None else _read_sender_name(problems, sender),
        subject_prefix=prefix or "",
        footer=footer or "",
        approval_default_acknowledged=acknowledged is True,
    )


def _read_sender_name(problems: Problems, value: object) -> str | None:
    return check.text(problems, "sender_name", value, most=MAX_SENDER_NAME_CHARACTERS, needed=True)


def _read_auto_response(problems: Problems, value: object) -> AutoResponse:
    path = "auto_response"
    sent = check.section(problems, path, value, AUTO_RESPONSE_FIELDS)
    if sent is None:
        return AutoResponse()
    enabled = check.flag(problems, f"{path}.enabled", sent.get("enabled", False))
    timeout = outcome = None
    if (given := sent.get("timeout_minutes")) is not None:
        timeout = check.minutes(problems, f"{path}.timeout_minutes", given)
    elif enabled:
        problems.add(f"{path}.timeout_minutes", "is needed while auto_response.enabled is true")
    if (given := sent.get("default_outcome")) is not None:
        outcome = check.text(problems, f"{path}.default_outcome", given, most=MAX_OPTION_CHARACTERS, needed=True)
    elif enabled:
        problems.add(f"{path}.default_outcome", "is needed while auto_response.enabled is true")
    return AutoResponse(enabled is True, timeout, outcome)


def _read_reminders(problems: Problems, value: object) -> tuple[float, ...]:
    path = "reminder_minutes"
    if not isinstance(value, list | tuple):
        problems.add(path, "must be a list of numbers of minutes")
        return ()
    if len(value) > MAX_REMINDERS:
        problems.add(path, f"must hold at most {MAX_REMINDERS} reminders")
        return ()
    found: set[float] = set()
    for index, item in enumerate(value):
        after = check.minutes(problems, f"{path}.{index}", item)
        if after is not None and after in found:
            problems.add(f"{path}.{index}", f"is the second reminder at {after:g} minutes")
        if after is not None:
            found.add(after)
    return tuple(sorted(found))


def _read_escalation(problems: Problems, value: object) -> Escalation | None:
    if value is None:
        return None
    path = "escalation"
    sent = check.section(problems, path, value, ESCALATION_FIELDS)
    if sent is None:
        return None
    after = check.minutes(problems, f"{path}.after_minutes", sent.get("after_minutes"))
    to_email = check.address(problems, f"{path}.to_email", sent.get("to_email"))
    return None if after is None or to_email is None else Escalation(after, to_email)


def _check_escalation(problems: Problems, settings: Settings, creator_email: str | None) -> None:
    """An escalation must reach somebody else than the address that a request was assigned to."""
    if settings.escalation is None:
        return
    path, address = "escalation.to_email", settings.escalation.to_email
    if not settings.rules and creator_email is not None and address == creator_email.strip().lower():
        problems.add(path, "is the creator of the deployment, to whom every request goes: escalate to somebody else")
    for rule in settings.rules:
        if rule.assign_to_email == address:
            problems.add(path, f"is whom rule {shown(rule.name)} assigns to: escalate to somebody else")
            return


def _read_resume(problems: Problems, value: object) -> ResumeBy:
    path = "resume"
    if isinstance(value, Mapping):
        if value.get("resume_url") is not None:
            problems.add(f"{path}.resume_url", NOT_PUSHED_YET)
        value = {name: given for name, given in value.items() if name != "resume_url"}
    sent = check.section(problems, path, value, RESUME_FIELDS)
    if sent is None:
        return ResumeBy()
    mode = sent.get("mode", DEFAULTS.resume.mode)
    if mode == "push":
        problems.add(f"{path}.mode", NOT_PUSHED_YET)
        return ResumeBy()
    return ResumeBy(cast(ResumeMode, check.choice(problems, f"{path}.mode", mode, get_args(ResumeMode)) or "worker"))
