"""Bus event -> the mails that its entry calls for."""

from collections.abc import Mapping
from typing import cast

from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.usecases.letters.notify import notify


def handler(event: Mapping[str, object], context: object) -> None:
    detail = cast("Mapping[str, object]", event["detail"])
    request_id, seq = str(detail["request_id"]), int(str(detail["seq"]))
    deployment_id = int(str(detail["deployment_id"]))
    sent = notify(request_id, seq, post=get_service().post, now=get_service().now(), deployment_id=deployment_id)
    logger().info("notified", extra={"request_id": request_id, "seq": seq, "sent": list(sent)})
