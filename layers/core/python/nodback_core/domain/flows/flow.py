"""A flow as the service knows it: its id, the number of its newest request, its saved state."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.domain.shared.records import Key, Row

FLOW_STATE_DAYS = 400
MAX_FLOW_ID_CHARACTERS = 200
_NEVER_IN_A_FLOW_ID = frozenset("?#%\\\ufffd")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})
"""Unicode's categories of control characters, invisible ones, halves of pairs, and white space."""


def check_flow_id(flow_id: str) -> None:
    """Raises InvalidInput for an id that not every route can carry: some have it in their path.

    API Gateway hands a path on decoded and cuts it at a ``?``, and clients resolve ``..``: what means something in a
    path cannot stand in an id. Slashes can, since each of those routes ends in a word of its own.
    """
    if (problem := _problem(flow_id)) is not None:
        raise InvalidInput((FieldError("flow_id", problem),))


def _problem(flow_id: str) -> str | None:
    if not 1 <= len(flow_id) <= MAX_FLOW_ID_CHARACTERS:
        return f"1 to {MAX_FLOW_ID_CHARACTERS} characters"
    if any(c in _NEVER_IN_A_FLOW_ID or unicodedata.category(c) in _UNSEEN for c in flow_id):
        return "cannot hold white space, control characters, or any of ? # % \\"
    if any(part in ("", ".", "..") for part in flow_id.split("/")):
        return "between its slashes there must be a part that is not empty, . or .."
    return None


@dataclass(frozen=True, slots=True)
class Flow(Row):
    """One run of a flow; `newest` is the request that was opened last."""

    deployment_id: int
    flow_id: str
    number: int
    newest: str
    version: int = 0

    @property
    def key(self) -> "Key[Flow]":
        return Flow.at(self.deployment_id, self.flow_id)

    @staticmethod
    def at(deployment_id: int, flow_id: str) -> "Key[Flow]":
        return Key(Flow, f"flow/{deployment_id}/{flow_id}", "flow")


@dataclass(frozen=True, slots=True)
class FlowState(Row):
    """What crewAI's persistence saved between methods: the newest state, whole, as JSON text."""

    deployment_id: int
    flow_id: str
    method_name: str
    saved_at: datetime
    sealed: bytes | None
    object_key: str | None
    wrapped_key: bytes
    version: int = 0

    @property
    def key(self) -> "Key[FlowState]":
        return FlowState.at(self.deployment_id, self.flow_id)

    @staticmethod
    def at(deployment_id: int, flow_id: str) -> "Key[FlowState]":
        return Key(FlowState, f"flow/{deployment_id}/{flow_id}", "state")

    @property
    def forget_after(self) -> datetime | None:
        return self.saved_at + timedelta(days=FLOW_STATE_DAYS)
