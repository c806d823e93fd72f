"""Our end of crewAI's feedback seam: prepares a pause and refuses what could never be answered.

crewAI calls the provider BEFORE it has saved anything, so nothing may leave the process here: a reviewer who answered
at once would find nothing to go on with. The commit is `persistence.NodbackPersistence.save_pending_feedback`.
"""

import copy
import logging
import threading
import uuid
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from crewai.flow.async_feedback import HumanFeedbackPending, PendingFeedbackContext
from crewai.flow.flow import Flow

from nodback.differences import default_persistence, persistence_of_flow, state_of
from nodback.errors import FlowRefused
from nodback.listening import listeners_of, starts_of
from nodback.loops import current_run
from nodback.names import is_script, qualified_name
from nodback.options import option_problems
from nodback.persistence import METADATA_KEY, NodbackPersistence
from nodback.roundtrip import check_state
from nodback.version import PRODUCT

logger = logging.getLogger(__name__)


class NodbackProvider:
    """Pauses every `@human_feedback` method for an answer through Nodback.

    Args:
        new_id: makes the id of a request; a test may pass its own.
    """

    def __init__(self, *, new_id: Callable[[], uuid.UUID] = uuid.uuid4) -> None:
        self._new_id = new_id
        self._lock = threading.Lock()
        self._preparing: dict[int, tuple[weakref.ref[Any], str, str]] = {}

    def request_feedback(self, context: PendingFeedbackContext, flow: "Flow[Any]") -> str:
        """Prepare one pause; crewAI then commits it through the persistence.

        Raises:
            HumanFeedbackPending: always, when the pause can be answered.
            FlowRefused: the reason, and what to change in the flow.
        """
        persistence = persistence_of(flow)
        check_pause(context, flow)
        # crewAI leaves out the classes around a class, and calls the module of `python -m` by no name of its own.
        context.flow_class = qualified_name(type(flow))
        if is_script(type(flow)):
            logger.warning(
                "%s was started as a script, so its answer waits for a worker that serves scripts: "
                "`nodback worker package.module --main`. Start it with `python -m package.module`, and any worker of "
                "that module takes it.",
                context.flow_class,
            )
        request_id = str(self._new_id())
        self._warn_of_parallel_pause(flow, context.method_name)
        # The context's metadata is the decorator's own dict: what is written into it would leak into every later run.
        context.metadata = own_metadata(context, flow) | {
            METADATA_KEY: {
                "request_id": request_id,
                "history": [*persistence.methods_before(flow), context.method_name],
                "heard_by": {
                    event: listeners_of(type(flow), event) for event in context.emit or [str(context.method_name)]
                },
            }
        }
        persistence.remember(request_id, flow)
        raise HumanFeedbackPending(context=context, callback_info={"request_id": request_id})

    def _warn_of_parallel_pause(self, flow: Any, method_name: str) -> None:
        outputs = len(getattr(flow, "_method_outputs", ()))
        flow_id = flow.flow_id
        state = f"{flow_id}/{outputs}"
        with self._lock:
            for key in [key for key, (reference, _, _) in self._preparing.items() if reference() is None]:
                del self._preparing[key]
            previous = self._preparing.get(id(flow))
            self._preparing[id(flow)] = (weakref.ref(flow), state, method_name)
        if previous and previous[0]() is flow and previous[1] == state and previous[2] != method_name:
            logger.warning(
                "Flow %s pauses at %s and at %s at the same time, and crewAI keeps only one pause: "
                "only one of the two reviews is opened. Put them one after the other.",
                flow_id,
                previous[2],
                method_name,
            )


def persistence_of(flow: Any) -> NodbackPersistence:
    """The persistence that will commit this flow's pause, which must be ours.

    Raises:
        FlowRefused: the flow brings its own, so its pause would never reach Nodback.
    """
    persistence = persistence_of_flow(flow)
    if persistence is None:
        persistence = default_persistence()
    if not isinstance(persistence, NodbackPersistence):
        raise FlowRefused(
            f"Flow {type(flow).__name__} keeps its state in {type(persistence).__name__}, so its pause would be saved "
            "there and no reviewer would be asked. Remove persistence=... and the argument of @persist, and call "
            "nodback.enable() before the class is defined: @persist chooses its persistence at that moment."
        )
    return persistence


def own_metadata(context: PendingFeedbackContext, flow: Any) -> dict[str, Any]:
    """A copy of the decorator's metadata, whole.

    From crewAI 1.15 on one value that is no JSON turns the whole into the name of its class, `{"ref": …}`.
    """
    config = getattr(getattr(type(flow), context.method_name, None), "__human_feedback_config__", None)
    metadata = dict((context.metadata if config is None else config.metadata) or {})
    try:
        return copy.deepcopy(metadata)
    except Exception:  # noqa: BLE001 - a value that cannot be copied, such as a lock, is shared
        return metadata


def check_pause(context: PendingFeedbackContext, flow: Any) -> None:
    """Refuse a pause that could not be answered or resumed safely.

    Raises:
        FlowRefused: the first reason that was found.
    """
    where = f"{type(flow).__name__}.{context.method_name}"
    if not context.flow_id or context.flow_id == "unknown":
        raise FlowRefused(
            f"{where}: the flow's state has no id, so nobody could find the flow again. Give the state a field `id`; "
            "crewAI's FlowState has one."
        )
    if type(flow) is Flow:
        raise FlowRefused(
            f"{where}: a flow that was built from a declaration cannot be built again by a worker. Write a Flow class."
        )
    if METADATA_KEY in own_metadata(context, flow):
        raise FlowRefused(f"{where}: the metadata key {METADATA_KEY!r} belongs to {PRODUCT}; rename yours.")
    run = current_run()
    if run is not None and run.inside is not None and run.flow is flow:
        parent, method = run.inside
        raise FlowRefused(
            f"{where}: this flow was started inside of {type(parent).__qualname__}.{method}, which would take the "
            "pause for its result and run on to its end. Put the review into "
            f"{type(parent).__qualname__}, or start {type(flow).__qualname__} on its own, outside of a flow's method."
        )
    check_options(where, context.emit, context.default_outcome)
    for event in context.emit or [str(context.method_name)]:
        started = starts_of(type(flow), event)
        if started and not listeners_of(type(flow), event):
            raise FlowRefused(
                f"{where}: {event!r} is heard by @start({event!r}) of {started[0]} alone, and crewAI does not run that "
                f"when an answer comes, in another process. Write @listen({event!r}) there."
            )
    check_state(where, state_of(flow))


def check_options(where: str, emit: Sequence[str] | None, default_outcome: str | None) -> None:
    """Refuse options between which nobody could choose.

    Raises:
        FlowRefused: options that are blank or cannot be told apart, or a default that is none of them.
    """
    options = list(emit or ())
    if any(not isinstance(option, str) for option in options):
        raise FlowRefused(f"{where}: every option of emit must be a text: {options!r}.")
    for position, problem in option_problems(options):
        raise FlowRefused(f"{where}: emit.{position}: {problem}.")
    if default_outcome is not None and default_outcome not in options:
        raise FlowRefused(f"{where}: default_outcome {default_outcome!r} is none of the emit options {options!r}.")
