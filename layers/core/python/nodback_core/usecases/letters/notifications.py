"""The mails of a request, and what became of each."""

from collections.abc import Mapping, Sequence

from nodback_core.domain.audit.trail import readable
from nodback_core.domain.letters.happenings import OfMail
from nodback_core.domain.letters.notifications import NOTIFICATION_PREFIX, UNSENT, Notification, NotificationStatus
from nodback_core.domain.shared.entries import Entry
from nodback_core.ports import Store


def notifications_of(request_id: str, *, store: Store, whole: bool = False) -> Sequence[Notification]:
    """Every mail of a request, oldest claim first; with `whole`, raises RowUnreadable rather than leave one out."""
    found: list[Notification] = []
    cursor = None
    while True:
        page = store.children(Notification, f"request/{request_id}", NOTIFICATION_PREFIX, cursor=cursor)
        found += page.whole if whole else page.items
        if page.cursor is None:
            return sorted(found, key=lambda n: (n.claimed_at, n.notification_id))
        cursor = page.cursor


def said_of_troubles(request_id: str, entries: Sequence[Entry], *, store: Store) -> Mapping[int, str]:
    """What the mail service or a reader's server said, by the number of the entry that tells of it.

    The words stand on the notification, which can forget them, so only the newest of each mail are known.
    """
    told = {
        (happening.notification_id, happening.status): entry.seq
        for entry in entries
        if isinstance(happening := readable(entry), OfMail) and happening.is_trouble
    }
    if not told:
        return {}
    said: dict[int, str] = {}
    for mail in notifications_of(request_id, store=store):
        status = NotificationStatus.NOT_TAKEN if mail.status in UNSENT else mail.status
        seq = told.get((mail.notification_id, status))
        if seq is not None and mail.reason is not None:
            said[seq] = mail.reason
    return said
