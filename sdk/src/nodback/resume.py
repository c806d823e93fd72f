"""Handing an accepted answer to the flow that waits for it, once.

The steps, and who may go on when a worker dies between two of them:

    claim -> restore -> settle the outcome -> crewAI saves the state -> consumed -> listeners -> result
    |------------- another worker takes over once the lease ends -----------|-- only a person retries --|
"""

import enum
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crewai.flow.async_feedback import HumanFeedbackPending, PendingFeedbackContext
from crewai.flow.flow import Flow
from pydantic import PrivateAttr

from nodback.constructing import Factory, arguments_for
from nodback.crew import RESUME_LLM_COUNTS_FROM, require_crewai
from nodback.differences import learns, returned, state_of
from nodback.errors import (
    ClaimLost,
    FlowChanged,
    FlowNotFound,
    FlowNotRestored,
    NodbackError,
    OutcomeUndecided,
    ServiceError,
    WrongFlow,
)
from nodback.events import emit_received
from nodback.lease import Lease
from nodback.listening import listeners_of
from nodback.names import qualified_name, script_name
from nodback.outcome import DecidedOutcome, settled_outcome, text_of, usable_llm
from nodback.persistence import METADATA_KEY, NodbackPersistence, executed_methods, restored
from nodback.reviews import Claim, ReviewService
from nodback.roundtrip import dropped
from nodback.snapshot import Snapshot

logger = logging.getLogger(__name__)

MAX_ERROR_CHARACTERS = 2000


class Ending(enum.StrEnum):
    """How a claimed resume ended, as this worker knows it."""

    SUCCEEDED = "succeeded"
    PAUSED_AGAIN = "paused again"
    FAILED = "failed"
    LEFT = "left"  # not ours any more, or not known to be: the service decides when the lease ends


@dataclass(frozen=True)
class Resumed:
    """One resume that this worker has dealt with.

    Attributes:
        value: what the flow returned; a `HumanFeedbackPending` when it waits for the next review.
        error: why it failed or was left, in words for a person.
    """

    ending: Ending
    value: Any = None
    error: str | None = None


class ResumingPersistence(NodbackPersistence):
    """The persistence of one claimed resume: knows its snapshot, and consumes it just before the listeners run."""

    _claim: Claim | None = PrivateAttr(default=None)
    _snapshot: Snapshot | None = PrivateAttr(default=None)
    _before_listeners: Callable[[], None] | None = PrivateAttr(default=None)
    _runs: str = PrivateAttr(default="")
    _outcome: str | None = PrivateAttr(default=None)
    _consumed: bool = PrivateAttr(default=False)

    @classmethod
    def of(cls, claim: Claim, service: ReviewService) -> "ResumingPersistence":
        persistence = cls()
        persistence._service = service
        persistence._claim = claim
        persistence._snapshot = Snapshot.from_json(claim.snapshot)
        return persistence

    @property
    def stored_state(self) -> Mapping[str, Any]:
        """The state as it was stored."""
        return self._snapshot.state if self._snapshot is not None else {}

    def heard_by(self, event: str) -> tuple[str, ...]:
        """The methods that listened to an event when the flow paused, as far as that was stored."""
        known = self._snapshot.heard_by if self._snapshot is not None else None
        return () if known is None else known.get(event, ())

    @property
    def is_consumed(self) -> bool:
        return self._consumed

    def before_listeners(self, check: Callable[[], None]) -> None:
        """What must hold at the last moment at which nothing of the flow has run yet; raising stops the flow."""
        self._before_listeners = check

    def runs(self, flow_class: str, outcome: str | None) -> None:
        """The class that is about to run, which the service compares with the one that paused, and its outcome."""
        self._runs, self._outcome = flow_class, outcome

    def load_pending_feedback(self, flow_uuid: str) -> tuple[dict[str, Any], PendingFeedbackContext] | None:
        if self._claim is None or self._snapshot is None or flow_uuid != self._claim.flow_id:
            return super().load_pending_feedback(flow_uuid)
        return restored(self._snapshot)

    def clear_pending_feedback(self, flow_uuid: str) -> None:
        if self._claim is None or self._consumed or flow_uuid != self._claim.flow_id:
            super().clear_pending_feedback(flow_uuid)
            return
        if self._before_listeners is not None:
            self._before_listeners()
        self.service.consumed(self._claim.request_id, self._claim.claim_id, self._runs, self._outcome)
        self._consumed = True

    def methods_before(self, flow: Any) -> tuple[str, ...]:
        earlier = self._snapshot.history if self._snapshot is not None else ()
        here = executed_methods(flow)
        # crewAI counts the reviewed method as run in this process too.
        return earlier + (here[1:] if earlier and here[:1] == earlier[-1:] else here)


