"""crewAI's own events about human feedback, which no provider path emits: for listeners and traces, best effort."""

import logging
from typing import Any

from crewai.events.event_bus import crewai_event_bus
from crewai.events.types.flow_events import HumanFeedbackReceivedEvent, HumanFeedbackRequestedEvent
from crewai.flow.async_feedback.types import PendingFeedbackContext

logger = logging.getLogger(__name__)


def emit_requested(flow: Any, context: PendingFeedbackContext, request_id: str) -> None:
    """Say that a review is open; called after the commit, since nothing may announce a pause that failed."""
    try:
        crewai_event_bus.emit(
            flow,
            HumanFeedbackRequestedEvent(
                flow_name=flow.name or type(flow).__name__,
                method_name=str(context.method_name),
                output=context.method_output,
                message=context.message,
                emit=context.emit,
                request_id=request_id,
            ),
        )
    except Exception:  # a listener's trouble must not undo a committed pause
        logger.warning("HumanFeedbackRequestedEvent of request %s was not emitted", request_id, exc_info=True)


def emit_received(flow: Any, method_name: str, feedback: str, outcome: str | None, request_id: str) -> None:
    """Say that the reviewer's answer is about to be handed to the flow."""
    try:
        crewai_event_bus.emit(
            flow,
            HumanFeedbackReceivedEvent(
                flow_name=flow.name or type(flow).__name__,
                method_name=method_name,
                feedback=feedback,
                outcome=outcome,
                request_id=request_id,
            ),
        )
    except Exception:  # a listener's trouble must not cost the flow its answer
        logger.warning("HumanFeedbackReceivedEvent of request %s was not emitted", request_id, exc_info=True)
