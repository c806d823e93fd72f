"""Settings of a deployment: who is asked, how, and what happens when nobody answers.

Each setting stands here once: its field says its type, how it is read from a document, and its default. A document from
outside becomes `Settings` through `parsing.parse_settings`, and `document.as_document` writes it back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Literal, TypeAlias, cast, get_args

from nodback_core.domain.deployments import fields as check
from nodback_core.domain.deployments.fields import Problems, optional, setting, shown
from nodback_core.domain.deployments.rules import Rule, read_rules
from nodback_core.domain.deployments.sender_checks import SENDER_CHECKS, OtherSenders, SenderCheck, read_other_senders
from nodback_core.domain.reviews.options import MAX_OPTION_CHARACTERS, option_problems

MAX_REMINDERS = 5
MAX_ALIASES = 50
MAX_ALIAS_WORDS = 20
MAX_ALIAS_CHARACTERS = 60
MAX_SETTINGS_BYTES = 160_000
"""One audit entry holds the settings before and after a change, and a row holds 400 kB."""
DEFAULT_REPLY_TOKEN_HOURS = 7 * 24
MAX_REPLY_TOKEN_HOURS = 60 * 24
MAX_SENDER_NAME_CHARACTERS = 64
MAX_SUBJECT_PREFIX_CHARACTERS = 40
MAX_FOOTER_CHARACTERS = 1000
PUSHED_BY_WEBHOOKS = (
    'no setting pushes answers: add a webhook with "resumes": true for that, and leave this at worker; '
    "answers that no receiver claims are still there for `nodback worker package.module`"
)

FreeText: TypeAlias = Literal["pass", "ask"]
ReplyFeedback: TypeAlias = Literal["first_line", "whole"]
ResumeMode: TypeAlias = Literal["worker"]


def _names(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


@dataclass(frozen=True, slots=True)
class AutoResponse:
    """The answer that is given when nobody else gives one in time; complete whenever it is enabled."""

    enabled: bool = False
    timeout_minutes: float | None = None
    default_outcome: str | None = None


def _read_auto_response(problems: Problems, path: str, value: object) -> AutoResponse:
    sent = check.section(problems, path, value, _names(AutoResponse))
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


def _read_reminders(problems: Problems, path: str, value: object) -> tuple[float, ...]:
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


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who becomes the assignee when there is no answer after some minutes."""

    after_minutes: float
    to_email: str


def _read_escalation(problems: Problems, path: str, value: object) -> Escalation | None:
    sent = check.section(problems, path, value, _names(Escalation))
    if sent is None:
        return None
    after = check.minutes(problems, f"{path}.after_minutes", sent.get("after_minutes"))
    to_email = check.address(problems, f"{path}.to_email", sent.get("to_email"))
    return None if after is None or to_email is None else Escalation(after, to_email)


@dataclass(frozen=True, slots=True)
class Alias:
    """Other words that name an option in a reply by mail."""

    option: str
    words: tuple[str, ...]


def _read_aliases(problems: Problems, path: str, value: object) -> tuple[Alias, ...]:
    if not isinstance(value, list | tuple):
        problems.add(path, 'must be a list of objects such as {"option": "approved", "words": ["LGTM"]}')
        return ()
    if len(value) > MAX_ALIASES:
        problems.add(path, f"must hold at most {MAX_ALIASES} options")
        return ()
    found = [_read_alias(problems, f"{path}.{index}", item) for index, item in enumerate(value)]
    aliases = tuple(alias for alias in found if alias is not None)
    # What names two options would name neither.
    for _, sentence in option_problems([text for alias in aliases for text in (alias.option, *alias.words)]):
        problems.add(path, sentence)
    return aliases


def _read_alias(problems: Problems, path: str, value: object) -> Alias | None:
    sent = check.section(problems, path, value, _names(Alias))
    if sent is None:
        return None
    option = check.text(problems, f"{path}.option", sent.get("option"), most=MAX_OPTION_CHARACTERS, needed=True)
    words = sent.get("words")
    if not isinstance(words, list | tuple) or not 1 <= len(words) <= MAX_ALIAS_WORDS:
        problems.add(f"{path}.words", f"must be a list of 1 to {MAX_ALIAS_WORDS} texts")
        return None
    read = [
        check.text(problems, f"{path}.words.{index}", word, most=MAX_ALIAS_CHARACTERS, needed=True)
        for index, word in enumerate(words)
    ]
    return None if option is None else Alias(option, tuple(word.strip() for word in read if word is not None))


