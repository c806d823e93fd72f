"""Sealing the texts of a request and reading them again, small ones in the table, large ones in the bucket."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from nodback_core.domain.reviews.contents import INLINE_CONTENT_BYTES, Content, ContentKey, ContentKind, content_name
from nodback_core.ports import ContentErased, DataKey, Objects, Vault

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

MAX_CONTENT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shown:
    """What the flow sent to be looked at."""

    message: str
    output: JsonValue
    state: Mapping[str, JsonValue]
    metadata: Mapping[str, JsonValue]
    history: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of an answer."""

    feedback: str
    reply_text: str


def owner_of(request_id: str) -> str:
    """The name that a request's data key is bound to."""
    return f"request/{request_id}"


def seal_content(
    kind: ContentKind,
    value: JsonValue,
    *,
    request_id: str,
    key: DataKey,
    vault: Vault,
    objects: Objects,
    version: int = 0,
    seq: int | None = None,
) -> Content:
    """The sealed form of `value`; a large one is written to the bucket at once.

    When the row is not committed after that, the object stays behind: sealed, and named by nothing. Erasing the
    request's texts deletes it with the others.
    """
    plain = json_text(value).encode()
    title = content_name(kind, seq)
    sealed = vault.seal(key, title, plain)
    if len(sealed) <= INLINE_CONTENT_BYTES:
        return Content(request_id, kind, sealed, None, len(plain), version, seq)
    # Named by what it holds: of two writers that race, neither can overwrite the other's object.
    name = f"content/{request_id}/{title}-{hashlib.sha256(sealed).hexdigest()[:32]}"
    objects.put(name, sealed)
    return Content(request_id, kind, None, name, len(plain), version, seq)


def open_key(row: ContentKey | None, *, vault: Vault) -> DataKey:
    """The data key of a request; raises ContentErased when it was destroyed."""
    if row is None or row.erased_at is not None:
        raise ContentErased
    return vault.open(owner_of(row.request_id), row.wrapped)


def read_content(content: Content | None, *, key: DataKey, vault: Vault, objects: Objects) -> JsonValue:
    """The plain value; None when there is no such content. Raises ContentErased when its object is gone."""
    if content is None:
        return None
    sealed = content.sealed
    if sealed is None:
        sealed = objects.get(content.object_key or "", limit=MAX_CONTENT_BYTES)
        if sealed is None:
            raise ContentErased
    return cast("JsonValue", json.loads(vault.unseal(key, content.name, sealed)))


def json_text(value: JsonValue) -> str:
    """The text form of a value that its digest is made of."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def shown_document(shown: Shown) -> JsonValue:
    return {
        "message": shown.message,
        "output": shown.output,
        "state": dict(shown.state),
        "metadata": dict(shown.metadata),
        "history": list(shown.history),
    }


def shown_of(value: JsonValue) -> Shown:
    """What `shown_document` wrote."""
    document = cast("dict[str, JsonValue]", value)
    return Shown(
        message=cast("str", document["message"]),
        output=document["output"],
        state=cast("dict[str, JsonValue]", document["state"]),
        metadata=cast("dict[str, JsonValue]", document["metadata"]),
        history=tuple(cast("list[str]", document["history"])),
    )


def words_of(value: JsonValue) -> Words:
    """The words of a response content."""
    document = cast("dict[str, str]", value)
    return Words(document["feedback"], document["reply_text"])
