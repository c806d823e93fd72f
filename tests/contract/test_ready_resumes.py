"""What a worker's poll reads of the table: its own flows' rows, however many answers of others are waiting."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws
from support.tables import AUDIT_TABLE, REQUESTS_TABLE, create_tables

from nodback_core.adapters.dynamodb.store import DynamoDbStore
from nodback_core.adapters.memory import MemoryMasterKey, MemoryObjects
from nodback_core.adapters.vault import AesVault
from nodback_core.domain.deployments.deployment import Scope
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.requests import Assignment, Request, Resume, ResumeStatus, Status
from nodback_core.ports import Storage
from nodback_core.usecases.flows.resumes import CLAIM_READS, claim_resume

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Reads:
    """How many queries there were, and how many rows they read or fetched."""

    queries: int = 0
    rows: int = 0

    def of_query(self, parsed: dict[str, int], **_: object) -> None:
        self.queries += 1
        self.rows += parsed["ScannedCount"]

    def of_batch(self, parsed: dict[str, dict[str, list[object]]], **_: object) -> None:
        self.rows += sum(map(len, parsed["Responses"].values()))


@pytest.fixture
def store() -> Iterator[DynamoDbStore]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        yield DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE, sleep=lambda _: None)


@pytest.fixture
def reads(store: DynamoDbStore) -> Reads:
    counted = Reads()
    store.client.meta.events.register("after-call.dynamodb.Query", counted.of_query)
    store.client.meta.events.register("after-call.dynamodb.BatchGetItem", counted.of_batch)
    return counted


def ready(number: int, flow_class: str, deployment_id: int = 7) -> Request:
    return Request(
        request_id=f"00000000-0000-4000-8000-{number:012d}",
        organization_id=1,
        deployment_id=deployment_id,
        flow_id=f"flow-{number}",
        flow_name=flow_class.rpartition(".")[2],
        flow_class=flow_class,
        method_name="review",
        number=1,
        opened_at=NOW,
        body_digest="d",
        assignment=Assignment(1, "a@example.com"),
        status=Status.RESPONDED,
        closed_at=NOW + timedelta(seconds=number),
        resume=Resume(ResumeStatus.READY),
    )


def poll(store: DynamoDbStore, *flow_classes: str) -> None:
    """An answer without its texts is claimed and fails: here it matters what was read until then."""
    claimed = claim_resume(
        worker="w",
        claim_id="c",
        flow_classes=flow_classes,
        caller=Caller(Scope.FLOW, 7, "k"),
        storage=Storage(store, AesVault(MemoryMasterKey(b"k" * 32, bytes), bytes), MemoryObjects()),
        now=NOW + timedelta(hours=1),
    )
    assert claimed is None


def test_a_poll_reads_no_row_of_another_flow_though_a_thousand_are_ready(store: DynamoDbStore, reads: Reads) -> None:
    for start in range(1, 1001, 100):
        store.commit([ready(number, "gdpr.ApprovalFlow") for number in range(start, start + 100)])
    store.commit([ready(2000, "sales.ApprovalFlow", deployment_id=8)])
    poll(store, "sales.ApprovalFlow", "ApprovalFlow")
    assert (reads.queries, reads.rows) == (2, 0)


def test_a_poll_reads_no_more_than_a_page_of_what_it_may_claim(store: DynamoDbStore, reads: Reads) -> None:
    store.commit([ready(number, "gdpr.ApprovalFlow") for number in range(1, 100)])
    poll(store, "gdpr.ApprovalFlow")
    assert reads.queries == 1
    assert CLAIM_READS <= reads.rows <= 2 * CLAIM_READS, "the index and the rows themselves"
    assert store.fetch(ready(1, "").key)[ready(1, "").key].resume.status is ResumeStatus.FAILED, "the oldest first"
