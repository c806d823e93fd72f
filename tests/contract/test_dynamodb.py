"""What only DynamoDB can do to the store: stale reads, conflicts of transactions, lists that lag behind their rows."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from support.rows import NOW, a_request
from support.tables import AUDIT_TABLE, REQUESTS_TABLE, create_tables

from nodback_core.adapters.dynamodb.store import DynamoDbStore
from nodback_core.adapters.dynamodb.transactions import CONFLICT_TRIES
from nodback_core.domain.reviews.contents import Content, ContentKey
from nodback_core.domain.reviews.requests import Request, Status
from nodback_core.domain.shared.entries import SERVICE, Action, NewEntry, append
from nodback_core.domain.shared.records import Index
from nodback_core.ports import Changed, Counters


@dataclass
class Table:
    """A store on moto, every call that it makes, and how long it slept between them."""

    client: Any
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = DynamoDbStore(self.client, REQUESTS_TABLE, AUDIT_TABLE, sleep=self.pauses.append)
        self.client.meta.events.register("provide-client-params.dynamodb.*", self._note)

    def _note(self, params: Mapping[str, Any], model: Any, **_: object) -> None:
        self.calls.append((model.name, params))

    def refuse(self, *errors: tuple[str, list[str]]) -> list[Mapping[str, Any]]:
        """Refuse the next transactions with these codes and reasons; returns what is sent, as it grows."""
        client = Refusing(self.client, list(errors))
        self.store = replace(self.store, client=client)
        return client.sent


class Refusing:
    """A client whose transactions are refused, each by the next error, as long as there are any."""

    def __init__(self, client: Any, errors: list[tuple[str, list[str]]]) -> None:
        self._client, self._errors = client, errors
        self.sent: list[Mapping[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **params: Any) -> Any:
        self.sent.append(params)
        if not self._errors:
            return self._client.transact_write_items(**params)
        code, reasons = self._errors.pop(0)
        answer: Any = {"Error": {"Code": code, "Message": code}}
        if reasons:
            answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
        raise ClientError(answer, "TransactWriteItems")


@pytest.fixture
def table() -> Iterator[Table]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(client)
        yield Table(client)


def test_every_read_of_a_row_or_a_chain_is_consistent(table: Table) -> None:
    store, request = table.store, a_request()
    entries, head = append(request.head, [NewEntry(Action.REQUEST_OPENED, SERVICE)], at=NOW)
    store.commit([replace(request, last_seq=head.last_seq), ContentKey(request.request_id, b"w")], entries)
    table.calls.clear()

    store.fetch(request.key)
    store.fetch(request.key, ContentKey.at(request.request_id))
    store.children(Content, f"request/{request.request_id}", "content/")
    store.chain(request.subject)
    store.list(Request, Index.PENDING_BY_ASSIGNEE, "a@example.com")
    with suppress(Changed):
        store.commit([request], entries)

    reads = [(name, params) for name, params in table.calls if name in ("GetItem", "Query", "BatchGetItem")]
    consistent, lists = [], []
    for name, params in reads:
        if "IndexName" in params:
            lists.append(params["IndexName"])
        elif name == "BatchGetItem":
            consistent += [asked.get("ConsistentRead") for asked in params["RequestItems"].values()]
        else:
            consistent.append(params.get("ConsistentRead"))
    assert lists == ["pending_by_assignee"], "an index cannot be read consistently"
    # One row, two rows, children, a chain, the row that the list found, and the entry that may be one's own.
    assert consistent == [True] * 6


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        ("TransactionCanceledException", ["None", "TransactionConflict"]),
        ("TransactionCanceledException", ["ThrottlingError", "None"]),
        ("TransactionCanceledException", ["ProvisionedThroughputExceeded", "None"]),
        ("TransactionInProgressException", []),
    ],
)
def test_a_conflict_that_passes_is_no_lost_race_and_is_tried_again_as_the_same_write(
    table: Table, code: str, reasons: list[str]
) -> None:
    sent = table.refuse(*[(code, reasons)] * (CONFLICT_TRIES - 1))

    table.store.commit([a_request(), ContentKey("r", b"w")])

    assert table.store.fetch(a_request().key)[a_request().key] is not None
    assert len(sent) == CONFLICT_TRIES
    tokens = {body["ClientRequestToken"] for body in sent}
    assert len(tokens) == 1, "DynamoDB knows the tries of one write by their token"
    assert len(table.pauses) == CONFLICT_TRIES - 1
    assert all(pause > 0 for pause in table.pauses)


def test_each_write_has_a_token_of_its_own(table: Table) -> None:
    sent = table.refuse()
    for number in range(1, 4):
        table.store.commit([a_request(number)])
    assert len({body["ClientRequestToken"] for body in sent}) == 3


def test_a_conflict_without_end_is_an_error_and_not_a_lost_race(table: Table) -> None:
    sent = table.refuse(*[("TransactionCanceledException", ["TransactionConflict"])] * (CONFLICT_TRIES + 5))
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        table.store.commit([a_request()])
    assert len(sent) == CONFLICT_TRIES


def test_a_lost_race_is_not_tried_again_even_beside_a_conflict(table: Table) -> None:
    sent = table.refuse(("TransactionCanceledException", ["ConditionalCheckFailed", "TransactionConflict"]))
    with pytest.raises(Changed):
        table.store.commit([a_request(), ContentKey("r", b"w")])
    assert len(sent) == 1


def test_a_refusal_that_does_not_pass_is_not_tried_again(table: Table) -> None:
    sent = table.refuse(("TransactionCanceledException", ["ValidationError"]))
    with pytest.raises(ClientError):
        table.store.commit([a_request()])
    assert len(sent) == 1


def test_additions_are_tried_again_as_the_same_addition(table: Table) -> None:
    sent = table.refuse(("TransactionCanceledException", ["TransactionConflict"]))
    table.store.increment([Counters("tally", "d", {"n": 1})], [ContentKey("r", b"w")])
    (row,) = table.store.counters(("tally", "d"))
    assert row.amounts == {"n": 1}
    assert len({body["ClientRequestToken"] for body in sent}) == 1


class Lagging:
    """A client whose indexes are as they were when `freeze` was called; rows are as they are now."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._frozen: dict[str, Any] = {}
        self._is_frozen = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **params: Any) -> Any:
        if "IndexName" not in params:
            return self._client.query(**params)
        asked = repr(sorted(params.items()))
        if not self._is_frozen:
            self._frozen[asked] = self._client.query(**params)
        return self._frozen[asked]

    def freeze(self) -> None:
        self._is_frozen = True


