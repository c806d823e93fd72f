"""A flow pauses: one call opens the request and stores what the flow needs to go on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.flows.flow import Flow, check_flow_id
from nodback_core.domain.reviews.contents import ContentKey
from nodback_core.domain.reviews.opening import Pause, check_options, check_same, open_review
from nodback_core.domain.reviews.requests import Request, Status
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.errors import NotFound
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Record, Rows
from nodback_core.ports import Storage
from nodback_core.usecases.deployments.register import settings_of
from nodback_core.usecases.shared.change import change
from nodback_core.usecases.shared.contents import owner_of


@dataclass(frozen=True, slots=True)
class OpenedPause:
    """The request that now waits; `replayed` when this very pause had been sent before."""

    request: Request
    superseded: str | None
    replayed: bool


def open_request(pause: Pause, *, deployment_id: int, actor: Actor, storage: Storage, now: datetime) -> OpenedPause:
    """Open the request, supersede the flow's pending one, and write all of it in one transaction.

    Raises InvalidInput (options, default outcome), Refused `request_id_reused` (the id with another body) and NotFound
    (no such deployment).
    """
    check_options(pause.emit, pause.default_outcome)
    check_flow_id(pause.flow_id)
    row, flow_row = Request.at(pause.request_id), Flow.at(deployment_id, pause.flow_id)
    superseded: str | None = None
    is_replay = False

    @cache
    def key() -> ContentKey:
        return ContentKey(pause.request_id, storage.vault.create(owner_of(pause.request_id)).wrapped)

    def asked_before(rows: Rows) -> Iterable[Record]:
        """The flow's newest request, unless this pause had been sent before."""
        flow = rows[flow_row]
        return (
            () if flow is None or rows[row] is not None else storage.store.fetch(Request.at(flow.newest)).found.values()
        )

    def decide(rows: Rows) -> Outcome | None:
        nonlocal superseded, is_replay
        superseded, is_replay = None, False
        known, deployment, flow = rows[row], rows[Deployment.at(deployment_id)], rows[flow_row]
        if known is not None:
            check_same(known, pause, deployment_id)
            is_replay = True
            return None
        if deployment is None:
            raise NotFound(f"there is no deployment {deployment_id}")
        older = None if flow is None else rows[Request.at(flow.newest)]
        settings = settings_of(deployment)
        superseded = older.request_id if older is not None and older.status is Status.PENDING else None
        return open_review(pause, deployment, settings, key(), flow=flow, older=older, by=actor, now=now)

    rows = change(
        decide,
        Deployment.at(deployment_id),
        flow_row,
        row,
        on=storage,
        now=now,
        more=asked_before,
    )
    request = rows[row]
    assert request is not None
    return OpenedPause(request, superseded, is_replay)
