"""What goes over the wire, as pydantic models: the OpenAPI document is made of these."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
FlowId = Annotated[
    str,
    Field(description="1 to 200 characters, without white space, ? # % \\ and without empty, . or .. between slashes"),
]
FlowClass = Annotated[str, StringConstraints(min_length=1, max_length=400)]
"""The qualified name of a class, such as `package.module.ClassName` or `package.module.Outer.Inner`."""
Text = Annotated[str, StringConstraints(max_length=64_000)]


class Incoming(BaseModel):
    """A body that somebody sends: unknown fields are refused, so that a typing error is seen."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Outgoing(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DeploymentBody(Incoming):
    name: Name
    creator_email: Annotated[str, StringConstraints(min_length=3, max_length=320)]
    settings: dict[str, JsonValue] = Field(default_factory=dict)


class DeploymentView(Outgoing):
    id: int
    name: str
    organization_id: int
    creator_email: str
    created_at: str
    settings: dict[str, JsonValue]
    settings_version: int


class CreatedDeployment(Outgoing):
    deployment: DeploymentView
    flow_key: str
    warnings: list[dict[str, str]]


class DeploymentList(Outgoing):
    deployments: list[DeploymentView]
    next_cursor: str | None


class KeyBody(Incoming):
    name: Name
    scope: Literal["flow", "respond", "manage"]


class CreatedKey(Outgoing):
    id: str
    scope: str
    name: str
    key: str


class KeyView(Outgoing):
    id: str
    scope: str
    name: str
    created_at: str
    revoked_at: str | None


class KeyList(Outgoing):
    keys: list[KeyView]
    next_cursor: str | None


class PauseBody(Incoming):
    """One pause of a flow, as the SDK sends it."""

    request_id: Annotated[UUID, Field(strict=False)]
    flow_id: FlowId
    flow_name: Name
    flow_class: FlowClass
    method_name: Name
    message: Text
    output: JsonValue = None
    emit: list[Annotated[str, StringConstraints(max_length=100)]] | None = Field(default=None, max_length=50)
    default_outcome: str | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    state: dict[str, JsonValue] = Field(default_factory=dict)
    history: list[Name] = Field(default_factory=list, max_length=1000)
    snapshot: JsonValue


class OpenedRequest(Outgoing):
    request_id: str
    number: int
    status: str
    assigned_to_email: str
    deployment_id: int
    organization_id: int
    email_notifications: bool
    created_at: str
    supersedes: str | None


class ResumeView(Outgoing):
    status: str
    attempt: int
    error: str | None
    worker: str | None
    lease_until: str | None
    ready_at: str | None


class DeadlineView(Outgoing):
    """Something that happens by itself at `at` while nobody answers."""

    at: str
    kind: Literal["sla_breach", "reminder", "escalation", "auto_response"]
    to_email: str | None = None
    outcome: str | None = None


class NotScheduled(Outgoing):
    """What the settings ask for and this request cannot have, and why (docs/settings.md, Deadlines)."""

    kind: Literal["reminders", "escalation", "auto_response"]
    reason: str


class NotificationView(Outgoing):
    """One mail of the request; `status` is the newest that is known of it (docs/email.md, What became of a mail)."""

    id: str
    letter: str
    to: str
    status: str
    message_id: str | None
    reason: str | None
    claimed_at: str
    sent_at: str | None
    told_at: str | None


class RequestView(Outgoing):
    request_id: str
    number: int
    status: str
    deployment_id: int
    organization_id: int
    flow_id: str
    flow_name: str
    method_name: str
    message: str | None
    output: JsonValue
    emit: list[str]
    default_outcome: str | None
    state: dict[str, JsonValue] | None
    metadata: dict[str, JsonValue] | None
    history: list[str] | None
    assigned_to_email: str
    assigned_by_rule: str | None
    round: int
    email_notifications: bool
    created_at: str
    closed_at: str | None
    outcome: str | None
    settled_outcome: str | None
    settled_by: Literal["llm", "person"] | None
    feedback: str | None
    reply_text: str | None
    responder: str | None
    source: str | None
    source_claim: str | None
    response_seconds: int | None
    superseded_by: str | None
    reason: str | None
    deadlines: list[DeadlineView]
    not_scheduled: list[NotScheduled]
    wake_at: str | None
    sla: str | None
    sla_due_at: str | None
    content_erased: bool
    notifications: list[NotificationView]
    resume: ResumeView


class EntryView(Outgoing):
    organization_id: int
    deployment_id: int
    subject: str
    seq: int
    at: str
    action: str
    actor: dict[str, str]
    data: dict[str, JsonValue]
    previous: str
    hash: str


class Timeline(Outgoing):
    """Entries exactly as they are hashed; `reasons` holds what people wrote or mail services said, by `seq`."""

    entries: list[EntryView]
    reasons: dict[str, str]
    next_cursor: str | None


class FlowStateBody(Incoming):
    method_name: Name
    state: JsonValue


class FlowStateView(Outgoing):
    method_name: str
    state: JsonValue
    saved_at: str


class PendingView(Outgoing):
    request_id: str
    number: int
    status: str
    snapshot: JsonValue


class ClaimBody(Incoming):
    """Who claims, and the qualified names of the flow classes that it runs: it gets the answers of these only."""

    worker: Name
    flow_classes: list[FlowClass] = Field(min_length=1, max_length=100)
    request_id: Annotated[UUID | None, Field(strict=False)] = None
    """The one request whose answer is wanted; the oldest that is ready when left out."""


class ResponseView(Outgoing):
    outcome: str | None
    feedback: str
    reply_text: str
    responder: str
    source: str
    responded_at: str


class ClaimedResume(Outgoing):
    request_id: str
    claim_id: str
    lease_seconds: int
    lease_until: str
    attempt: int
    flow_id: str
    flow_name: str
    flow_class: str
    method_name: str
    number: int
    emit: list[str]
    default_outcome: str | None
    response: ResponseView
    snapshot: JsonValue


class HeldBody(Incoming):
    claim_id: Name


class ConsumedBody(HeldBody):
    """`flow_class` is the class that is about to run: only the one that paused may.

    `outcome` is the option that the flow takes the answer for. It is kept where the answer is free text.
    """

    flow_class: FlowClass
    outcome: Annotated[str, StringConstraints(max_length=100)] | None = None


class Lease(Outgoing):
    lease_until: str


class ResultBody(Incoming):
    claim_id: Name
    status: Literal["succeeded", "failed"]
    error: Annotated[str, StringConstraints(max_length=10_000)] | None = None


class RetryBody(Incoming):
    outcome: Annotated[str, StringConstraints(max_length=100)] | None = None


class Health(Outgoing):
    status: str
    version: str
