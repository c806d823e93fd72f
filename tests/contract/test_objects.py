"""Objects in S3, with the answers that S3 gives to those who may not see what exists."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from signoff_core.adapters.s3 import S3Objects


@pytest.fixture
def objects() -> Iterator[S3Objects]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="content")
        yield S3Objects(client, "content")


def deny_reads(objects: S3Objects) -> None:
    """Make every read answer 403, as S3 does for a missing object when the reader may not list."""

    def denied(**_: object) -> object:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, "GetObject")

    objects.client.meta.events.register("before-call.s3.GetObject", denied)


def test_what_is_missing_is_none(objects: S3Objects) -> None:
    assert objects.get("content/nothing", limit=10) is None


def test_what_is_missing_is_none_when_s3_denies_it_too(objects: S3Objects) -> None:
    objects.put("content/nothing-else", b"x")
    deny_reads(objects)
    assert objects.get("content/nothing", limit=10) is None


def test_what_is_there_and_denied_is_no_absence(objects: S3Objects) -> None:
    objects.put("content/x", b"x")
    deny_reads(objects)
    with pytest.raises(ClientError):
        objects.get("content/x", limit=10)


def test_what_is_put_is_got_and_nothing_larger_than_its_limit(objects: S3Objects) -> None:
    objects.put("content/x", b"xyz")
    assert objects.get("content/x", limit=3) == b"xyz"
    with pytest.raises(ValueError):
        objects.get("content/x", limit=2)
