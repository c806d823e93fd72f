"""Callback URLs: how often one may be answered wrongly before it has to wait."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nodback_core.domain.shared.records import Key, Row

REFUSED_ATTEMPTS = 20
REFUSED_WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class RefusedAttempts(Row):
    """How many answers at one callback URL were refused since `since`; recorded answers do not count."""

    request_id: str
    webhook_id: str
    since: datetime
    count: int = 0
    version: int = 0

    def one_more(self, now: datetime) -> "RefusedAttempts":
        if now >= self.ends_at:
            return replace(self, since=now, count=1)
        return replace(self, count=self.count + 1)

    def wait_seconds(self, now: datetime) -> int:
        """How long the caller has to wait; 0 when it may try."""
        if self.count < REFUSED_ATTEMPTS or now >= self.ends_at:
            return 0
        return max(1, round((self.ends_at - now).total_seconds()))

    @property
    def ends_at(self) -> datetime:
        return self.since + timedelta(seconds=REFUSED_WINDOW_SECONDS)

    @property
    def key(self) -> "Key[RefusedAttempts]":
        return RefusedAttempts.at(self.request_id, self.webhook_id)

    @staticmethod
    def at(request_id: str, webhook_id: str) -> "Key[RefusedAttempts]":
        return Key(RefusedAttempts, f"request/{request_id}", f"callback/{webhook_id}")

    @property
    def forget_after(self) -> datetime | None:
        return self.ends_at + timedelta(days=1)
