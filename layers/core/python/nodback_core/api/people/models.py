"""What goes over the wire about members."""

from typing import Annotated, Literal

from pydantic import Field

from nodback_core.api.shared.models import Incoming, Outgoing

PermissionName = Literal["manage_human_feedback", "respond_to_human_feedback"]


class MemberBody(Incoming):
    permissions: Annotated[list[PermissionName], Field(min_length=1, max_length=2)]


class MemberView(Outgoing):
    address: str
    permissions: list[PermissionName]
    added_at: str


class MemberList(Outgoing):
    members: list[MemberView]
    next_cursor: str | None
