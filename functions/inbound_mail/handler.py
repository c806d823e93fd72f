"""SES receipt -> the reply that it brought."""

from collections.abc import Mapping, Sequence
from typing import cast

from nodback_core.mail.replies.arrival import ArrivedMail
from nodback_core.mail.replies.sender import Verdicts
from nodback_core.runtime.logs import logger
from nodback_core.runtime.service import get_service
from nodback_core.usecases.replies.receive_mail import receive_mail

OBJECT_PREFIX = "inbound/"


def handler(event: Mapping[str, object], context: object) -> None:
    for record in cast("Sequence[Mapping[str, Mapping[str, Mapping[str, object]]]]", event["Records"]):
        mail, receipt = record["ses"]["mail"], record["ses"]["receipt"]
        message_id = str(mail["messageId"])
        delivery = ArrivedMail(
            object_key=f"{OBJECT_PREFIX}{message_id}",
            recipients=tuple(cast("Sequence[str]", receipt["recipients"])),
            verdicts=Verdicts.of_receipt(receipt),
        )
        service = get_service()
        result = receive_mail(
            delivery,
            storage=service.storage,
            ring=service.ring,
            domain=service.sender.reply_domain,
            sender_name=service.sender.name,
            now=service.now(),
        )
        logger().info("mail received", extra={"ses_message_id": message_id, "result": result.value})
