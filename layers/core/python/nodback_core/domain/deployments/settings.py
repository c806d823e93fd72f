"""Settings of a deployment: who is asked, how, and what happens when nobody answers.

These are values that have been checked. A document from outside becomes `Settings` through
`settings_parse.parse_settings`, and `settings_document.as_document` writes it back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

MINUTES_PER_YEAR = 365 * 24 * 60
MAX_REMINDERS = 5
MAX_RULES = 500
MAX_CONDITIONS_PER_RULE = 20
MAX_CONDITION_VALUES = 100
MAX_SETTINGS_BYTES = 160_000
"""One audit entry holds the settings before and after a change, and a row holds 400 kB."""
DEFAULT_REPLY_TOKEN_HOURS = 7 * 24
MAX_REPLY_TOKEN_HOURS = 60 * 24

FreeText: TypeAlias = Literal["pass", "ask"]
ReplyFeedback: TypeAlias = Literal["first_line", "whole"]
UnauthenticatedDomains: TypeAlias = Literal["reject", "accept"]
ResumeMode: TypeAlias = Literal["worker"]
Scalar: TypeAlias = str | int | float | bool | None


class Operator(StrEnum):
    """How a condition compares the value that it finds in the flow's state."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Condition:
    """One demand on the flow's state: what stands at a dotted path, compared with a value.

    `value` is a tuple for `in`, a boolean for `exists`, a number for the four orders, else any scalar.
    """

    path: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule applies to: a pattern for the method's name, and conditions that must all hold."""

    method_name: str = "*"
    state: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One routing rule: what it matches, and where the address comes from, the state before the fixed one."""

    name: str
    match: Match
    assign_to_email: str | None = None
    assign_from_input: str | None = None


@dataclass(frozen=True, slots=True)
class AutoResponse:
    """The answer that is given when nobody else gives one in time; complete whenever it is enabled."""

    enabled: bool = False
    timeout_minutes: float | None = None
    default_outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who becomes the assignee when there is no answer after some minutes."""

    after_minutes: float
    to_email: str


@dataclass(frozen=True, slots=True)
class ResumeBy:
    """How a decided response reaches the flow: a worker claims it."""

    mode: ResumeMode = "worker"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured for a deployment; without arguments, its documented defaults."""

    email_notifications: bool = True
    sla_minutes: float | None = None
    auto_response: AutoResponse = AutoResponse()
    reminder_minutes: tuple[float, ...] = ()
    escalation: Escalation | None = None
    free_text: FreeText = "pass"
    reply_feedback: ReplyFeedback = "first_line"
    reply_token_hours: int = DEFAULT_REPLY_TOKEN_HOURS
    unauthenticated_domains: UnauthenticatedDomains = "reject"
    rules: tuple[Rule, ...] = ()
    resume: ResumeBy = ResumeBy()
    sender_name: str | None = None
    subject_prefix: str = ""
    footer: str = ""
    approval_default_acknowledged: bool = False


DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class SettingsWarning:
    """A setting that is allowed and may still surprise: its dotted path, a stable code, and a sentence."""

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
    """What a person who saves these settings should be told, in the order of the fields.

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
    if settings.unauthenticated_domains == "accept":
        yield SettingsWarning(
            "unauthenticated_domains",
            "token_alone_authorises",
            "a reply from a domain without DMARC is accepted because of its signed reply address alone.",
        )