def carry_out(
    claim: Claim,
    *,
    flow_class: type[Any] | None,
    service: ReviewService,
    lease: Lease,
    serves_scripts: bool = False,
    learn_from_replies: bool = False,
    factory: Factory | None = None,
) -> Resumed:
    """Hand the answer over and tell the service how it went. Never raises what the flow raises.

    Args:
        flow_class: the class of the flow that waits, or None when this worker has none of that name.
        lease: entered, so that it is being renewed.
        serves_scripts: whether the class may go on with what paused when its file was run as a script.
        learn_from_replies: let `learn=True` methods remember lessons from what the reviewer wrote.
        factory: gives the constructor arguments of a flow class.
    """
    persistence: ResumingPersistence | None = None
    try:
        persistence = ResumingPersistence.of(claim, service)
        value = hand_over(
            claim,
            flow_class=flow_class,
            persistence=persistence,
            check=lease.require,
            serves_scripts=serves_scripts,
            learn_from_replies=learn_from_replies,
            factory=factory,
        )
    except BaseException as error:
        consumed = persistence is not None and persistence.is_consumed
        resumed = _failed(error, consumed=consumed)
        if resumed.ending is Ending.FAILED:
            logger.debug("request %s", claim.request_id, exc_info=True)
            resumed = _reported(claim, service, resumed)
        if not isinstance(error, Exception):
            raise
        return resumed
    paused = isinstance(value, HumanFeedbackPending)
    return _reported(claim, service, Resumed(Ending.PAUSED_AGAIN if paused else Ending.SUCCEEDED, value))


def hand_over(
    claim: Claim,
    *,
    flow_class: type[Any] | None,
    persistence: ResumingPersistence,
    check: Callable[[], None] = lambda: None,
    serves_scripts: bool = False,
    learn_from_replies: bool = False,
    factory: Factory | None = None,
) -> Any:
    """Restore the flow, settle the outcome and let crewAI go on; returns what the flow returns.

    Raises:
        ResumeError: the answer cannot be handed over; nothing of the flow ran.
        ClaimLost: the resume is somebody else's; nothing of the flow ran.
        Exception: whatever the flow's own methods raise.
    """
    flow_class = _paused_class(claim, flow_class, serves_scripts=serves_scripts)
    method = _reviewed_method(claim, flow_class)
    text = text_of(claim.answer)
    flow = _restored_flow(claim, flow_class, persistence, factory)
    context = flow.pending_feedback
    assert context is not None
    context.metadata = {**context.metadata, METADATA_KEY: _about_answer(claim)}
    llm = _own_llm(method, context)
    outcome: str | None = None
    if context.emit:
        outcome = settled_outcome(claim.answer, context.emit, llm)
    _require_fit(claim, flow_class, method, outcome, context.emit, persistence)
    if outcome is not None:
        # With one option left, every fallback of every crewAI version lands on it.
        context.emit = [outcome]
        context.default_outcome = outcome
        if require_crewai() < RESUME_LLM_COUNTS_FROM:
            _shadow_collapse(flow, outcome)
    teacher = usable_llm(llm, context.emit or ()) if learn_from_replies and _learns(method) else None
    # A mutable field that crewAI types as a model's name or settings, and passes on to whatever calls an LLM.
    context.llm = DecidedOutcome.of(outcome or "", teacher=teacher)  # type: ignore[assignment]

    def nothing_ran_yet() -> None:
        check()
        recorded = flow.last_human_feedback
        if outcome is not None and (recorded is None or recorded.outcome != outcome):
            raise OutcomeUndecided(
                f"crewAI made {getattr(recorded, 'outcome', None)!r} of the decided outcome {outcome!r}; stopped "
                "before any listener ran."
            )

    persistence.runs(_name_for(claim, type(flow), serves_scripts=serves_scripts), outcome)
    persistence.before_listeners(nothing_ran_yet)
    emit_received(flow, claim.method_name, text, outcome, claim.request_id)
    return returned(flow, flow.resume(text))


def _paused_class(claim: Claim, flow_class: type[Any] | None, *, serves_scripts: bool) -> type[Any]:
    """The given class, which is the one that paused."""
    if flow_class is None:
        raise FlowNotFound(
            f"This worker has no flow class {claim.flow_class}. "
            "Start the worker with the module that defines it: nodback worker package.module"
        )
    if (runs := _name_for(claim, flow_class, serves_scripts=serves_scripts)) != claim.flow_class:
        raise WrongFlow(
            f"This worker would run {runs}, but {claim.flow_class} is the flow that paused, so nothing ran. "
            f"Start a worker that serves {claim.flow_class}, then retry this resume."
        )
    return flow_class


