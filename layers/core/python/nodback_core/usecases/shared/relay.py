"""From the audit trail to the bus: each entry but bookkeeping becomes one event of ids and names."""

from collections.abc import Sequence

from nodback_core.domain.audit.trail import is_event, readable, tells_webhooks
from nodback_core.domain.reviews.happenings import Opened
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.times import stamp
from nodback_core.domain.webhooks.webhook import WEBHOOKS
from nodback_core.ports import Bus, Event


def relay(entries: Sequence[Entry], *, bus: Bus) -> None:
    """Publish the entries in order; raises when one was not taken, and then all may come again."""
    if events := [event_of(entry) for entry in entries if is_event(entry.action)]:
        bus.publish(events)


def event_of(entry: Entry) -> Event:
    """The event of an entry: what it is about, never what it says."""
    detail: dict[str, Json] = {
        "organization_id": entry.organization_id,
        "deployment_id": entry.deployment_id,
        "subject": entry.subject,
        "seq": entry.seq,
        "action": entry.action.value,
        "at": stamp(entry.at),
    }
    kind, _, identity = entry.subject.partition("/")
    if kind == "request":
        detail["request_id"] = identity
    # An opening that cannot be read starts no wait; the sweeper finds that in the request's row.
    if isinstance(said := readable(entry), Opened) and said.wake_at is not None:
        detail["wake_at"] = said.wake_at
    if tells_webhooks(entry):
        detail[WEBHOOKS] = True
    return Event(entry.action.value, detail)
