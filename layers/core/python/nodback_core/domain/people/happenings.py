"""What happens to people: their rights in deployments, and their sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action
from nodback_core.domain.shared.happenings import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAdded(Happening):
    address: str
    permissions: Sequence[Json]

    action = Action.MEMBER_ADDED
    words = "Member added"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChanged(Happening):
    address: str
    changes: Mapping[str, Json]

    action = Action.MEMBER_CHANGED
    words = "Member changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoved(Happening):
    address: str

    action = Action.MEMBER_REMOVED
    words = "Member removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Happening):
    """By the mailed link or its code."""

    session_id: str
    method: str = field(metadata={"name": "by"})

    action = Action.SIGNED_IN
    words = "Signed in"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(Happening):
    session_id: str

    action = Action.SIGNED_OUT
    words = "Signed out"
