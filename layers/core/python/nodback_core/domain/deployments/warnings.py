"""Warnings for whoever saves settings: settings that are allowed but may surprise."""

from collections.abc import Iterator
from dataclasses import dataclass

from nodback_core.domain.deployments.settings import Settings


@dataclass(frozen=True, slots=True)
class SettingsWarning:
    """A setting that is allowed but may surprise: its dotted path, a stable code, and a sentence."""

    field: str
    code: str
    message: str


APPROVING_WORDS = frozenset(
    {"accept", "accepted", "agree", "agreed", "allow", "allowed", "approve", "approved", "authorise", "authorised"}
    | {"authorize", "authorized", "confirm", "confirmed", "continue", "go", "grant", "granted", "lgtm", "ok", "okay"}
    | {"pass", "passed", "permit", "permitted", "proceed", "publish", "published", "release", "released", "ship"}
    | {"signed", "yes"}
)
REFUSING_WORDS = frozenset(
    {"cannot", "decline", "declined", "deny", "denied", "dont", "no", "not", "never", "reject", "rejected", "without"}
)


def looks_like_approval(outcome: str) -> bool:
    """Whether an outcome reads like a yes, such as `approved`, `auto-approve` or `looks_ok`."""
    words = set("".join(c if c.isalnum() else " " for c in outcome.casefold().replace("'", "")).split())
    return bool(words & APPROVING_WORDS) and not words & REFUSING_WORDS


def warnings(settings: Settings, *, creator_email: str | None = None) -> tuple[SettingsWarning, ...]:
    """The warnings about these settings.

    `creator_email` is the deployment creator's address, for the warning about an escalation to them.
    """
    return tuple(_warnings(settings, creator_email))


def _warnings(settings: Settings, creator_email: str | None) -> Iterator[SettingsWarning]:
    auto = settings.auto_response
    if auto.enabled and auto.default_outcome is not None:
        approves = looks_like_approval(auto.default_outcome)
        if approves and not settings.approval_default_acknowledged:
            yield SettingsWarning(
                "auto_response.default_outcome",
                "default_outcome_approves",
                f"“{auto.default_outcome}” looks like an approval: whatever nobody answers in time is approved without "
                "a person. Set approval_default_acknowledged to true if that is what you want.",
            )
    if auto.enabled and auto.timeout_minutes is not None:
        for index, after in enumerate(settings.reminder_minutes):
            if after >= auto.timeout_minutes:
                yield SettingsWarning(
                    f"reminder_minutes.{index}",
                    "reminder_after_timeout",
                    f"this reminder is due at {after:g} minutes, and the auto-response already at "
                    f"{auto.timeout_minutes:g}.",
                )
        if settings.escalation is not None and settings.escalation.after_minutes >= auto.timeout_minutes:
            yield SettingsWarning(
                "escalation.after_minutes",
                "escalation_after_timeout",
                f"the escalation is due at {settings.escalation.after_minutes:g} minutes, and the auto-response "
                f"already at {auto.timeout_minutes:g}.",
            )
    if settings.reminder_minutes and not settings.email_notifications:
        yield SettingsWarning(
            "reminder_minutes", "reminders_not_mailed", "email notifications are off, so no reminder is sent."
        )
    if settings.escalation is not None and creator_email is not None and settings.escalation.to_email == creator_email:
        yield SettingsWarning(
            "escalation.to_email",
            "escalation_to_creator",
            "a request that no rule matches is with the deployment's creator, and is not escalated to them again.",
        )
    if settings.sender_check == "address":
        yield SettingsWarning(
            "sender_check",
            "token_alone_authorises",
            "a reply that names the assignee as its sender is accepted because of its signed reply address alone, "
            "unless a check of the sender has failed.",
        )
