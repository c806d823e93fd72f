"""The queue's contract: what is sent arrives, with its ids, in memory and in SQS."""

import json
from collections.abc import Callable, Iterator, Mapping

import boto3
import pytest
from moto import mock_aws

from nodback_core.adapters.memory import MemoryQueue
from nodback_core.adapters.sqs import SqsQueue
from nodback_core.ports import Message, Queue

Received = Callable[[], list[Mapping[str, str]]]


@pytest.fixture(params=["memory", "sqs"])
def queue(request: pytest.FixtureRequest) -> Iterator[tuple[Queue, Received]]:
    if request.param == "memory":
        memory = MemoryQueue()
        yield memory, lambda: [m.body for m in memory.messages]
        return
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        url = client.create_queue(QueueName="deliveries")["QueueUrl"]

        def received() -> list[Mapping[str, str]]:
            found = []
            while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                found += [json.loads(m["Body"]) for m in messages]
            return found

        yield SqsQueue(client, url), received


def test_every_message_arrives_with_its_ids(queue: tuple[Queue, Received]) -> None:
    sent, received = queue
    bodies = [{"webhook_id": f"w{n}", "delivery_id": f"d{n}"} for n in range(25)]
    sent.send([Message(body, group=body["webhook_id"]) for body in bodies])
    assert sorted(received(), key=lambda b: b["delivery_id"]) == sorted(bodies, key=lambda b: b["delivery_id"])


def test_nothing_to_send_is_no_call(queue: tuple[Queue, Received]) -> None:
    sent, received = queue
    sent.send([])
    assert received() == []
