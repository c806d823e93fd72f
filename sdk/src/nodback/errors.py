"""Everything that Nodback raises, and the stable code of each.

    NodbackError
    ├── ConfigurationError            nodback cannot be switched on as it is set up
    │   ├── MissingSetting            missing_setting
    │   ├── BadSetting                bad_setting
    │   ├── NotEnabled                not_enabled
    │   ├── CrewAIMissing             crewai_missing
    │   └── CrewAIUnsupported         crewai_unsupported
    ├── FlowRefused                   flow_refused: this pause could never be answered safely
    ├── NotPaused                     not_paused: the review was not opened, so the flow is not waiting
    ├── SnapshotTooLarge              snapshot_too_large
    ├── ServiceError                  the service said no, or could not be asked
    │   ├── ServiceUnreachable        service_unreachable
    │   ├── ServiceFailed             service_failed
    │   ├── Unauthenticated           unauthenticated
    │   ├── WrongScope                wrong_scope
    │   ├── InvalidRequest            invalid_request
    │   ├── RequestIdReused           request_id_reused
    │   ├── NotFound                  not_found
    │   ├── Conflict                  conflict: the thing is not in a status in which this could be done
    │   └── ClaimLost                 claim_lost: another worker has this resume now
    ├── ResumeError                   the answer could not be handed to the flow
    │   ├── FlowNotFound              flow_not_found
    │   ├── WrongFlow                 wrong_flow: another class than the one that paused would run
    │   ├── FlowChanged               flow_changed: the code of today does not fit the answer
    │   ├── FlowNotRestored           flow_not_restored: its class cannot be made again
    │   ├── BlankAnswer               blank_answer
    │   ├── NoLLM                     no_llm: free text, and nothing that could classify it
    │   └── OutcomeUndecided          outcome_undecided: free text that is not exactly one option
    └── WebhookNotVerified            webhook_not_verified

Example:
    >>> import nodback
    >>> nodback.ClaimLost("another worker took over").code
    'claim_lost'
"""

from typing import ClassVar


class NodbackError(Exception):
    """The root: catch this to catch everything of ours."""

    code: ClassVar[str] = "nodback_error"


class ConfigurationError(NodbackError):
    """Nodback cannot be switched on as it is set up."""

    code = "configuration_error"


class MissingSetting(ConfigurationError):
    """A setting has no value; the message names the argument and the environment variable."""

    code = "missing_setting"


class BadSetting(ConfigurationError):
    """A setting has a value that cannot work."""

    code = "bad_setting"


class NotEnabled(ConfigurationError):
    """Something needed Nodback before `nodback.enable()` was called."""

    code = "not_enabled"


class CrewAIMissing(ConfigurationError):
    """crewai is not installed in this environment."""

    code = "crewai_missing"


class CrewAIUnsupported(ConfigurationError):
    """crewai is installed in a version that cannot be paused durably."""

    code = "crewai_unsupported"


class FlowRefused(NodbackError):
    """This flow cannot be reviewed as it is written; nothing was opened."""

    code = "flow_refused"


class NotPaused(NodbackError):
    """The review was not opened, so the flow is not waiting for anybody: `kickoff()` raises this."""

    code = "not_paused"


class SnapshotTooLarge(NodbackError):
    """What the flow would have to keep is larger than the service stores."""

    code = "snapshot_too_large"


class ServiceError(NodbackError):
    """The service refused a call, or could not be asked.

    Attributes:
        status: the HTTP status, or None when there was no answer at all.
        service_code: the `code` of the problem document, or None.
        fields: (field, message) pairs of what was wrong with the body.
    """

    code = "service_error"

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        service_code: str | None = None,
        fields: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.service_code = service_code
        self.fields = fields


class ServiceUnreachable(ServiceError):
    """No answer in the time that was allowed, however often it was asked."""

    code = "service_unreachable"


class ServiceFailed(ServiceError):
    """The service answered, with something that is neither success nor a refusal that we know."""

    code = "service_failed"


class Unauthenticated(ServiceError):
    """The API key is unknown, revoked or missing."""

    code = "unauthenticated"


class WrongScope(ServiceError):
    """The API key may not do this."""

    code = "wrong_scope"


class InvalidRequest(ServiceError):
    """The service refused the body; `fields` says what was wrong."""

    code = "invalid_request"


class RequestIdReused(ServiceError):
    """The same request id was sent before with another body."""

    code = "request_id_reused"


class NotFound(ServiceError):
    """There is no such thing for this key."""

    code = "not_found"


class Conflict(ServiceError):
    """The thing is not in a status in which this could be done; `service_code` says more."""

    code = "conflict"


class ClaimLost(ServiceError):
    """The lease of this resume has ended and another worker may have it."""

    code = "claim_lost"


class ResumeError(NodbackError):
    """The answer could not be handed to the flow; none of the flow's listeners ran."""

    code = "resume_error"


class FlowNotFound(ResumeError):
    """The worker has no flow class of that name, or the class no longer has the method."""

    code = "flow_not_found"


class WrongFlow(ResumeError):
    """The class that would run is not the one that paused."""

    code = "wrong_flow"


class FlowChanged(ResumeError):
    """The flow's code has changed since it paused: the answer would go nowhere, or the state lose parts."""

    code = "flow_changed"


class FlowNotRestored(ResumeError):
    """The flow's class could not be made again, for instance because its constructor wants arguments."""

    code = "flow_not_restored"


class BlankAnswer(ResumeError):
    """The answer has neither an outcome nor any text, and crewAI would take it for the first option."""

    code = "blank_answer"


class NoLLM(ResumeError):
    """The answer is free text and the flow has no LLM that could say which option is meant."""

    code = "no_llm"


class OutcomeUndecided(ResumeError):
    """The flow's LLM did not name exactly one of the options."""

    code = "outcome_undecided"


class WebhookNotVerified(NodbackError):
    """The message is not from Nodback, or is too old, or was changed on its way."""

    code = "webhook_not_verified"
