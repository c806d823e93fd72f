"""The store in DynamoDB: what is read from the two tables. `Transaction` writes them."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

from nodback_core.adapters.dynamodb.codec import encode
from nodback_core.adapters.dynamodb.cursors import cursor_behind, cursor_in, start_behind, start_in
from nodback_core.adapters.dynamodb.items import INDEX_ATTRIBUTES, Item, counters_of, entry_of, record_of, table_key
from nodback_core.adapters.dynamodb.transactions import CONFLICT_TRIES, MAX_ROWS, Transaction, pause
from nodback_core.domain.shared.cursors import child_of, cursor_at
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.records import Index, Key, Record, fits_a_key
from nodback_core.ports import Counters, CountersPage, Entries, Page, Rows, RowUnreadable, Unreadable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class DynamoDbStore:
    """The port `Store` over two tables: records and counters in one, entries in the other."""

    client: "DynamoDBClient"
    requests_table: str
    audit_table: str
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    report: Callable[[Unreadable], None] = field(default=lambda _: None, repr=False)
    """Is told of each row that a list had to skip."""

    def fetch(self, *keys: Key[Record]) -> Rows:
        if len(keys) > MAX_ROWS:
            raise ValueError(f"at most {MAX_ROWS} keys")
        read = {key: record_of(key, item) for key, item in self._items(keys)}
        if unreadable := [row for row in read.values() if isinstance(row, Unreadable)]:
            raise RowUnreadable(*unreadable)
        return Rows(cast("dict[Key[Record], Record]", read))

    def _items(self, keys: Sequence[Key[Record]]) -> Iterator[tuple[Key[Record], Item]]:
        """The stored items under these keys, at most `MAX_ROWS`, in no order.

        A key that DynamoDB would refuse has no item.
        """
        keys = [key for key in keys if fits_a_key(key.partition, key.sort)]
        if len(keys) == 1:
            item = self.client.get_item(
                TableName=self.requests_table, Key=table_key(keys[0].partition, keys[0].sort), ConsistentRead=True
            ).get("Item")
            if item:
                yield keys[0], item
            return
        by_address = {(k.partition, k.sort): k for k in keys}
        wanted = [table_key(*address) for address in by_address]
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
                self.sleep(pause(tries))

    def _page(self, rows: "Iterable[R | Unreadable]", cursor: str | None) -> Page[R]:
        """The rows that could be read, and beside them those that could not."""
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
        write = self._transaction()
        for record in records:
            write.put(record)
        for record in removals:
            write.remove(record)
        for entry in entries:
            write.append(entry)
        write.send()

    def _transaction(self) -> Transaction:
        return Transaction(self.client, self.requests_table, self.audit_table, self.sleep)

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
            **start_in(index, partition, cursor, after=after, before=before),  # type: ignore[arg-type]
        )
        keys = [cast("Key[Record]", Key(kind, item["pk"]["S"], item["sk"]["S"])) for item in answer["Items"]]
        found: dict[Key[Record], Item] = {}
        for start in range(0, len(keys), MAX_ROWS):
            found |= self._items(keys[start : start + MAX_ROWS])
        read = (record_of(cast("Key[R]", key), found[key]) for key in keys if key in found)
        rows = (row for row in read if isinstance(row, Unreadable) or index in row.indexes)
        return self._page(rows, cursor_in(index, partition, answer))

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
            start["ExclusiveStartKey"] = table_key(partition, child_of(cursor, of=of, prefix=prefix))
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
        rows = (record_of(Key(kind, partition, item["sk"]["S"]), item) for item in answer["Items"])
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
            **start_behind(cursor),  # type: ignore[arg-type]
        )
        return Entries(tuple(entry_of(item) for item in answer["Items"]), cursor_behind(answer))

    def increment(self, additions: Sequence[Counters], marks: Sequence[Record]) -> None:
        write = self._transaction()
        for mark in marks:
            write.put(mark)
        for row in additions:
            write.add(row)
        write.send()

    def counters(self, *places: tuple[str, str]) -> Sequence[Counters]:
        found: dict[tuple[str, str], Counters] = {}
        wanted = [table_key(partition, sort) for partition, sort in places]
        tries = 0
        while wanted:
            answer = self.client.batch_get_item(RequestItems={self.requests_table: {"Keys": wanted[:MAX_ROWS]}})
            rows = [counters_of(item) for item in answer["Responses"].get(self.requests_table, [])]
            found |= {(row.partition, row.sort): row for row in rows}
            left = answer["UnprocessedKeys"].get(self.requests_table)
            wanted = wanted[MAX_ROWS:] + (list(left["Keys"]) if left else [])
            if left:
                tries += 1
                self.sleep(pause(min(tries, CONFLICT_TRIES)))
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
            **start_behind(cursor),  # type: ignore[arg-type]
        )
        return CountersPage(tuple(counters_of(item) for item in answer["Items"]), cursor_behind(answer))


def _just_below(text: str) -> str:
    return text[:-1] + chr(ord(text[-1]) - 1) + "\uffff" if text else text
