"""The way from the mailroom into the service: the bucket and the function that SES inbound would use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config

INBOUND_PREFIX = "inbound/"


class InboundDelivery(Protocol):
    """Hands over mail for the inbound domain."""

    @property
    def domain(self) -> str:
        """The domain whose mail belongs to the service, such as `reply.nodback.test`."""

    @property
    def function_arn(self) -> str:
        """The function that the receipt rule names."""

    @property
    def region(self) -> str:
        """The region in which SES receives."""

    def store(self, key: str, raw: bytes) -> None:
        """Put the raw mail where the function will look for it."""

    def invoke(self, event: dict[str, Any]) -> None:
        """Invoke the function asynchronously with the receipt event."""


@dataclass(frozen=True)
class AwsInboundDelivery:
    """SES inbound's two steps, done with S3 and Lambda of the account behind an endpoint."""

    domain: str
    bucket: str
    function: str
    region: str
    account: str
    s3: Any
    lambda_: Any

    @property
    def function_arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.function}"

    def store(self, key: str, raw: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=raw)

    def invoke(self, event: dict[str, Any]) -> None:
        self.lambda_.invoke(
            FunctionName=self.function, InvocationType="Event", Payload=json.dumps(event).encode("utf-8")
        )


def inbound_from_stack(stack: Mapping[str, Any]) -> AwsInboundDelivery:
    """Build the delivery from the content of `.nodback/stack.json`."""
    session = boto3.Session(
        # The emulator takes any credentials; a developer's real ones must never be sent to it.
        aws_access_key_id=str(stack["account"]),
        aws_secret_access_key="local",  # noqa: S106 - no secret: the emulator checks none
        region_name=str(stack["region"]),
    )
    endpoint = str(stack["endpoint_url"])
    patience = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2})
    return AwsInboundDelivery(
        domain=str(stack["inbound_domain"]).lower(),
        bucket=str(stack["bucket"]),
        function=str(stack["inbound_function"]),
        region=str(stack["region"]),
        account=str(stack["account"]),
        s3=session.client("s3", endpoint_url=endpoint, config=patience),
        lambda_=session.client("lambda", endpoint_url=endpoint, config=patience),
    )
