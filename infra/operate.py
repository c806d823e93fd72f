"""`python -m infra.operate`: what an operator can do in an install on AWS. See docs/operations.md.

dead-letters              list the dead-letter queues and how many messages wait in each
redrive CONSUMER          hand the messages of one queue to their function again
rotate-keys               add a new signing key now
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from infra.settings import DEFAULT_STAGE

SUFFIX = "-dead-letters"
HIDDEN_SECONDS = 120
"""How long a message stays hidden from other readers while it is handed over."""
BATCH = 10


class CannotRedrive(RuntimeError):
    """A queue or a message that this command cannot hand over; the text says what to do."""


@dataclass(frozen=True)
class Redriven:
    """How many messages were handed over, and how many stayed in the queue."""

    sent: int
    left: int
    note: str = ""


@dataclass(frozen=True)
class Letter:
    """A dead letter: the event to repeat, and the function for it."""

    target: str
    payload: Mapping[str, Any]


def redrive(
    consumer: str, *, stage: str, sqs: Any, lambda_: Any, stepfunctions: Any, clock: Callable[[], float] = time.time
) -> Redriven:
    """Hand over the messages that wait when this starts; each leaves its queue once it has been handed over.

    What fails again comes back to the queue, so nothing is lost, and functions know what they have already done. Raises
    CannotRedrive for a queue that does not exist.
    """
    url = _queue(consumer, stage, sqs)
    began = clock() * 1000
    sent, left, note = 0, 0, ""
    while True:
        messages = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=HIDDEN_SECONDS,
            AttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            return Redriven(sent, left, note)
        for message in messages:
            if float(message["Attributes"]["SentTimestamp"]) > began:
                _show_again(sqs, url, message)
                return Redriven(sent, left, "what came back meanwhile was left: look at the function's log")
            try:
                _hand_over(letter_of(message), lambda_, stepfunctions)
            except CannotRedrive as problem:
                left, note = left + 1, str(problem)
                continue
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            sent += 1


def letter_of(message: Mapping[str, Any]) -> Letter:
    """The function and the event of a dead letter; Lambda and EventBridge each record them in their own way."""
    body = json.loads(message["Body"])
    attributes = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    if "requestPayload" in body:
        arn = str(body["requestContext"]["functionArn"])
        return Letter(arn.removesuffix(":$LATEST"), body["requestPayload"])
    if target := attributes.get("TARGET_ARN"):
        return Letter(target, body)
    if "DDBStreamBatchInfo" in body:
        raise CannotRedrive("a batch of the audit stream: the sweeper asks again for all that it owed; purge it")
    raise CannotRedrive("this queue has a source: 'aws sqs start-message-move-task' brings its messages back there")


def _hand_over(letter: Letter, lambda_: Any, stepfunctions: Any) -> None:
    if ":states:" in letter.target:
        given = letter.payload.get("detail", letter.payload)
        stepfunctions.start_execution(stateMachineArn=letter.target, input=json.dumps(given))
        return
    payload = json.dumps(letter.payload).encode()
    lambda_.invoke(FunctionName=letter.target, InvocationType="Event", Payload=payload)


def _show_again(sqs: Any, url: str, message: Mapping[str, Any]) -> None:
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)


def _queue(consumer: str, stage: str, sqs: Any) -> str:
    name = f"nodback-{stage}-{consumer.replace('_', '-')}{SUFFIX}"
    try:
        return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except sqs.exceptions.QueueDoesNotExist:
        known = ", ".join(sorted(queues(stage, sqs))) or "none"
        raise CannotRedrive(f"there is no queue {name}; there are: {known}") from None


def queues(stage: str, sqs: Any) -> dict[str, int]:
    """Every consumer with a dead-letter queue, and how many messages wait in it."""
    prefix, found = f"nodback-{stage}-", {}
    for url in sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", []):
        name = url.rpartition("/")[2]
        if name.endswith(SUFFIX):
            asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
            waiting = int(asked["Attributes"]["ApproximateNumberOfMessages"])
            found[name.removeprefix(prefix).removesuffix(SUFFIX)] = waiting
    return found


def rotate_keys(*, stage: str, lambda_: Any) -> Mapping[str, Any]:
    """Rotate the key ring now; returns what the function says. Raises CannotRedrive when it failed."""
    answer = lambda_.invoke(FunctionName=f"nodback-{stage}-rotate-keys", Payload=json.dumps({"after_days": 0}).encode())
    said: Mapping[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise CannotRedrive(f"rotating failed: {said.get('errorMessage', said)}")
    return said


def main(arguments: list[str]) -> int:
    """Run one command; returns 0 when everything was done, 1 when something was left."""
    options = argparse.ArgumentParser(prog="python -m infra.operate", description="Operate an install on AWS.")
    options.add_argument("--stage", default=DEFAULT_STAGE)
    options.add_argument("--endpoint-url", help="of the embedded stack; AWS when left out")
    commands = options.add_subparsers(dest="command", required=True)
    commands.add_parser("dead-letters", help="every dead-letter queue, and how much waits in it")
    commands.add_parser("redrive", help="hand over again what waits in one").add_argument("consumer")
    commands.add_parser("rotate-keys", help="give the key ring a fresh signing key now")
    given = options.parse_args(arguments)
    make: Callable[..., Any] = boto3.client
    sqs, lambda_ = (make(name, endpoint_url=given.endpoint_url) for name in ("sqs", "lambda"))
    try:
        if given.command == "dead-letters":
            for consumer, waiting in sorted(queues(given.stage, sqs).items()):
                _say(f"{waiting:>6}  {consumer}")
            return 0
        if given.command == "rotate-keys":
            _say(json.dumps(rotate_keys(stage=given.stage, lambda_=lambda_)))
            return 0
        stepfunctions = make("stepfunctions", endpoint_url=given.endpoint_url)
        done = redrive(given.consumer, stage=given.stage, sqs=sqs, lambda_=lambda_, stepfunctions=stepfunctions)
    except CannotRedrive as problem:
        _say(str(problem))
        return 1
    _say(f"{done.sent} handed over, {done.left} left. {done.note}".rstrip())
    return int(done.left > 0)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
