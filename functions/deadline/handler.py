"""The end of a Step Functions wait -> what is due, and when to wake next."""

from collections.abc import Mapping

from nodback_core.domain.shared.times import stamp
from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.usecases.reviews.meet_deadlines import meet_deadlines


def handler(event: Mapping[str, object], context: object) -> dict[str, object]:
    service, request_id = get_service(), str(event["request_id"])
    wake_at = meet_deadlines(request_id, storage=service.storage, now=service.now())
    logger().info("deadline met", extra={"request_id": request_id, "wake_at": wake_at and stamp(wake_at)})
    return {"request_id": request_id, **({"wake_at": stamp(wake_at)} if wake_at else {})}
