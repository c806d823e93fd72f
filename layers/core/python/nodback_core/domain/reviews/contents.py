"""The texts of a request, apart from its row: encrypted under a key of its own, so that they can be erased."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, cast

from nodback_core.domain.shared.records import Key, Row

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

INLINE_CONTENT_BYTES = 32 * 1024
MAX_SNAPSHOT_BYTES = 4 * 1024 * 1024


class ContentKind(StrEnum):
    SHOWN = "shown"
    """Message, output, state, metadata and history, as the flow sent them."""
    SNAPSHOT = "snapshot"
    """What the SDK needs to go on; never shown."""
    RESPONSE = "response"
    """The words of the answer."""
    SENT = "sent"
    """The text of the newest mail that asked: what a reply may quote."""
    REASON = "reason"
    """Why somebody reassigned or cancelled; numbered by the entry that it belongs to."""


@dataclass(frozen=True, slots=True)
class ContentKey(Row):
    """The data key of one request, wrapped by the master key, and the salt of its digests."""

    request_id: str
    wrapped: bytes
    erased_at: datetime | None = None
    version: int = 0

    @property
    def key(self) -> "Key[ContentKey]":
        return ContentKey.at(self.request_id)

    @staticmethod
    def at(request_id: str) -> "Key[ContentKey]":
        return Key(ContentKey, f"request/{request_id}", "content-key")


@dataclass(frozen=True, slots=True)
class Content(Row):
    """One sealed text: here when small, otherwise in the bucket."""

    request_id: str
    kind: ContentKind
    sealed: bytes | None
    object_key: str | None
    size: int
    """Bytes of the plain form."""
    version: int = 0
    seq: int | None = None
    """The entry that it belongs to, for a kind that a request may hold several of."""

    @property
    def name(self) -> str:
        """What tells it from the other contents of its request; it is sealed under this name."""
        return content_name(self.kind, self.seq)

    @property
    def key(self) -> "Key[Content]":
        return Content.at(self.request_id, self.kind, self.seq)

    @staticmethod
    def at(request_id: str, kind: ContentKind, seq: int | None = None) -> "Key[Content]":
        return Key(Content, f"request/{request_id}", f"content/{content_name(kind, seq)}")


def content_name(kind: ContentKind, seq: int | None = None) -> str:
    """The name of a content within its request: ``shown``, ``reason-7``."""
    return kind.value if seq is None else f"{kind}-{seq}"


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
