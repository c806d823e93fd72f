"""Queue -> one POST to one receiver."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.runtime.webhooks import sender
from nodback_core.usecases.webhooks.deliver import deliver_webhook


def handler(event: Mapping[str, object], context: object) -> None:
    service = get_service()
    # The queue hands over one at a time: a slow receiver holds up nobody else.
    for record in cast("Sequence[Mapping[str, str]]", event["Records"]):
        ids = cast("Mapping[str, str]", json.loads(record["body"]))
        result, delivery = deliver_webhook(
            ids["webhook_id"],
            ids["delivery_id"],
            storage=service.storage,
            send=sender(service),
            now=service.now(),
        )
        told = delivery.class_.value if delivery and delivery.class_ else None
        logger().info("delivery", extra={"delivery_id": ids["delivery_id"], "result": result.value, "class": told})