def test_a_row_that_has_left_a_list_is_not_shown_by_a_list_that_lags(table: Table) -> None:
    client = Lagging(table.client)
    store = DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE, sleep=table.pauses.append)  # type: ignore[arg-type]
    store.commit([a_request(1), a_request(2), a_request(3)])
    first, gone, closed = store.list(Request, Index.PENDING_BY_ASSIGNEE, "a@example.com").items
    client.freeze()
    store.commit([replace(closed, status=Status.CANCELLED, closed_at=NOW)], removals=[gone])

    found = store.list(Request, Index.PENDING_BY_ASSIGNEE, "a@example.com").items

    assert [r.number for r in found] == [first.number]


def test_what_a_list_finds_is_read_as_it_is_now(table: Table) -> None:
    client = Lagging(table.client)
    store = DynamoDbStore(client, REQUESTS_TABLE, AUDIT_TABLE, sleep=table.pauses.append)  # type: ignore[arg-type]
    store.commit([a_request(1)])
    (read,) = store.list(Request, Index.PENDING_BY_ASSIGNEE, "a@example.com").items
    client.freeze()
    store.commit([replace(read, done_steps=("reminder-1",))])
    (found,) = store.list(Request, Index.PENDING_BY_ASSIGNEE, "a@example.com").items
    assert (found.done_steps, found.version) == (("reminder-1",), 2)
