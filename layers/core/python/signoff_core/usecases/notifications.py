"""The mails of a request, and what became of each."""

from collections.abc import Sequence

from signoff_core.domain.notifications import NOTIFICATION_PREFIX, Notification
from signoff_core.ports import Store


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
