"""Queue -> the next pages of an export."""

import json
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.usecases.audit.exports import Writing, write_export

PAGE_MILLISECONDS = 120_000
"""What one page may take: with less time left, the rest is left to the next message."""


class Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: Mapping[str, object], context: Context) -> None:
    service = get_service()
    writing = Writing(service.store, service.objects, service.archive, service.environment.organization_id)
    for record in cast("Sequence[Mapping[str, str]]", event["Records"]):
        ids = cast("Mapping[str, str]", json.loads(record["body"]))
        export = write_export(
            int(ids["deployment_id"]),
            ids["export_id"],
            writing=writing,
            queue=service.export_queue,
            may_go_on=lambda: context.get_remaining_time_in_millis() > PAGE_MILLISECONDS,
            now=service.now(),
        )
        facts = {"export_id": ids["export_id"], "status": export.status.value if export else "not mine"}
        logger().info("export", extra=facts | {"percent": export.percent if export else None})
