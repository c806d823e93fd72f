"""Writing to both tables at once: what a write expects, when it is tried again, and when it came too late."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from nodback_core.adapters.dynamodb.codec import encode, size_of
from nodback_core.adapters.dynamodb.items import Item, item_of, item_of_entry, table_key
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.errors import TooLarge
from nodback_core.domain.shared.records import Record, check_places
from nodback_core.ports import Changed, Counters

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

MAX_ROWS = 100
MAX_ROW_BYTES = 400 * 1024
CONFLICT_TRIES = 5


def pause(tries: int) -> float:
    """The seconds before the next try, with jitter."""
    return random.uniform(0.01, 0.05 * 2**tries)  # noqa: S311 - jitter


@dataclass(frozen=True)
class Transaction:
    """Collects the rows of one write; `send` writes them."""

    client: "DynamoDBClient"
    requests_table: str
    audit_table: str
    sleep: Callable[[float], None]
    items: "list[TransactWriteItemTypeDef]" = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def put(self, record: Record) -> None:
        """Write a record over the version that was read, or a new one."""
        check_places(record)
        self.items.append(
            {"Put": {"TableName": self.requests_table, "Item": item_of(record), **_condition(record)}}  # type: ignore[typeddict-item]
        )

    def remove(self, record: Record) -> None:
        """Delete a record that is still at the version that was read."""
        key = table_key(record.key.partition, record.key.sort)
        self.items.append({"Delete": {"TableName": self.requests_table, "Key": key, **_condition(record)}})  # type: ignore[typeddict-item]

    def append(self, entry: Entry) -> None:
        """Put a new entry; entries are never written over."""
        self.entries.append(entry)
        self.items.append(
            {
                "Put": {
                    "TableName": self.audit_table,
                    "Item": item_of_entry(entry),
                    "ConditionExpression": "attribute_not_exists(subject)",
                }
            }
        )

    def add(self, counters: Counters) -> None:
        """Add these amounts to those of the row; without any, the row stays as it is."""
        counters.check_place()
        if not counters.amounts:
            # An update that adds nothing is no expression for DynamoDB, and would fail everything beside it.
            return
        values = {**counters.amounts, **counters.names}
        # Of one width, so that no placeholder is the beginning of another.
        terms = {name: f"{n:03d}" for n, name in enumerate(values)}
        update = "ADD " + ", ".join(f"#n{terms[name]} :v{terms[name]}" for name in counters.amounts)
        if counters.names:
            update += " SET " + ", ".join(f"#n{terms[name]} = :v{terms[name]}" for name in counters.names)
        self.items.append(
            {
                "Update": {
                    "TableName": self.requests_table,
                    "Key": table_key(counters.partition, counters.sort),
                    "UpdateExpression": update,
                    "ExpressionAttributeNames": {f"#n{term}": name for name, term in terms.items()},
                    "ExpressionAttributeValues": {f":v{term}": encode(values[name]) for name, term in terms.items()},
                }
            }
        )

    def send(self) -> None:
        """Write everything or nothing. Raises `Changed` when a record is at another version or an entry exists."""
        if len(self.items) > MAX_ROWS:
            raise ValueError(f"at most {MAX_ROWS} rows in one transaction")
        # One token for all tries: a write that landed while its answer was lost is not a lost race (10 minutes).
        token = f"{random.getrandbits(128):032x}"
        for tries in range(1, CONFLICT_TRIES + 1):
            try:
                self.client.transact_write_items(TransactItems=self.items, ClientRequestToken=token)
                return
            except ClientError as error:
                reasons = _reasons(error)
                if "ConditionalCheckFailed" in reasons:
                    if self._has_landed():
                        return
                    raise Changed from None
                if not _may_retry(error, reasons) or tries == CONFLICT_TRIES:
                    _check_sizes(self.items)
                    raise
                self.sleep(pause(tries))

    def _has_landed(self) -> bool:
        """Whether this very write is stored already: its answer was lost, and the second try met the first.

        An entry's hash covers everything that the entry says, so only the same write can have left all of them. A
        write without entries cannot be told from somebody else's: somebody else was first.
        """
        return bool(self.entries) and all(self._is_there(entry) for entry in self.entries)

    def _is_there(self, entry: Entry) -> bool:
        key = {"subject": encode(entry.subject), "seq": encode(entry.seq)}
        answer = self.client.get_item(TableName=self.audit_table, Key=key, ConsistentRead=True)
        return "Item" in answer and answer["Item"]["hash"]["S"] == entry.hash


def _condition(record: Record) -> Mapping[str, object]:
    if record.version == 0:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "version = :read",
        "ExpressionAttributeValues": {":read": encode(record.version)},
    }


def _reasons(error: ClientError) -> set[str]:
    reasons = cast("Sequence[Mapping[str, str]]", error.response.get("CancellationReasons", ()))
    return {reason.get("Code", "None") for reason in reasons}


def _check_sizes(items: "Sequence[TransactWriteItemTypeDef]") -> None:
    """Raises TooLarge for a write that DynamoDB refused because a row is larger than it keeps."""
    for item in items:
        row = cast("Item", item["Put"]["Item"]) if "Put" in item else {}
        size = sum(len(name) + size_of(value) for name, value in row.items())
        if size > MAX_ROW_BYTES:
            place = " ".join(row[name]["S"] for name in ("pk", "sk", "subject", "action") if name in row)
            raise TooLarge(
                f"{place} would take {size} bytes; at most {MAX_ROW_BYTES} are kept: nothing was written",
                code="row_too_large",
                facts={"size_bytes": size, "limit_bytes": MAX_ROW_BYTES},
            ) from None


def _may_retry(error: ClientError, reasons: set[str]) -> bool:
    passing = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
    return bool(reasons & passing) or error.response["Error"]["Code"] == "TransactionInProgressException"
