"""Human review for CrewAI flows: pause, ask a person by email, go on with the answer.

Two lines switch it on, and every `@human_feedback` method of the process asks through Nodback:

    import nodback

    nodback.enable()  # reads NODBACK_URL and NODBACK_API_KEY

A worker then carries the answers back into the flows: `nodback worker package.module`. Or mount a receiver, which the
service calls: `app.mount("/nodback", nodback.receiver(flows=["package.module"]))`.
"""

from nodback.enabling import disable, enable
from nodback.errors import (
    BadSetting,
    BlankAnswer,
    ClaimLost,
    ConfigurationError,
    Conflict,
    CrewAIMissing,
    CrewAIUnsupported,
    FlowChanged,
    FlowNotFound,
    FlowNotRestored,
    FlowRefused,
    InvalidRequest,
    MissingSetting,
    NodbackError,
    NoLLM,
    NotEnabled,
    NotFound,
    NotPaused,
    OutcomeUndecided,
    RequestIdReused,
    ResumeError,
    ServiceError,
    ServiceFailed,
    ServiceUnreachable,
    SnapshotTooLarge,
    Unauthenticated,
    WebhookNotVerified,
    WrongFlow,
    WrongScope,
)
from nodback.receiving import receiver
from nodback.version import __version__

__all__ = [
    "BadSetting",
    "BlankAnswer",
    "ClaimLost",
    "ConfigurationError",
    "Conflict",
    "CrewAIMissing",
    "CrewAIUnsupported",
    "FlowChanged",
    "FlowNotFound",
    "FlowNotRestored",
    "FlowRefused",
    "InvalidRequest",
    "MissingSetting",
    "NoLLM",
    "NodbackError",
    "NotEnabled",
    "NotFound",
    "NotPaused",
    "OutcomeUndecided",
    "RequestIdReused",
    "ResumeError",
    "ServiceError",
    "ServiceFailed",
    "ServiceUnreachable",
    "SnapshotTooLarge",
    "Unauthenticated",
    "WebhookNotVerified",
    "WrongFlow",
    "WrongScope",
    "__version__",
    "disable",
    "enable",
    "receiver",
]
