"""Where a list goes on: cursors for callers, and DynamoDB's own start keys."""

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nodback_core.adapters.dynamodb.codec import decode_plain, encode
from nodback_core.adapters.dynamodb.items import INDEX_ATTRIBUTES
from nodback_core.domain.shared.cursors import MAX_SORT_BYTES, cursor_at, place_of, wrong_cursor
from nodback_core.domain.shared.records import Index, fits_a_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryOutputTypeDef


def cursor_in(index: Index, partition: str, answer: "QueryOutputTypeDef") -> str | None:
    """The cursor behind the last row of an index: its place there and its key in the table."""
    last = answer.get("LastEvaluatedKey")
    if not last:
        return None
    place = [last[name]["S"] for name in (INDEX_ATTRIBUTES[index][1], "pk", "sk")]
    return cursor_at(json.dumps(place, ensure_ascii=False), of=f"{index} {partition}")


def start_in(
    index: Index, partition: str, cursor: str | None, *, after: str | None, before: str | None
) -> Mapping[str, object]:
    """Where an index is read on. Raises InvalidInput for a cursor that is not of this index.

    DynamoDB refuses a start key with an empty or long part, and one outside the range.
    """
    if cursor is None:
        return {}
    try:
        sort, pk, sk = json.loads(place_of(cursor, of=f"{index} {partition}"))
        fits = (
            (after or " ") <= sort
            and (before is None or sort < before)
            and fits_a_key(pk, sk)
            and len(sort.encode()) <= MAX_SORT_BYTES
        )
    except (ValueError, TypeError, AttributeError):
        raise wrong_cursor() from None
    if not fits:
        raise wrong_cursor()
    hash_name, sort_name = INDEX_ATTRIBUTES[index]
    key = {"pk": pk, "sk": sk, hash_name: partition, sort_name: sort}
    return {"ExclusiveStartKey": {name: encode(value) for name, value in key.items()}}


def start_behind(cursor: str | None) -> Mapping[str, object]:
    """Where a list goes on that only the service reads: no caller is given its cursors."""
    if cursor is None:
        return {}
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return {"ExclusiveStartKey": {str(k): encode(v) for k, v in place.items()}}
    except (ValueError, AttributeError, TypeError):
        raise ValueError("this cursor is not one that the service gave out: start again without a cursor") from None


def cursor_behind(answer: "QueryOutputTypeDef") -> str | None:
    """The cursor for `start_behind`, None at the end."""
    last = answer.get("LastEvaluatedKey")
    if not last:
        return None
    return base64.urlsafe_b64encode(json.dumps({k: decode_plain(v) for k, v in last.items()}).encode()).decode()
