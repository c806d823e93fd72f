"""Receipts, exports and erasure as they go over the wire."""

from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue

from nodback_core.api.shared.models import EntryView, Incoming, Outgoing


class Receipt(Outgoing):
    """One request with its proofs, in the form that `nodback verify` checks; docs/audit.md explains each part."""

    format: str
    organization_id: int
    deployment_id: int
    request_id: str
    decision: dict[str, JsonValue] | None
    reply: dict[str, JsonValue] | None
    contents: dict[str, JsonValue] | None
    entries: list[EntryView]
    seal: dict[str, JsonValue] | None
    public_key: str


class ExportBody(Incoming):
    """The range of an export; without an end, up to now."""

    begin: Annotated[AwareDatetime, Field(alias="from", strict=False)]
    end: Annotated[AwareDatetime | None, Field(alias="to", strict=False)] = None


class ExportFileView(Outgoing):
    name: str
    bytes: int
    sha256: str
    url: str


class ExportView(Outgoing):
    export_id: str
    deployment_id: int
    status: str
    percent: int
    begin: str = Field(alias="from")
    end: str = Field(alias="to")
    created_at: str
    finished_at: str | None
    subjects: int
    entries: int
    seals: int


class ExportDetail(ExportView):
    """A finished export with links that work for an hour; ask again for new ones."""

    files: list[ExportFileView]


class ExportList(Outgoing):
    exports: list[ExportView]
    next_cursor: str | None


class ErasedContent(Outgoing):
    request_id: str
    content_erased: bool
