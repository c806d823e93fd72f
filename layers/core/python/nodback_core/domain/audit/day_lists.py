"""How the audit trail is listed by day: a deployment's entries, spread over shards by subject."""

from nodback_core.domain.reviews.requests import shard_of
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.times import stamp

DAY_SHARDS = 4


def day_of(entry: Entry) -> str:
    """The partition of the day list that holds `entry`."""
    return f"{entry.deployment_id}#{stamp(entry.at)[:10]}#{shard_of(entry.subject, DAY_SHARDS)}"


def day_sort(entry: Entry) -> str:
    """The place of `entry` in the day list: by time, then by subject and number."""
    return f"{stamp(entry.at)}#{entry.subject}#{entry.seq:010d}"
