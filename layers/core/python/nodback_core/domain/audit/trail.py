"""Every action of the trail with its class. What follows from an action is read here, never from a second table."""

from collections.abc import Callable, Mapping

from nodback_core.domain.audit.happenings import ExportFinished, ExportStarted, TextsErased
from nodback_core.domain.deployments.happenings import (
    DeploymentChanged,
    DeploymentCreated,
    KeyCreated,
    KeyRevoked,
    SettingsChanged,
)
from nodback_core.domain.flows.happenings import (
    OutcomeSettled,
    ResumeClaimed,
    ResumeConsumed,
    ResumeFailed,
    ResumeRetried,
    ResumeSucceeded,
    ResumeUnclaimed,
)
from nodback_core.domain.letters.happenings import (
    NotificationBounced,
    NotificationComplained,
    NotificationDelayed,
    NotificationDelivered,
    NotificationFailed,
    NotificationNotTaken,
    NotificationRejected,
    NotificationSent,
    NotificationSkipped,
    NotificationSoftBounced,
)
from nodback_core.domain.people.happenings import MemberAdded, MemberChanged, MemberRemoved, SignedIn, SignedOut
from nodback_core.domain.replies.happenings import ReplyRejected
from nodback_core.domain.reviews.happenings import (
    Assigned,
    AutoResponded,
    Cancelled,
    Escalated,
    Opened,
    Reassigned,
    Reminded,
    Responded,
    SlaBreached,
    Superseded,
    TestOpened,
)
from nodback_core.domain.shared.entries import Action, Entry, NewEntry
from nodback_core.domain.shared.happenings import Happening, UnreadableHappening
from nodback_core.domain.webhooks.happenings import (
    WebhookChanged,
    WebhookCreated,
    WebhookRedelivered,
    WebhookRemoved,
    WebhooksDispatched,
    WebhookSecretRotated,
    WebhookTested,
)
from nodback_core.domain.webhooks.webhook import WEBHOOKS

KINDS: tuple[type[Happening], ...] = (
    Opened,
    Assigned,
    Responded,
    AutoResponded,
    Reassigned,
    Escalated,
    Reminded,
    SlaBreached,
    Cancelled,
    Superseded,
    ReplyRejected,
    NotificationSent,
    NotificationNotTaken,
    NotificationFailed,
    NotificationSkipped,
    NotificationDelivered,
    NotificationDelayed,
    NotificationSoftBounced,
    NotificationBounced,
    NotificationComplained,
    NotificationRejected,
    ResumeClaimed,
    ResumeUnclaimed,
    ResumeConsumed,
    OutcomeSettled,
    ResumeSucceeded,
    ResumeFailed,
    ResumeRetried,
    WebhooksDispatched,
    WebhookCreated,
    WebhookChanged,
    WebhookRemoved,
    WebhookSecretRotated,
    WebhookTested,
    WebhookRedelivered,
    TextsErased,
    ExportStarted,
    ExportFinished,
    MemberAdded,
    MemberChanged,
    MemberRemoved,
    SignedIn,
    SignedOut,
    DeploymentCreated,
    DeploymentChanged,
    SettingsChanged,
    KeyCreated,
    KeyRevoked,
)
BY_ACTION: Mapping[Action, type[Happening]] = {kind.action: kind for kind in KINDS}


def kind_of(action: Action) -> type[Happening] | None:
    """The class of an action; None for one that a newer version wrote."""
    return BY_ACTION.get(action)


def class_of(entry: Entry | NewEntry) -> type[Happening] | None:
    """The class of an entry, even if facts are missing; None for an action that a newer version wrote."""
    if entry.action is Action.REQUEST_OPENED and entry.data.get("test") is True:
        return TestOpened
    return kind_of(entry.action)


def happening_of(entry: Entry | NewEntry) -> Happening | None:
    """What an entry says; None for an action that a newer version wrote.

    Raises UnreadableHappening when a fact is missing that its action always has.
    """
    kind = class_of(entry)
    return None if kind is None else kind.read(entry.data, by=entry.actor)


def readable(entry: Entry) -> Happening | None:
    """What an entry says; None when this version cannot read it, for readers that can go on without."""
    try:
        return happening_of(entry)
    except UnreadableHappening:
        return None


def is_event(action: Action) -> bool:
    """Whether the bus is told. True for an action that a newer version wrote, since its rules may still be there."""
    kind = kind_of(action)
    return kind is None or kind.is_event


def tells_webhooks(entry: Entry) -> bool:
    """Whether a webhook listens to the entry: a mark that any entry may have besides its facts."""
    return entry.data.get(WEBHOOKS) is True


def object_of(entry: Entry) -> str:
    """The object of the mail that an entry is about, or nothing, even if other facts are missing.

    What is erased must not depend on whether this version can read the other facts.
    """
    return str(entry.data.get("object_key") or "")


def webhooks_told(entry: Entry) -> frozenset[str]:
    """The webhooks whose deliveries an entry is about, even if other facts are missing, as with `object_of`."""
    named = entry.data.get("webhooks") if class_of(entry) is WebhooksDispatched else None
    return frozenset(str(name) for name in named) if isinstance(named, list | tuple) else frozenset()


def actions_that(holds: Callable[[type[Happening]], object]) -> list[str]:
    """The names of the actions whose class meets the condition, for the rules of the bus."""
    return [kind.action.value for kind in KINDS if holds(kind)]
