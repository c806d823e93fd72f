"""Settings of a deployment: who is asked, how, and what happens when nobody answers.

These are values that have been checked. A document from outside becomes `Settings` through
`settings_parse.parse_settings`, and `settings_document.as_document` writes it back.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from nodback_core.domain.deployments.rules import Rule

MAX_REMINDERS = 5
MAX_SETTINGS_BYTES = 160_000
"""One audit entry holds the settings before and after a change, and a row holds 400 kB."""
DEFAULT_REPLY_TOKEN_HOURS = 7 * 24
MAX_REPLY_TOKEN_HOURS = 60 * 24

FreeText: TypeAlias = Literal["pass", "ask"]
ReplyFeedback: TypeAlias = Literal["first_line", "whole"]
UnauthenticatedDomains: TypeAlias = Literal["reject", "accept"]
ResumeMode: TypeAlias = Literal["worker"]


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