@dataclass(frozen=True, slots=True)
class ResumeBy:
    """How a decided response reaches the flow: a worker claims it, or a receiver, which is a webhook that resumes."""

    mode: ResumeMode = "worker"


def _read_resume(problems: Problems, path: str, value: object) -> ResumeBy:
    if isinstance(value, Mapping):
        if value.get("resume_url") is not None:
            problems.add(f"{path}.resume_url", PUSHED_BY_WEBHOOKS)
        value = {name: given for name, given in value.items() if name != "resume_url"}
    sent = check.section(problems, path, value, _names(ResumeBy))
    if sent is None:
        return ResumeBy()
    mode = sent.get("mode", ResumeBy().mode)
    if mode == "push":
        problems.add(f"{path}.mode", PUSHED_BY_WEBHOOKS)
        return ResumeBy()
    return ResumeBy(cast(ResumeMode, check.choice(problems, f"{path}.mode", mode, get_args(ResumeMode)) or "worker"))


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured for a deployment; without arguments, its documented defaults.

    Documents hold the fields in this order, and mistakes are named in it.
    """

    email_notifications: bool = setting(check.flag, True)
    sla_minutes: float | None = setting(optional(check.minutes), None)
    auto_response: AutoResponse = setting(_read_auto_response, AutoResponse())
    reminder_minutes: tuple[float, ...] = setting(_read_reminders, ())
    escalation: Escalation | None = setting(optional(_read_escalation), None)
    free_text: FreeText = setting(partial(check.choice, choices=get_args(FreeText)), "pass")
    reply_feedback: ReplyFeedback = setting(partial(check.choice, choices=get_args(ReplyFeedback)), "first_line")
    aliases: tuple[Alias, ...] = setting(_read_aliases, ())
    reply_token_hours: int = setting(
        partial(check.whole_number, least=1, most=MAX_REPLY_TOKEN_HOURS, unit="hours"), DEFAULT_REPLY_TOKEN_HOURS
    )
    sender_check: SenderCheck = setting(partial(check.choice, choices=SENDER_CHECKS), "dmarc")
    other_senders: tuple[OtherSenders, ...] = setting(read_other_senders, ())
    rules: tuple[Rule, ...] = setting(read_rules, ())
    resume: ResumeBy = setting(_read_resume, ResumeBy())
    sender_name: str | None = setting(optional(partial(check.text, most=MAX_SENDER_NAME_CHARACTERS, needed=True)), None)
    subject_prefix: str = setting(partial(check.text, most=MAX_SUBJECT_PREFIX_CHARACTERS), "")
    footer: str = setting(partial(check.text, most=MAX_FOOTER_CHARACTERS, lines=True), "")
    approval_default_acknowledged: bool = setting(check.flag, False)

    def senders_for(self, address: str) -> tuple[str, ...]:
        """Who may answer by mail what this address is asked: itself, its aliases, and whoever stands in for it."""
        others = (one.senders for one in self.other_senders if one.address == address)
        return (address, *next(others, ()))

    def sender_check_of(self, rule: str | None) -> SenderCheck:
        """How well mails about a request must prove their sender: as the rule that assigned it says, if it says so."""
        named = (one.sender_check for one in self.rules if one.name == rule)
        return next(named, None) or self.sender_check


DEFAULTS = Settings()


def check_together(problems: Problems, settings: Settings, creator_email: str | None) -> None:
    """Note which settings contradict each other.

    An escalation must reach somebody else than the address that a request is assigned to.
    """
    if settings.escalation is None:
        return
    path, address = "escalation.to_email", settings.escalation.to_email
    if not settings.rules and creator_email is not None and address == creator_email.strip().lower():
        problems.add(path, "is the creator of the deployment, to whom every request goes: escalate to somebody else")
    for rule in settings.rules:
        if rule.assign_to_email == address:
            problems.add(path, f"is whom rule {shown(rule.name)} assigns to: escalate to somebody else")
            return
