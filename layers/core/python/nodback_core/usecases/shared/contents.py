"""Sealing the texts of a request and reading them again, small ones in the table, large ones in the bucket."""

import hashlib
import json
from typing import cast

from nodback_core.domain.reviews.contents import (
    INLINE_CONTENT_BYTES,
    Content,
    ContentKey,
    ContentKind,
    JsonValue,
    content_name,
    json_text,
)
from nodback_core.ports import ContentErased, DataKey, Storage, Vault

MAX_CONTENT_BYTES = 16 * 1024 * 1024


def owner_of(request_id: str) -> str:
    """The name that a request's data key is bound to."""
    return f"request/{request_id}"


def seal_content(
    kind: ContentKind,
    value: JsonValue,
    *,
    request_id: str,
    key: DataKey,
    storage: Storage,
    version: int = 0,
    seq: int | None = None,
) -> Content:
    """The sealed form of `value`; a large one is written to the bucket at once.

    When the row is not committed after that, the object stays behind: sealed, and named by nothing. Erasing the
    request's texts deletes it with the others.
    """
    plain = json_text(value).encode()
    title = content_name(kind, seq)
    sealed = storage.vault.seal(key, title, plain)
    if len(sealed) <= INLINE_CONTENT_BYTES:
        return Content(request_id, kind, sealed, None, len(plain), version, seq)
    # Named by what it holds: of two writers that race, neither can overwrite the other's object.
    name = f"content/{request_id}/{title}-{hashlib.sha256(sealed).hexdigest()[:32]}"
    storage.objects.put(name, sealed)
    return Content(request_id, kind, None, name, len(plain), version, seq)


def open_key(row: ContentKey | None, *, vault: Vault) -> DataKey:
    """The data key of a request; raises ContentErased when it was destroyed."""
    if row is None or row.erased_at is not None:
        raise ContentErased
    return vault.open(owner_of(row.request_id), row.wrapped)


def read_content(content: Content | None, *, key: DataKey, storage: Storage) -> JsonValue:
    """The plain value; None when there is no such content. Raises ContentErased when its object is gone."""
    if content is None:
        return None
    sealed = content.sealed
    if sealed is None:
        sealed = storage.objects.get(content.object_key or "", limit=MAX_CONTENT_BYTES)
        if sealed is None:
            raise ContentErased
    return cast("JsonValue", json.loads(storage.vault.unseal(key, content.name, sealed)))
