"""SES event -> what became of a mail, on the request's timeline."""

from collections.abc import Mapping
from functools import partial
from typing import cast

from nodback_core.adapters.ses import message_id_of
from nodback_core.adapters.ses_feedback import feedback_of
from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.usecases.letters.record_feedback import record_feedback


def handler(event: Mapping[str, object], context: object) -> None:
    service = get_service()
    detail = cast("Mapping[str, object]", event["detail"])
    feedback = feedback_of(detail, message_id_of=partial(message_id_of, region=service.environment.region))
    if feedback is None:
        logger().info("feedback about no notification", extra={"event_type": str(detail["eventType"])})
        return
    told = record_feedback(feedback, store=service.store, now=service.now())
    logger().info(
        "feedback",
        extra={
            "request_id": feedback.request_id,
            "notification": feedback.notification_id,
            "status": feedback.status.value,
            "told": told.value,
        },
    )
