"""Dead letters are handed over again, whoever wrote them."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.operate import CannotRedrive, letter_of, queues, redrive

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:nodback-dev-inbound-mail"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:nodback-dev-deadlines"
MAIL = {"Records": [{"ses": {"mail": {"messageId": "m1"}}}]}


class Called:
    """Stands for Lambda and Step Functions: keeps what it was asked."""

    def __init__(self) -> None:
        self.invoked: list[tuple[str, Any]] = []
        self.started: list[tuple[str, Any]] = []
        self.fails = False

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert InvocationType == "Event"
        if self.fails:
            raise ConnectionError
        self.invoked.append((FunctionName, json.loads(Payload)))

    def start_execution(self, *, stateMachineArn: str, input: str) -> None:  # noqa: N803
        self.started.append((stateMachineArn, json.loads(input)))


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("sqs", region_name="us-east-1")


def queue(sqs: Any, consumer: str, *bodies: object, **attributes: str) -> str:
    url = str(sqs.create_queue(QueueName=f"nodback-dev-{consumer}-dead-letters")["QueueUrl"])
    for body in bodies:
        named = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body), MessageAttributes=named)
    return url


def run(sqs: Any, consumer: str, called: Called, **more: Any) -> Any:
    return redrive(consumer, stage="dev", sqs=sqs, lambda_=called, stepfunctions=called, **more)


def test_a_mail_that_its_function_could_not_handle_is_handed_to_it_again(sqs: Any) -> None:
    called = Called()
    failed = {"requestContext": {"functionArn": f"{FUNCTION}:$LATEST"}, "requestPayload": MAIL}
    queue(sqs, "inbound-mail", *[failed] * 13)
    done = run(sqs, "inbound_mail", called)
    assert (done.sent, done.left) == (13, 0)
    assert called.invoked == [(FUNCTION, MAIL)] * 13
    assert queues("dev", sqs) == {"inbound-mail": 0}


def test_an_event_that_a_rule_could_not_deliver_goes_to_its_target(sqs: Any) -> None:
    called = Called()
    event = {"detail-type": "request.opened", "detail": {"request_id": "r1", "wake_at": "2026-03-02T09:00:00.000Z"}}
    queue(sqs, "notify-rule", event, TARGET_ARN=FUNCTION)
    queue(sqs, "deadlines-rule", event, TARGET_ARN=MACHINE)
    assert run(sqs, "notify-rule", called).sent == 1
    assert run(sqs, "deadlines-rule", called).sent == 1
    assert called.invoked == [(FUNCTION, event)]
    assert called.started == [(MACHINE, event["detail"])]


def test_what_cannot_be_handed_over_stays_and_says_what_to_do(sqs: Any) -> None:
    queue(sqs, "relay", {"DDBStreamBatchInfo": {"shardId": "s"}})
    done = run(sqs, "relay", Called())
    assert (done.sent, done.left) == (0, 1)
    assert "sweeper" in done.note
    with pytest.raises(CannotRedrive, match="start-message-move-task"):
        letter_of({"Body": json.dumps({"delivery_id": "d"})})


def test_a_letter_leaves_its_queue_only_after_it_was_handed_over(sqs: Any) -> None:
    called = Called()
    called.fails = True
    url = queue(sqs, "inbound-mail", {"requestContext": {"functionArn": FUNCTION}, "requestPayload": MAIL})
    with pytest.raises(ConnectionError):
        run(sqs, "inbound-mail", called)
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert asked["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_what_fails_again_meanwhile_is_not_handed_over_for_ever(sqs: Any) -> None:
    called = Called()
    queue(sqs, "inbound-mail", {"requestContext": {"functionArn": FUNCTION}, "requestPayload": MAIL})
    done = run(sqs, "inbound-mail", called, clock=lambda: 0.0)
    assert done.sent == 0
    assert "came back" in done.note


def test_a_queue_that_is_not_there_is_said_with_those_that_are(sqs: Any) -> None:
    queue(sqs, "notify")
    with pytest.raises(CannotRedrive, match="there are: notify"):
        run(sqs, "notfy", Called())