def _name_for(claim: Claim, flow_class: type[Any], *, serves_scripts: bool) -> str:
    """The name of a class that would run: the one that it has in a script only where that was allowed and asked for."""
    script = script_name(flow_class)
    return script if serves_scripts and claim.flow_class == script else qualified_name(flow_class)


def _reviewed_method(claim: Claim, flow_class: type[Any]) -> Any:
    method = getattr(flow_class, claim.method_name, None)
    if not callable(method) or getattr(method, "__human_feedback_config__", None) is None:
        raise FlowNotFound(
            f"{flow_class.__qualname__} has no @human_feedback method {claim.method_name!r} any more. "
            "Deploy a version that has it, then retry this resume."
        )
    return method


def _restored_flow(
    claim: Claim, flow_class: type[Any], persistence: ResumingPersistence, factory: Factory | None
) -> Flow[Any]:
    """The flow as it paused, with all of its state."""
    arguments = arguments_for(flow_class, factory)
    try:
        flow: Flow[Any] = flow_class.from_pending(claim.flow_id, persistence, **arguments)
    except NodbackError:
        raise
    except Exception as error:
        raise FlowNotRestored(
            f"{flow_class.__qualname__} could not be made again: {type(error).__name__}: {error}. "
            f"Deploy a version that can be, then retry this resume."
        ) from error
    stored = persistence.stored_state
    gone = dropped(stored, state_of(flow))
    if gone:
        raise FlowChanged(
            f"The state of {flow_class.__qualname__} has changed since it paused, and would lose {', '.join(gone)}. "
            "Deploy a version that has these fields, then retry this resume."
        )
    return flow


def _require_fit(
    claim: Claim,
    flow_class: type[Any],
    method: Any,
    outcome: str | None,
    asked: Sequence[str] | None,
    persistence: ResumingPersistence,
) -> None:
    """Whether the code of today hears the answer: crewAI itself would end the flow in silence."""
    where = f"{flow_class.__qualname__}.{claim.method_name}"
    options = method.__human_feedback_config__.emit
    if outcome is not None and outcome not in (options or ()):
        now = f"its options are {list(options)!r} now" if options else "it has no options now"
        raise FlowChanged(
            f"The outcome {outcome!r} is no option of {where} any more; {now}. "
            "Deploy a version that has it, then retry this resume."
        )
    if not asked and options:
        raise FlowChanged(
            f"The reviewer was asked without options, and {where} has {list(options)!r} now. "
            "Deploy a version without them, then retry this resume."
        )
    event = claim.method_name if outcome is None else outcome
    before = persistence.heard_by(event)
    if before and not listeners_of(flow_class, event):
        raise FlowChanged(
            f"Nothing in {flow_class.__qualname__} listens to {event!r} any more; when it paused, {', '.join(before)} "
            "did. Deploy a version that listens to it, then retry this resume."
        )


def _own_llm(method: Any, context: PendingFeedbackContext) -> Any:
    # The live object of the decorator knows its key and class; the one in the snapshot only its name and settings.
    live = method.__human_feedback_config__.llm
    return live if live is not None else context.llm


def _learns(method: Any) -> bool:
    return learns(method.__human_feedback_config__)


def _shadow_collapse(flow: Any, outcome: str) -> None:
    object.__setattr__(flow, "_collapse_to_outcome", lambda *_args, **_kwargs: outcome)


def _about_answer(claim: Claim) -> dict[str, Any]:
    return {
        "request_id": claim.request_id,
        "number": claim.number,
        "responder": claim.answer.responder,
        "source": claim.answer.source,
        "responded_at": claim.answer.responded_at,
        "reply_text": claim.answer.reply_text,
    }


def _failed(error: BaseException, *, consumed: bool) -> Resumed:
    text = f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARACTERS]
    # Before `consumed` nothing of the flow ran. When we cannot know whether the service took that step, or were
    # stopped from outside, the lease decides: another worker takes over, or the service calls it failed.
    if not consumed and (isinstance(error, (ClaimLost, ServiceError)) or not isinstance(error, Exception)):
        return Resumed(Ending.LEFT, error=text)
    return Resumed(Ending.FAILED, error=text)


def _reported(claim: Claim, service: ReviewService, resumed: Resumed) -> Resumed:
    try:
        service.result(
            claim.request_id, claim.claim_id, succeeded=resumed.ending is not Ending.FAILED, error=resumed.error
        )
    except ServiceError as error:
        logger.warning(
            "The flow of request %s has %s, but the service could not be told: %s",
            claim.request_id,
            resumed.ending,
            error,
        )
        return Resumed(Ending.LEFT, resumed.value, f"{resumed.ending}, but not recorded: {error}")
    return resumed
