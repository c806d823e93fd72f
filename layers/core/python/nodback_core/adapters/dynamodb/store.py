"""The store in DynamoDB: two tables, one transaction.

The requests table holds every record under `pk` and `sk`, with `version`, its fields in `data` and one pair of
attributes per list that it stands in. The audit table holds the entries, which are only ever put.
"""

import base64
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

from botocore.exceptions import ClientError

from nodback_core.adapters.dynamodb.codec import (
    Undecodable,
    decode_fields,
    decode_plain,
    encode,
    encode_fields,
    size_of,
)
from nodback_core.domain.audit.day_lists import day_of, day_sort
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.cursors import MAX_SORT_BYTES, child_of, cursor_at, place_of, wrong_cursor
from nodback_core.domain.shared.entries import Action, Actor, Entry
from nodback_core.domain.shared.errors import TooLarge
from nodback_core.domain.shared.records import Index, Key, Record, check_places, fits_a_key
from nodback_core.domain.shared.times import moment
from nodback_core.ports import Changed, Counters, CountersPage, Entries, Page, Rows, RowUnreadable, Unreadable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        QueryOutputTypeDef,
        TransactWriteItemTypeDef,
    )

R = TypeVar("R", bound=Record)
Item = Mapping[str, "AttributeValueTypeDef"]

MAX_ROWS = 100
MAX_ROW_BYTES = 400 * 1024
CONFLICT_TRIES = 5
MAX_PARTITION_BYTES = 2048
INDEX_ATTRIBUTES: Mapping[Index, tuple[str, str]] = {
    Index.PENDING_BY_DEPLOYMENT: ("pending_deployment", "opened"),
    Index.PENDING_BY_ASSIGNEE: ("pending_assignee", "opened"),
    Index.READY_RESUMES: ("ready_deployment", "claimable_at"),
    Index.ATTENTION: ("attention_shard", "attention_at"),
    Index.BY_MONTH: ("month", "opened"),
    Index.BY_RESPONDER: ("responder_key", "closed"),
}
"""The two attributes of each list, as the data stack declares them."""


