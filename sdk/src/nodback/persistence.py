"""Flows kept by Nodback: crewAI's persistence over the service.

`save_pending_feedback` is the only commit of a pause. It is ONE call that opens the request and stores the snapshot,
so that either both exist or neither does.
"""

import functools
import logging
import threading
import weakref
from collections.abc import Mapping
from typing import Any

from crewai.flow.async_feedback.types import PendingFeedbackContext
from pydantic import BaseModel, Field, PrivateAttr

from nodback.differences import FlowPersistence, persistence_of_flow
from nodback.encoding import decode, encode, view
from nodback.errors import NotEnabled, NotPaused, ResumeError, ServiceError, ServiceUnreachable, SnapshotTooLarge
from nodback.events import emit_requested
from nodback.loops import current_run, in_loop
from nodback.reviews import OpenRequest, ReviewService
from nodback.snapshot import Snapshot, check_size
from nodback.version import PRODUCT

logger = logging.getLogger(__name__)

METADATA_KEY = "nodback"
# A flow that loops for long keeps its newest steps; the service takes no more.
MAX_HISTORY_METHODS = 1000


class NodbackPersistence(FlowPersistence):
    """Keeps states and pauses in the service.

    Example:
        >>> persistence = NodbackPersistence.over(service)  # doctest: +SKIP
        >>> flow = MyFlow(persistence=persistence)  # what `nodback.enable()` does for every flow  # doctest: +SKIP
    """

    persistence_type: str = Field(default="NodbackPersistence")
    _service: ReviewService | None = PrivateAttr(default=None)
    _flows: dict[str, "weakref.ref[Any]"] = PrivateAttr(default_factory=dict)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @classmethod
    def over(cls, service: ReviewService) -> "NodbackPersistence":
        persistence = cls()
        persistence._service = service
        return persistence

    @property
    def service(self) -> ReviewService:
        if self._service is None:
            raise NotEnabled("This persistence has no service: call nodback.enable() before the flow runs.")
        return self._service

    def init_db(self) -> None:
        """Nothing to prepare: the service has its tables."""

    def save_state(self, flow_uuid: str, method_name: str, state_data: dict[str, Any] | BaseModel) -> None:
        try:
            state = encode(_as_dict(state_data))
        except ValueError as error:
            raise ResumeError(
                f"The state of flow {flow_uuid} after {method_name!r} cannot be stored: {error}"
            ) from error
        self.service.save_state(flow_uuid, method_name, state)

    def load_state(self, flow_uuid: str) -> dict[str, Any] | None:
        run = current_run()
        if run is not None and flow_uuid in run.states:
            return dict(decode(run.states.pop(flow_uuid)))
        state = self.service.load_state(flow_uuid)
        return None if state is None else dict(decode(state))

    def save_pending_feedback(
        self, flow_uuid: str, context: PendingFeedbackContext, state_data: dict[str, Any] | BaseModel
    ) -> None:
        """Open the request and store the snapshot, in one call.

        On an event loop the call is left to the coroutine around it, which makes it in a thread before it returns.

        Raises:
            NotPaused: the service did not take it, so the flow is not waiting.
            SnapshotTooLarge: the flow has more to keep than the service stores.
        """
        ours = context.metadata.get(METADATA_KEY)
        where = f"Flow {context.flow_class} (id {flow_uuid}) is not paused at {context.method_name!r}"
        if not isinstance(ours, dict):
            raise NotPaused(
                f"{where}: another feedback provider asked for this pause. Remove provider=... from its "
                "@human_feedback, or give the flow a persistence of its own."
            )
        request = _request_of(context, ours, _as_dict(state_data))
        commit = functools.partial(self._commit, flow_uuid, context, ours, request, where)
        run = current_run()
        if run is not None and in_loop():
            run.commits.append(commit)
        else:
            commit()

    def _commit(
        self,
        flow_uuid: str,
        context: PendingFeedbackContext,
        ours: dict[str, Any],
        request: OpenRequest,
        where: str,
    ) -> None:
        try:
            check_size(request.snapshot, request.as_json())
            opened = self.service.open_request(request)
        except SnapshotTooLarge as error:
            raise SnapshotTooLarge(f"{where}; nobody was asked and its state was not saved. {error}") from error
        except ServiceUnreachable as error:
            raise NotPaused(
                f"{where}: its state and its review request {request.request_id} could not be saved, because the "
                f"service gave no answer. Run the flow again when the service can be reached. {error}"
            ) from error
        except ServiceError as error:
            raise NotPaused(
                f"{where}: the service refused its review request, so its state was not saved and nobody was asked. "
                f"{error}"
            ) from error
        ours |= {"number": opened.number, "assigned_to_email": opened.assigned_to_email}
        logger.info(
            "Flow %s waits at %s: review %s (request %s) is with %s",
            flow_uuid,
            context.method_name,
            opened.number,
            request.request_id,
            opened.assigned_to_email,
        )
        flow = self._forget(request.request_id)
        if flow is not None:
            emit_requested(flow, context, request.request_id)

    def load_pending_feedback(self, flow_uuid: str) -> tuple[dict[str, Any], PendingFeedbackContext] | None:
        stored = self.service.load_pending(flow_uuid)
        return None if stored is None else restored(Snapshot.from_json(stored))

    def clear_pending_feedback(self, flow_uuid: str) -> None:
        """Refuse: only a claimed resume may go on, or two processes could run the same listeners.

        Raises:
            ResumeError: always; `resume.ResumingPersistence` is what a claimed resume uses.
        """
        raise ResumeError(
            f"Flow {flow_uuid} waits for its answer in {PRODUCT} and is resumed by `nodback worker`; "
            "calling resume() by hand would bypass the review. None of its listeners ran."
        )

    def methods_before(self, flow: Any) -> tuple[str, ...]:
        """The methods that this flow has run so far, in order."""
        return executed_methods(flow)

    def remember(self, request_id: str, flow: Any) -> None:
        """Keep a weak hold of the flow until its pause is committed, for the event that announces it."""
        with self._lock:
            self._flows = {key: known for key, known in self._flows.items() if known() is not None}
            self._flows[request_id] = weakref.ref(flow)

    def _forget(self, request_id: str) -> Any | None:
        with self._lock:
            reference = self._flows.pop(request_id, None)
        return None if reference is None else reference()


