"""AWS clients that can only reach the embedded stack: its own address, made-up credentials."""

from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "000000000000"
ACCESS_KEY = "test"


def client(service: str, endpoint_url: str) -> Any:
    """A boto3 client of `service` at the embedded stack's address; no profile, no metadata service, no proxy."""
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=ACCESS_KEY, region_name=REGION)
    # The stubs know one signature for each service name; here the name is a variable.
    make: Callable[..., Any] = session.client
    return make(
        service,
        endpoint_url=endpoint_url,
        config=Config(proxies={}, retries={"total_max_attempts": 2, "mode": "standard"}, read_timeout=120),
    )
