"""The queue on Amazon SQS: a standard queue with groups, so that a busy receiver does not hold up the others."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff_core.ports import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""SendMessageBatch takes at most ten messages a call."""


@dataclass(frozen=True)
class SqsQueue:
    client: "SQSClient"
    url: str

    def send(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), BATCH):
            part = messages[start : start + BATCH]
            answer = self.client.send_message_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(n), "MessageBody": json.dumps(dict(m.body)), "MessageGroupId": m.group}
                    for n, m in enumerate(part)
                ],
            )
            if failed := answer.get("Failed"):
                raise RuntimeError(f"{len(failed)} messages were not taken: { ({f['Code'] for f in failed}) }")
