"""Records, entries and counters as items of the two tables, and back.

A record is kept under `pk` and `sk`, with its `version`, its fields in `data`, and one pair of attributes for each
list that it stands in.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from nodback_core.adapters.dynamodb.codec import Undecodable, decode_fields, decode_plain, encode, encode_fields
from nodback_core.domain.audit.day_lists import day_of, day_sort
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action, Actor, Entry
from nodback_core.domain.shared.records import Index, Key, Record
from nodback_core.domain.shared.times import moment
from nodback_core.ports import Counters, Unreadable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

R = TypeVar("R", bound=Record)
Item = Mapping[str, "AttributeValueTypeDef"]

INDEX_ATTRIBUTES: Mapping[Index, tuple[str, str]] = {
    Index.PENDING_BY_DEPLOYMENT: ("pending_deployment", "opened"),
    Index.PENDING_BY_ASSIGNEE: ("pending_assignee", "opened"),
    Index.READY_RESUMES: ("ready_deployment", "claimable_at"),
    Index.ATTENTION: ("attention_shard", "attention_at"),
    Index.BY_MONTH: ("month", "opened"),
    Index.BY_RESPONDER: ("responder_key", "closed"),
}
"""The two attributes of each list, as the data stack declares them."""


def counters_of(item: Item) -> Counters:
    """A row of counters: every number in the item is one of them, every text one of its names."""
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


def item_of_entry(entry: Entry) -> "dict[str, AttributeValueTypeDef]":
    """An entry as an item of the audit table, with its place in the index by day."""
    document = {**entry.document(), "hash": entry.hash, "day": day_of(entry), "at_key": day_sort(entry)}
    return {name: encode(value) for name, value in document.items()}


def item_of(record: Record) -> "dict[str, AttributeValueTypeDef]":
    """A record as an item of the requests table, at its next version."""
    item: dict[str, AttributeValueTypeDef] = {
        **table_key(record.key.partition, record.key.sort),
        "version": encode(record.version + 1),
        "data": {"M": encode_fields(record)},
    }
    for index, place in record.indexes.items():
        hash_name, sort_name = INDEX_ATTRIBUTES[index]
        item[hash_name], item[sort_name] = encode(place.partition), encode(place.sort)
    if record.forget_after is not None:
        item["expires_at"] = encode(int(record.forget_after.timestamp()))
    return item


def record_of(key: Key[R], item: Item) -> R | Unreadable:
    """The record in an item, or why this version of the code cannot read it."""
    place = key.kind.__name__, key.partition, key.sort
    if "data" not in item or "version" not in item:
        return Unreadable(*place, "it is no record")
    try:
        return decode_fields(key.kind, item["data"]["M"], version=int(item["version"]["N"]))
    except Undecodable as error:
        return Unreadable(*place, str(error))


def table_key(partition: str, sort: str) -> "dict[str, AttributeValueTypeDef]":
    """The key of an item in the requests table."""
    return {"pk": encode(partition), "sk": encode(sort)}
