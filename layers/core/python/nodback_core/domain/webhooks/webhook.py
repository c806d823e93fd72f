"""Webhooks of a deployment: who is told what, with which secret."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from nodback_core.domain.shared.records import Key, Row
from nodback_core.domain.webhooks.events import EventType

MAX_WEBHOOKS = 100
MAX_WEBHOOK_NAME_CHARACTERS = 120
WEBHOOKS = "webhooks"
"""The kind of the effect that webhooks are owed an event, and the mark of the entries that cause one."""
PUSH = "push"
"""The kind of the effect that webhooks that resume are told of a decision until it is carried out."""


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A signing secret as it is stored; it is sealed under its name."""

    name: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Webhook(Row):
    """One receiver. Its secrets are sealed under a data key that is bound to this very webhook."""

    deployment_id: int
    webhook_id: str
    name: str
    url: str
    created_at: datetime
    wrapped: bytes = field(repr=False)
    secret: SealedSecret
    next_secret: SealedSecret | None = None
    """There while a rotation is under way."""
    rotation_started_at: datetime | None = None
    active: bool = True
    events: tuple[EventType, ...] = ()
    """What it asked for beside `new_request`."""
    resumes: bool = False
    """Whether it is a receiver, which carries decisions back into flows: it is told of these and of nothing else."""
    version: int = 0

    @property
    def owner(self) -> str:
        """What the data key of its secrets is bound to."""
        return f"webhook/{self.deployment_id}/{self.webhook_id}"

    def wants(self, event: EventType) -> bool:
        """Whether it is to be told of such an event now."""
        if self.resumes or event is EventType.RESUME_READY:
            return self.active and self.resumes and event is EventType.RESUME_READY
        return self.active and (event is EventType.NEW_REQUEST or event in self.events)

    @property
    def key(self) -> "Key[Webhook]":
        return Webhook.at(self.deployment_id, self.webhook_id)

    @staticmethod
    def at(deployment_id: int, webhook_id: str) -> "Key[Webhook]":
        return Key(Webhook, f"deployment/{deployment_id}", f"webhook/{webhook_id}")


def wanted_events(webhooks: Iterable[Webhook]) -> tuple[EventType, ...]:
    """Every event that at least one of them wants, in the order of the list of events.

    `resume_ready` is wanted by one that is paused, too: what is decided meanwhile is told once it is active again.
    """
    known = [replace(webhook, active=True) if webhook.resumes else webhook for webhook in webhooks]
    return tuple(event for event in EventType if event is not EventType.TEST and any(w.wants(event) for w in known))


@dataclass(frozen=True, slots=True)
class Reach:
    """What this install never sends to besides what nobody may: itself; and whether loopback is let through."""

    own_domains: tuple[str, ...] = ()
    loopback: bool = False
    """On the embedded stack only."""
