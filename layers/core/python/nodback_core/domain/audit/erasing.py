"""Erasing the texts of a request when nothing needs them any more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nodback_core.domain.audit.happenings import TextsErased
from nodback_core.domain.flows.flow import Flow, FlowState
from nodback_core.domain.reviews.contents import Content, ContentKey
from nodback_core.domain.reviews.requests import Request, ResumeStatus, Status
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import Refused
from nodback_core.domain.shared.outcomes import Change, Outcome

UNFINISHED = (ResumeStatus.READY, ResumeStatus.CLAIMED, ResumeStatus.CONSUMED)


@dataclass(frozen=True, slots=True)
class SavedState:
    """What a flow saved between its methods, and the newest of its requests."""

    flow: Flow
    state: FlowState
    newest: Request | None

    def is_needed_after(self, request: Request) -> bool:
        """Whether another request of the flow will still load it."""
        if self.newest is None or self.newest.request_id == request.request_id:
            return False
        return self.newest.status is Status.PENDING or self.newest.resume.status in UNFINISHED


def erase(
    request: Request,
    key: ContentKey,
    contents: Sequence[Content],
    saved: SavedState | None,
    *,
    by: Actor,
    even_unfinished: bool,
    now: datetime,
) -> Outcome:
    """The outcome that erases the texts of a request, their key, and the saved state of its flow if nothing needs it.

    Raises Refused `request_pending`, and `resume_not_finished` unless `even_unfinished`.
    """
    _check(request, even_unfinished)
    # What a worker said of its failure may quote the texts.
    silent = replace(request, resume=replace(request.resume, error=None))
    erased = TextsErased(by=by, contents=[content.name for content in contents])
    gone = replace(key, wrapped=b"", erased_at=now)
    if saved is None or saved.is_needed_after(request):
        return Outcome((Change(silent, (erased,)),), (gone,), tuple(contents))
    # The flow is written too, so that no pause slips in.
    return Outcome((Change(silent, (erased,)),), (gone, saved.flow), (*contents, saved.state))


def _check(request: Request, even_unfinished: bool) -> None:
    if request.status is Status.PENDING:
        raise Refused("this request is still pending: answer or cancel it first", code="request_pending")
    if request.resume.status in UNFINISHED and not even_unfinished:
        raise Refused(
            f"the resume of this request is {request.resume.status}: the flow needs the texts to go on; "
            "wait, or erase with force=true",
            code="resume_not_finished",
        )
