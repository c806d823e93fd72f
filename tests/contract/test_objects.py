"""Objects in S3, with the answers that S3 gives to those who may not see what exists."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from moto import mock_aws

from nodback_core.adapters.memory import MemoryObjects
from nodback_core.adapters.s3 import S3Objects
from nodback_core.ports import Objects
from nodback_core.runtime import clients


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


@pytest.mark.parametrize("kind", ["memory", "s3"])
def test_a_folder_holds_its_own_objects_and_not_those_of_folders_that_begin_alike(
    objects: S3Objects, kind: str
) -> None:
    either: Objects = objects if kind == "s3" else MemoryObjects()
    for name in ("flow/order/7/state-1", "flow/order/7/state-2", "flow/order/7/state-machine/state-3", "flow/order/77"):
        either.put(name, b"x")
    assert either.names("flow/order/7/") == ["flow/order/7/state-1", "flow/order/7/state-2"]
    assert either.names("flow/order/7/state-machine/") == ["flow/order/7/state-machine/state-3"]
    assert either.names("flow/") == []
    with pytest.raises(ValueError):
        either.names("flow/order/7/state-")


def test_what_is_put_is_got_and_nothing_larger_than_its_limit(objects: S3Objects) -> None:
    objects.put("content/x", b"xyz")
    assert objects.get("content/x", limit=3) == b"xyz"
    with pytest.raises(ValueError):
        objects.get("content/x", limit=2)


def regions_that_once_took_version_2() -> list[str]:
    """The regions in which botocore signs links with version 2 by itself."""
    known = get_session().get_data("endpoints")["partitions"][0]["services"]["s3"]["endpoints"]
    pseudo = {"aws-global", "s3-external-1"}
    return sorted({name for name, told in known.items() if "s3" in told.get("signatureVersions", ())} - pseudo)


OTHER_REGIONS = ["eu-central-1", "eu-south-1", "us-east-2", "il-central-1", "cn-north-1", "us-gov-west-1"]


def link_in(region: str, monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """A link as a function in `region` makes it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    clients._made.cache_clear()
    try:
        return S3Objects(clients.client("s3"), "nodback-dev-content-1").link("exports/a b.csv", seconds=3600)
    finally:
        clients._made.cache_clear()


def test_botocore_still_has_regions_of_version_2() -> None:
    assert {"us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1"} <= set(regions_that_once_took_version_2())


@pytest.mark.parametrize("region", [*regions_that_once_took_version_2(), *OTHER_REGIONS])
def test_a_link_is_signed_as_s3_wants_it_for_encrypted_objects(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = parse_qs(urlsplit(link_in(region, monkeypatch)).query)
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert f"/{region}/s3/" in asked["X-Amz-Credential"][0]
    assert "Signature" not in asked


@pytest.mark.parametrize("region", [*regions_that_once_took_version_2(), *OTHER_REGIONS])
def test_a_link_leads_to_the_bucket_s_own_region(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The host is signed: a redirect from the global address to the region's breaks the signature.
    host = urlsplit(link_in(region, monkeypatch)).hostname or ""
    assert host.startswith(f"nodback-dev-content-1.s3.{region}.amazonaws.com")


def test_a_link_to_the_embedded_stack_stays_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    link = urlsplit(link_in("us-east-1", monkeypatch, AWS_ENDPOINT_URL="http://127.0.0.1:4566"))
    assert (link.hostname, link.path) == ("127.0.0.1", "/nodback-dev-content-1/exports/a%20b.csv")
