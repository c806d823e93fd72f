"""What travels between a flow and its service, as values, and the service as the flow side sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = Any  # whatever json.dumps takes


@dataclass(frozen=True)
class OpenRequest:
    """One pause, as it is sent: everything the service needs to ask, and the flow to go on."""

    request_id: str
    flow_id: str
    flow_name: str
    flow_class: str
    method_name: str
    message: str
    output: Json
    emit: tuple[str, ...] | None
    default_outcome: str | None
    metadata: Mapping[str, Json]
    state: Mapping[str, Json]
    history: tuple[str, ...]
    snapshot: Json

    def as_json(self) -> dict[str, Json]:
        return {
            "request_id": self.request_id,
            "flow_id": self.flow_id,
            "flow_name": self.flow_name,
            "flow_class": self.flow_class,
            "method_name": self.method_name,
            "message": self.message,
            "output": self.output,
            "emit": None if self.emit is None else list(self.emit),
            "default_outcome": self.default_outcome,
            "metadata": dict(self.metadata),
            "state": dict(self.state),
            "history": list(self.history),
            "snapshot": self.snapshot,
        }


@dataclass(frozen=True)
class OpenedRequest:
    """What the service made of it."""

    request_id: str
    number: int | None = None
    assigned_to_email: str | None = None


@dataclass(frozen=True)
class Answer:
    """The accepted answer of a reviewer."""

    outcome: str | None
    feedback: str
    reply_text: str | None = None
    responder: str | None = None
    source: str | None = None
    responded_at: str | None = None

    @staticmethod
    def from_json(body: Mapping[str, Json]) -> "Answer":
        return Answer(
            outcome=body.get("outcome"),
            feedback=body.get("feedback") or "",
            reply_text=body.get("reply_text"),
            responder=body.get("responder"),
            source=body.get("source"),
            responded_at=body.get("responded_at"),
        )


@dataclass(frozen=True)
class Claim:
    """A resume that is ours until its lease ends."""

    request_id: str
    claim_id: str
    lease_seconds: float
    attempt: int
    flow_id: str
    flow_name: str
    flow_class: str
    method_name: str
    number: int | None
    answer: Answer
    snapshot: Json = field(repr=False)

    @staticmethod
    def from_json(body: Mapping[str, Json]) -> "Claim":
        return Claim(
            request_id=str(body["request_id"]),
            claim_id=str(body["claim_id"]),
            lease_seconds=float(body["lease_seconds"]),
            attempt=int(body.get("attempt") or 1),
            flow_id=str(body["flow_id"]),
            flow_name=str(body["flow_name"]),
            flow_class=str(body["flow_class"]),
            method_name=str(body["method_name"]),
            number=body.get("number"),
            answer=Answer.from_json(body["response"]),
            snapshot=body["snapshot"],
        )


class ReviewService(Protocol):
    """The service as a flow needs it: over HTTPS in `client`, in memory in `testing`.

    Every call raises `ServiceError` or one of its kinds when it was not done.
    """

    def close(self) -> None: ...

    def open_request(self, request: OpenRequest) -> OpenedRequest: ...

    def save_state(self, flow_id: str, method_name: str, state: Json) -> None: ...

    def load_state(self, flow_id: str) -> Json | None: ...

    def load_pending(self, flow_id: str) -> Json | None: ...

    def claim(self, worker: str, flow_classes: Sequence[str], request_id: str | None = None) -> Claim | None: ...

    def renew(self, request_id: str, claim_id: str) -> None: ...

    def consumed(self, request_id: str, claim_id: str, flow_class: str, outcome: str | None = None) -> None: ...

    def result(self, request_id: str, claim_id: str, *, succeeded: bool, error: str | None = None) -> None: ...
