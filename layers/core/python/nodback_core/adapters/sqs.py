"""The queue on Amazon SQS: a standard queue with groups, so that a busy receiver does not hold up the others."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodback_core.ports import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class SqsQueue:
    client: "SQSClient"
    url: str

    def send(self, messages: Sequence[Message]) -> None:
        # One by one: most deployments have one webhook or two, and a batch would not say so plainly which was refused.
        for message in messages:
            self.client.send_message(
                QueueUrl=self.url, MessageBody=json.dumps(dict(message.body)), MessageGroupId=message.group
            )