def load_state(flow: Any, flow_uuid: str) -> Any:
    """The saved state of a flow id, as crewAI is about to ask this flow's persistence for it.

    Raises:
        KeyError: it will ask another persistence, or none, or there is no such state.
    """
    persistence = persistence_of_flow(flow)
    if not isinstance(persistence, NodbackPersistence) or getattr(flow, "stream", False):
        raise KeyError(flow_uuid)
    state = persistence.service.load_state(flow_uuid)
    if state is None:
        raise KeyError(flow_uuid)
    return state


def restored(snapshot: Snapshot) -> tuple[dict[str, Any], PendingFeedbackContext]:
    """State and pause as crewAI takes them up again."""
    metadata = decode(snapshot.context["metadata"])
    context = PendingFeedbackContext.from_dict({**snapshot.context, "metadata": metadata, "method_output": None})
    context.method_output = snapshot.output
    return dict(snapshot.state), context


def executed_methods(flow: Any) -> tuple[str, ...]:
    """The names of the methods that ran in this process, in order where crewAI keeps it."""
    entries = list(getattr(flow, "_method_outputs", ()))
    names = [entry["method"] for entry in entries if isinstance(entry, dict) and {"method", "output"} <= entry.keys()]
    if len(names) == len(entries) and names:
        return tuple(map(str, names))
    # Older versions keep outputs without names: the order of the class is the best guess then.
    completed = set(map(str, getattr(flow, "_completed_methods", ())))
    return tuple(str(name) for name in getattr(flow, "_methods", ()) if str(name) in completed)


def _request_of(context: PendingFeedbackContext, ours: Mapping[str, Any], state: dict[str, Any]) -> OpenRequest:
    metadata = {key: value for key, value in context.metadata.items() if key != METADATA_KEY}
    history = tuple(ours["history"])[-MAX_HISTORY_METHODS:]
    snapshot = Snapshot(
        state=state,
        context={**context.to_dict(), "metadata": encode(metadata)},
        output=context.method_output,
        history=history,
        heard_by=ours["heard_by"],
    )
    return OpenRequest(
        request_id=ours["request_id"],
        flow_id=context.flow_id,
        flow_name=context.flow_class.rpartition(".")[2],
        flow_class=context.flow_class,
        method_name=str(context.method_name),
        message=context.message,
        output=view(context.method_output),
        emit=None if context.emit is None else tuple(context.emit),
        default_outcome=context.default_outcome,
        metadata=view(metadata),
        state=view(state),
        history=history,
        snapshot=snapshot.as_json(),
    )


def _as_dict(state: dict[str, Any] | BaseModel) -> dict[str, Any]:
    return dict(state) if isinstance(state, dict) else state.model_dump()
