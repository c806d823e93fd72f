"""The way into the service through S3 and Lambda, against moto's S3 and a Lambda client that writes down its calls."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws

from infra.local.mailroom import inbound_from_stack, open_mailroom

from .conftest import REPLY_ADDRESS

STACK = {
    "endpoint_url": "http://127.0.0.1:9",
    "region": "us-east-1",
    "account": "000000000000",
    "bucket": "content",
    "inbound_function": "nodback-local-inbound-mail",
    "inbound_domain": "reply.nodback.test",
}


class RecordingLambda:
    """Takes invocations as Lambda's asynchronous ones."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def invoke(self, **call: Any) -> dict[str, Any]:
        self.calls.append(call)
        return {"StatusCode": 202}


def test_the_delivery_of_a_stack_names_its_function_and_speaks_to_its_endpoint_only() -> None:
    delivery = inbound_from_stack(STACK)

    assert delivery.function_arn == "arn:aws:lambda:us-east-1:000000000000:function:nodback-local-inbound-mail"
    assert {delivery.s3.meta.endpoint_url, delivery.lambda_.meta.endpoint_url} == {"http://127.0.0.1:9"}


def test_a_mail_over_smtp_ends_as_an_object_and_an_asynchronous_invocation(tmp_path: Path) -> None:
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        s3.create_bucket(Bucket="content")
        functions = RecordingLambda()
        delivery = replace(inbound_from_stack(STACK), s3=s3, lambda_=functions)

        with open_mailroom(tmp_path, 0, 0, delivery) as mailroom:
            mailroom.send(b"From: m@example.com\r\nSubject: Re\r\n\r\nApproved\r\n", "m@example.com", [REPLY_ADDRESS])

        [call] = functions.calls
        assert (call["FunctionName"], call["InvocationType"]) == ("nodback-local-inbound-mail", "Event")
        ses = json.loads(call["Payload"])["Records"][0]["ses"]
        stored = s3.get_object(Bucket="content", Key=f"inbound/{ses['mail']['messageId']}")["Body"].read()
        assert stored.startswith(b"Return-Path: <m@example.com>\r\n")
        assert stored.endswith(b"\r\n\r\nApproved\r\n")
