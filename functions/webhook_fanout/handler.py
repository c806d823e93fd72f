"""Bus event -> one delivery for each webhook that wants it, or that resumes."""

from collections.abc import Mapping
from typing import cast

from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.runtime.webhooks import dispatcher
from nodback_core.usecases.webhooks.fan_out import fan_out
from nodback_core.usecases.webhooks.push import push


def handler(event: Mapping[str, object], context: object) -> None:
    detail, service = cast("Mapping[str, object]", event["detail"]), get_service()
    request_id, seq = str(detail["request_id"]), int(str(detail["seq"]))
    pushed = push(request_id, seq, storage=service.storage, queue=service.webhook_queue, now=service.now())
    queued = fan_out(
        request_id,
        seq,
        deployment_id=int(str(detail["deployment_id"])),
        dispatcher=dispatcher(service),
        now=service.now(),
    )
    logger().info("webhooks told", extra={"request_id": request_id, "seq": seq, "queued": [*pushed, *queued]})
