"""A person's call with a deployment's id -> its figures built anew from the audit trail."""

from collections.abc import Mapping
from typing import Protocol

from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.usecases.figures.rebuild import rebuild_metrics

DAY_MILLISECONDS = 120_000
"""What one day of one shard may take: with less time left, the rest is left to the next call."""


class Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: Mapping[str, object], context: Context) -> dict[str, object]:
    service = get_service()
    rebuilt = rebuild_metrics(
        int(str(event["deployment_id"])),
        store=service.store,
        may_go_on=lambda: context.get_remaining_time_in_millis() > DAY_MILLISECONDS,
        now=service.now(),
    )
    logger().info("rebuilt", extra={"done": rebuilt.is_done, "counted": rebuilt.counted})
    return {"done": rebuilt.is_done, "counted": rebuilt.counted}
