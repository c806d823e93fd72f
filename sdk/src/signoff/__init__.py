"""Human review for CrewAI flows: pause, ask a person by email, go on with the answer.

Two lines switch it on, and every `@human_feedback` method of the process asks through Signoff:

    import signoff

    signoff.enable()  # reads SIGNOFF_URL and SIGNOFF_API_KEY

A worker then carries the answers back into the flows: `signoff worker package.module`.
"""

from signoff.enabling import disable, enable
from signoff.errors import (
    BadSetting,
    BlankAnswer,
    ClaimLost,
    ConfigurationError,
    Conflict,
    CrewAIMissing,
    CrewAIUnsupported,
    FlowNotFound,
    FlowRefused,
    InvalidRequest,
    MissingSetting,
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
    SignoffError,
    SnapshotTooLarge,
    Unauthenticated,
    WebhookNotVerified,
    WrongFlow,
    WrongScope,
)
from signoff.version import __version__

__all__ = [
    "BadSetting",
    "BlankAnswer",
    "ClaimLost",
    "ConfigurationError",
    "Conflict",
    "CrewAIMissing",
    "CrewAIUnsupported",
    "FlowNotFound",
    "FlowRefused",
    "InvalidRequest",
    "MissingSetting",
    "NoLLM",
    "NotEnabled",
    "NotFound",
    "NotPaused",
    "OutcomeUndecided",
    "RequestIdReused",
    "ResumeError",
    "ServiceError",
    "ServiceFailed",
    "ServiceUnreachable",
    "SignoffError",
    "SnapshotTooLarge",
    "Unauthenticated",
    "WebhookNotVerified",
    "WrongFlow",
    "WrongScope",
    "__version__",
    "disable",
    "enable",
]
