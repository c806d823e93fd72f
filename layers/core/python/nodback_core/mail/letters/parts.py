"""What letters are made of: who sends them, what they are about, and how their reader can answer.

Times are aware; they are printed in the zone that they carry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from nodback_core.mail.letters import wording
from nodback_core.version import PRODUCT

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"


@dataclass(frozen=True)
class Branding:
    """What the owner of an install chooses about the look of its mails."""

    sender_name: str = PRODUCT
    subject_prefix: str = ""
    footer: str | None = None

    @property
    def prefix(self) -> str:
        """What begins a subject: the owner's prefix with a space behind it, or nothing."""
        prefix = wording.one_line(self.subject_prefix, 40)
        return f"{prefix} " if prefix else ""


@dataclass(frozen=True)
class About:
    """The request that a mail is about; the same in every mail of one request."""

    deployment_name: str
    flow_id: str
    method_name: str
    number: int
    message: str

    @property
    def topic(self) -> str:
        """The question in a few words."""
        return wording.title(self.message, self.method_name)


@dataclass(frozen=True)
class Deadline:
    """Something that happens by itself if nobody has answered by then."""

    at: datetime
    kind: Literal["reminder", "escalation", "auto_response"]
    outcome: str | None = None
    to_email: str | None = None


@dataclass(frozen=True)
class Asking:
    """How the reader can answer: the signed reply address, and what a reply may say.

    `options` are the emit options as the flow spells them; empty means that any text is welcome.
    `free_text` and `reply_feedback` are the deployment's settings of these names. `asked_at` is when the letter was
    called for; "in 4 hours" counts from there.
    """

    reply_address: str
    token_expires_at: datetime
    options: tuple[str, ...] = ()
    free_text: Literal["pass", "ask"] = "pass"
    reply_feedback: Literal["first_line", "whole"] = "first_line"
    deadlines: tuple[Deadline, ...] = ()
    review_url: str | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True)
class NewerRequest:
    """A later pause of the same flow that waits for an answer now."""

    number: int
    assigned_to_reader: bool
    review_url: str | None = None


def subject_of_test(deployment_name: str, branding: Branding) -> str:
    """The subject of a test mail and of its confirmation."""
    return f"{branding.prefix}Test review · {wording.one_line(deployment_name, 60)}"