@dataclass(frozen=True)
class DynamoDbStore:
    client: "DynamoDBClient"
    requests_table: str
    audit_table: str
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    report: Callable[[Unreadable], None] = field(default=lambda _: None, repr=False)
    """Told of each row that a list had to skip."""

    def fetch(self, *keys: Key[Record]) -> Rows:
        if len(keys) > MAX_ROWS:
            raise ValueError(f"at most {MAX_ROWS} keys")
        read = {key: _record(key, item) for key, item in self._items(keys)}
        if unreadable := [row for row in read.values() if isinstance(row, Unreadable)]:
            raise RowUnreadable(*unreadable)
        return Rows(cast("dict[Key[Record], Record]", read))

    def _items(self, keys: Sequence[Key[Record]]) -> Iterator[tuple[Key[Record], Item]]:
        """The stored items under these keys, at most `MAX_ROWS`, in no order. One that cannot be has none."""
        keys = [key for key in keys if fits_a_key(key.partition, key.sort)]
        if len(keys) == 1:
            item = self.client.get_item(
                TableName=self.requests_table, Key=_table_key(keys[0]), ConsistentRead=True
            ).get("Item")
            if item:
                yield keys[0], item
            return
        by_address = {(k.partition, k.sort): k for k in keys}
        wanted = [_table_key(k) for k in by_address.values()]
        tries = 0
        while wanted:
            answer = self.client.batch_get_item(
                RequestItems={self.requests_table: {"Keys": wanted, "ConsistentRead": True}}
            )
            for item in answer["Responses"].get(self.requests_table, []):
                yield by_address[(item["pk"]["S"], item["sk"]["S"])], item
            left = answer["UnprocessedKeys"].get(self.requests_table)
            wanted = list(left["Keys"]) if left else []
            if wanted:
                tries += 1
                self.sleep(_pause(tries))

    def _page(self, rows: "Iterable[R | Unreadable]", cursor: str | None) -> Page[R]:
        """What could be read, with what could not beside it."""
        items, unreadable = list[R](), list[Unreadable]()
        for row in rows:
            if isinstance(row, Unreadable):
                self.report(row)
                unreadable.append(row)
            else:
                items.append(row)
        return Page(tuple(items), cursor, tuple(unreadable))

    def commit(
        self, records: Sequence[Record], entries: Sequence[Entry] = (), *, removals: Sequence[Record] = ()
    ) -> None:
        items: list[TransactWriteItemTypeDef] = []
        for record in records:
            check_places(record)
            items.append({"Put": {"TableName": self.requests_table, "Item": _item(record), **_condition(record)}})  # type: ignore[typeddict-item]
        for record in removals:
            items.append(
                {"Delete": {"TableName": self.requests_table, "Key": _table_key(record.key), **_condition(record)}}  # type: ignore[typeddict-item]
            )
        for entry in entries:
            items.append(
                {
                    "Put": {
                        "TableName": self.audit_table,
                        "Item": _entry_item(entry),
                        "ConditionExpression": "attribute_not_exists(subject)",
                    }
                }
            )
        if len(items) > MAX_ROWS:
            raise ValueError(f"at most {MAX_ROWS} rows in one transaction")
        self._transact(items, entries)

    def _transact(self, items: "list[TransactWriteItemTypeDef]", entries: Sequence[Entry]) -> None:
        # One token for all tries: a write that landed while its answer was lost is not a lost race (10 minutes).
        token = f"{random.getrandbits(128):032x}"
        for tries in range(1, CONFLICT_TRIES + 1):
            try:
                self.client.transact_write_items(TransactItems=items, ClientRequestToken=token)
                return
            except ClientError as error:
                reasons = _reasons(error)
                if "ConditionalCheckFailed" in reasons:
                    if self._has_landed(entries):
                        return
                    raise Changed from None
                if not _may_retry(error, reasons) or tries == CONFLICT_TRIES:
                    _check_sizes(items)
                    raise
                self.sleep(_pause(tries))

    def _has_landed(self, entries: Sequence[Entry]) -> bool:
        """Whether this very write is there already: its answer was lost, and it met itself when it was sent again.

        An entry's hash covers everything that the entry says: only the same write has left all of them. A write
        without entries cannot be told from another's, and counts as overtaken.
        """
        return bool(entries) and all(self._is_there(entry) for entry in entries)

    def _is_there(self, entry: Entry) -> bool:
        key = {"subject": encode(entry.subject), "seq": encode(entry.seq)}
        answer = self.client.get_item(TableName=self.audit_table, Key=key, ConsistentRead=True)
        return "Item" in answer and answer["Item"]["hash"]["S"] == entry.hash

    def list(
        self,
        kind: type[R],
        index: Index,
        partition: str,
        *,
        newest_first: bool = False,
        after: str | None = None,
        before: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[R]:
        hash_name, sort_name = INDEX_ATTRIBUTES[index]
        condition, values = "#h = :h", {":h": encode(partition)}
        names = {"#h": hash_name}
        if after is not None or before is not None:
            # DynamoDB takes one range: BETWEEN is inclusive, so the upper end is the text just below `before`.
            condition += " AND #s BETWEEN :a AND :b"
            names["#s"] = sort_name
            values[":a"] = encode(after or " ")
            values[":b"] = encode(_just_below(before) if before is not None else "\uffff")
        answer = self.client.query(
            TableName=self.requests_table,
            IndexName=index.value,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ScanIndexForward=not newest_first,
            Limit=limit,
            **_start_in(index, partition, cursor, after=after, before=before),  # type: ignore[arg-type]
        )
        keys = [cast("Key[Record]", Key(kind, item["pk"]["S"], item["sk"]["S"])) for item in answer["Items"]]
        found: dict[Key[Record], Item] = {}
        for start in range(0, len(keys), MAX_ROWS):
            found |= self._items(keys[start : start + MAX_ROWS])
        read = (_record(cast("Key[R]", key), found[key]) for key in keys if key in found)
        rows = (row for row in read if isinstance(row, Unreadable) or index in row.indexes)
        return self._page(rows, _cursor_in(index, partition, answer))

    def children(
        self,
        kind: type[R],
        partition: str,
        prefix: str,
        *,
        newest_first: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[R]:
        start: dict[str, object] = {}
        of = f"{partition} {prefix}"
        if cursor is not None:
            place = Key(kind, partition, child_of(cursor, of=of, prefix=prefix))
            start["ExclusiveStartKey"] = _table_key(cast("Key[Record]", place))
        condition, values = "pk = :p", {":p": encode(partition)}
        if prefix:
            # DynamoDB refuses an empty text here, though everything begins with it.
            condition += " AND begins_with(sk, :s)"
            values[":s"] = encode(prefix)
        answer = self.client.query(
            TableName=self.requests_table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            ScanIndexForward=not newest_first,
            Limit=limit,
            **start,  # type: ignore[arg-type]
        )
        last = answer.get("LastEvaluatedKey")
        rows = (_record(Key(kind, partition, item["sk"]["S"]), item) for item in answer["Items"])
        return self._page(rows, cursor_at(last["sk"]["S"], of=of) if last else None)

    def chain(self, subject: str, *, after_seq: int = 0, limit: int = 500) -> Entries:
        answer = self.client.query(
            TableName=self.audit_table,
            KeyConditionExpression="subject = :s AND seq > :n",
            ExpressionAttributeValues={":s": encode(subject), ":n": encode(after_seq)},
            ConsistentRead=True,
            Limit=limit,
        )
        entries = tuple(entry_of(item) for item in answer["Items"])
        return Entries(entries, str(entries[-1].seq) if answer.get("LastEvaluatedKey") and entries else None)

    def day(
        self,
        deployment_id: int,
        date: str,
        *,
        shard: int,
        after: str | None = None,
        limit: int = 500,
        cursor: str | None = None,
    ) -> Entries:
        names, values = {"#d": "day"}, {":d": encode(f"{deployment_id}#{date}#{shard}")}
        if after is not None:
            names["#a"], values[":a"] = "at_key", encode(after)
        answer = self.client.query(
            TableName=self.audit_table,
            IndexName="by_day",
            KeyConditionExpression="#d = :d" if after is None else "#d = :d AND #a >= :a",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            Limit=limit,
            **_start(cursor),  # type: ignore[arg-type]
        )
        return Entries(tuple(entry_of(item) for item in answer["Items"]), _cursor(answer))

    def increment(self, additions: Sequence[Counters], marks: Sequence[Record]) -> None:
        items: list[TransactWriteItemTypeDef] = [
            {"Put": {"TableName": self.requests_table, "Item": _item(mark), **_condition(mark)}}  # type: ignore[typeddict-item]
            for mark in marks
        ]
        for row in additions:
            row.check_place()
            values = {**row.amounts, **row.names}
            # Of one width, so that no placeholder is the beginning of another.
            terms = {name: f"{n:03d}" for n, name in enumerate(values)}
            update = "ADD " + ", ".join(f"#n{terms[name]} :v{terms[name]}" for name in row.amounts)
            if row.names:
                update += " SET " + ", ".join(f"#n{terms[name]} = :v{terms[name]}" for name in row.names)
            items.append(
                {
                    "Update": {
                        "TableName": self.requests_table,
                        "Key": {"pk": encode(row.partition), "sk": encode(row.sort)},
                        "UpdateExpression": update,
                        "ExpressionAttributeNames": {f"#n{term}": name for name, term in terms.items()},
                        "ExpressionAttributeValues": {
                            f":v{term}": encode(values[name]) for name, term in terms.items()
                        },
                    }
                }
            )
        if len(items) > MAX_ROWS:
            raise ValueError(f"at most {MAX_ROWS} rows in one transaction")
        self._transact(items, ())

    def counters(self, *places: tuple[str, str]) -> Sequence[Counters]:
        found: dict[tuple[str, str], Counters] = {}
        wanted = [{"pk": encode(partition), "sk": encode(sort)} for partition, sort in places]
        tries = 0
        while wanted:
            answer = self.client.batch_get_item(RequestItems={self.requests_table: {"Keys": wanted[:MAX_ROWS]}})
            rows = [_counters(item) for item in answer["Responses"].get(self.requests_table, [])]
            found |= {(row.partition, row.sort): row for row in rows}
            left = answer["UnprocessedKeys"].get(self.requests_table)
            wanted = wanted[MAX_ROWS:] + (list(left["Keys"]) if left else [])
            if left:
                tries += 1
                self.sleep(_pause(min(tries, CONFLICT_TRIES)))
        return [found.get(place, Counters(*place)) for place in places]

    def counters_between(
        self, partition: str, *, after: str, before: str, limit: int = 500, cursor: str | None = None
    ) -> CountersPage:
        answer = self.client.query(
            TableName=self.requests_table,
            KeyConditionExpression="pk = :p AND sk BETWEEN :a AND :b",
            ExpressionAttributeValues={
                ":p": encode(partition),
                ":a": encode(after),
                ":b": encode(_just_below(before)),
            },
            Limit=limit,
            **_start(cursor),  # type: ignore[arg-type]
        )
        return CountersPage(tuple(_counters(item) for item in answer["Items"]), _cursor(answer))


def _counters(item: Item) -> Counters:
    amounts = {name: int(value["N"]) for name, value in item.items() if "N" in value}
    names = {name: value["S"] for name, value in item.items() if "S" in value and name not in ("pk", "sk")}
    return Counters(item["pk"]["S"], item["sk"]["S"], amounts, names)


def entry_of(item: Item) -> Entry:
    """An entry from its item, as a query or the stream gives it."""
    actor = cast("Mapping[str, str]", decode_plain(item["actor"]))
    return Entry(
        organization_id=int(item["organization_id"]["N"]),
        deployment_id=int(item["deployment_id"]["N"]),
        subject=item["subject"]["S"],
        seq=int(item["seq"]["N"]),
        at=moment(item["at"]["S"]),
        action=Action(item["action"]["S"]),
        actor=Actor(actor["kind"], actor["id"]),
        data=cast("Mapping[str, Json]", decode_plain(item["data"])),
        previous=item["previous"]["S"],
        hash=item["hash"]["S"],
    )


def _entry_item(entry: Entry) -> "dict[str, AttributeValueTypeDef]":
    document = {**entry.document(), "hash": entry.hash, "day": day_of(entry), "at_key": day_sort(entry)}
    return {name: encode(value) for name, value in document.items()}


def _item(record: Record) -> "dict[str, AttributeValueTypeDef]":
    item: dict[str, AttributeValueTypeDef] = {
        **_table_key(record.key),
        "version": encode(record.version + 1),
        "data": {"M": encode_fields(record)},
    }
    for index, place in record.indexes.items():
        hash_name, sort_name = INDEX_ATTRIBUTES[index]
        item[hash_name], item[sort_name] = encode(place.partition), encode(place.sort)
    if record.forget_after is not None:
        item["expires_at"] = encode(int(record.forget_after.timestamp()))
    return item


def _record(key: Key[R], item: Item) -> R | Unreadable:
    place = key.kind.__name__, key.partition, key.sort
    if "data" not in item or "version" not in item:
        return Unreadable(*place, "it is no record")
    try:
        return decode_fields(key.kind, item["data"]["M"], version=int(item["version"]["N"]))
    except Undecodable as error:
        return Unreadable(*place, str(error))


def _table_key(key: Key[Record]) -> "dict[str, AttributeValueTypeDef]":
    return {"pk": encode(key.partition), "sk": encode(key.sort)}


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


def _pause(tries: int) -> float:
    return random.uniform(0.01, 0.05 * 2**tries)  # noqa: S311 - jitter


def _just_below(text: str) -> str:
    return text[:-1] + chr(ord(text[-1]) - 1) + "\uffff" if text else text


def _cursor_in(index: Index, partition: str, answer: "QueryOutputTypeDef") -> str | None:
    """The cursor behind the last row of a list: its place there and its key in the table."""
    last = answer.get("LastEvaluatedKey")
    if not last:
        return None
    place = [last[name]["S"] for name in (INDEX_ATTRIBUTES[index][1], "pk", "sk")]
    return cursor_at(json.dumps(place, ensure_ascii=False), of=f"{index} {partition}")


def _start_in(
    index: Index, partition: str, cursor: str | None, *, after: str | None, before: str | None
) -> Mapping[str, object]:
    """Where a list goes on. DynamoDB refuses a key whose parts are none, or that lies outside of the range."""
    if cursor is None:
        return {}
    try:
        sort, pk, sk = json.loads(place_of(cursor, of=f"{index} {partition}"))
        fits = (
            (after or " ") <= sort
            and (before is None or sort < before)
            and 0 < len(pk.encode()) <= MAX_PARTITION_BYTES
            and 0 < len(sk.encode()) <= MAX_SORT_BYTES
            and len(sort.encode()) <= MAX_SORT_BYTES
        )
    except (ValueError, TypeError, AttributeError):
        raise wrong_cursor() from None
    if not fits:
        raise wrong_cursor()
    hash_name, sort_name = INDEX_ATTRIBUTES[index]
    key = {"pk": pk, "sk": sk, hash_name: partition, sort_name: sort}
    return {"ExclusiveStartKey": {name: encode(value) for name, value in key.items()}}


def _start(cursor: str | None) -> Mapping[str, object]:
    # These lists are walked by the service itself: no caller is given their cursors.
    if cursor is None:
        return {}
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return {"ExclusiveStartKey": {str(k): encode(v) for k, v in place.items()}}
    except (ValueError, AttributeError, TypeError):
        raise ValueError("this cursor is not one that the service gave out: start again without a cursor") from None


def _cursor(answer: "QueryOutputTypeDef") -> str | None:
    last = answer.get("LastEvaluatedKey")
    if not last:
        return None
    return base64.urlsafe_b64encode(json.dumps({k: decode_plain(v) for k, v in last.items()}).encode()).decode()
