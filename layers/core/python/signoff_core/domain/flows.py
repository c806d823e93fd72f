"""A flow as the service knows it: the number of its newest request, its saved state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from signoff_core.domain.records import Index, Key, Place

FLOW_STATE_DAYS = 400


@dataclass(frozen=True, slots=True)
class Flow:
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

    @property
    def indexes(self) -> Mapping[Index, Place]:
        return {}

    @property
    def forget_after(self) -> datetime | None:
        return None


@dataclass(frozen=True, slots=True)
class FlowState:
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
    def indexes(self) -> Mapping[Index, Place]:
        return {}

    @property
    def forget_after(self) -> datetime | None:
        return self.saved_at + timedelta(days=FLOW_STATE_DAYS)
