"""Queue of bus events -> daily figures, and the same counts as CloudWatch metrics."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from nodback_core.runtime.logs import logger
from nodback_core.runtime.measures import emit
from nodback_core.runtime.service import get_service
from nodback_core.usecases.figures.metrics import count_events


def handler(event: Mapping[str, object], context: object) -> None:
    bodies = [json.loads(str(record["body"])) for record in cast("Sequence[Mapping[str, object]]", event["Records"])]
    events = [(str(body["detail"]["request_id"]), str(body["detail"]["action"])) for body in bodies]
    # All of them or none: what was counted before is known when the batch comes again.
    service = get_service()
    counted = count_events(events, store=service.store, now=service.now())
    emit(counted)
    logger().info("counted", extra={"events": len(events), "counted": len(counted)})
