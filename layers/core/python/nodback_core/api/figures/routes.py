"""The route of figures: how many, how fast, by whom, in time or not."""

from datetime import date, timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from nodback_core.api.deployments.deployments import DeploymentId
from nodback_core.api.shared.context import caller_of
from nodback_core.api.shared.models import Outgoing
from nodback_core.domain.figures.tallies import DECIDED_AT_HOUR, OPENED_AT_HOUR, OUTCOME, SOURCE, Figures
from nodback_core.domain.shared.days import check_days
from nodback_core.runtime.service import get_service
from nodback_core.usecases.figures.metrics import GroupBy, read_metrics

DEFAULT_DAYS = 30
MEDIAN, NINETY_PERCENT = 0.5, 0.9

router = Router()


class ResponseTimes(Outgoing):
    """Of people, in seconds; median and p90 are within 4.8 %."""

    count: int
    average_seconds: float | None
    median_seconds: float | None
    p90_seconds: float | None


class SlaView(Outgoing):
    """Of the answered requests that had a target."""

    met: int
    breached: int
    share: float | None


class FiguresView(Outgoing):
    opened: int
    responded: int
    cancelled: int
    superseded: int
    outcomes: dict[str, int]
    sources: dict[str, int]
    opened_by_hour: dict[str, int]
    responded_by_hour: dict[str, int]
    response_times: ResponseTimes
    sla: SlaView
    auto_response_share: float | None


class GroupView(FiguresView):
    name: str


class MetricsView(Outgoing):
    """Days and hours are UTC; `group_by=hour|source|outcome` counts only."""

    deployment_id: int
    first: str = Field(alias="from")
    last: str = Field(alias="to")
    group_by: str | None
    total: FiguresView
    groups: list[GroupView]


@router.get(
    "/v1/deployments/<deployment_id>/metrics",
    tags=["metrics"],
    summary="Read the figures: volume, response times, shares",
)
def read(
    deployment_id: DeploymentId,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
    group_by: Annotated[GroupBy | None, Query()] = None,
) -> MetricsView:
    check_days(first, last)
    service = get_service()
    until = last or service.now().date()
    found = read_metrics(
        deployment_id,
        first=first or until - timedelta(days=DEFAULT_DAYS - 1),
        last=until,
        group_by=group_by,
        caller=caller_of(router),
        store=service.store,
    )
    groups = [GroupView.model_validate({"name": g.name, **_figures(g.figures)}) for g in found.groups]
    return MetricsView.model_validate(
        {
            "deployment_id": deployment_id,
            "from": found.first.isoformat(),
            "to": found.last.isoformat(),
            "group_by": group_by,
            "total": FiguresView.model_validate(_figures(found.total)),
            "groups": groups,
        }
    )


def _figures(figures: Figures) -> dict[str, object]:
    times = figures.times
    return {
        "opened": figures.opened,
        "responded": figures.responded,
        "cancelled": figures.cancelled,
        "superseded": figures.superseded,
        "outcomes": figures.by(OUTCOME),
        "sources": figures.by(SOURCE),
        "opened_by_hour": figures.by(OPENED_AT_HOUR),
        "responded_by_hour": figures.by(DECIDED_AT_HOUR),
        "response_times": ResponseTimes(
            count=times.count,
            average_seconds=_seconds(times.average_ms),
            median_seconds=_seconds(times.quantile(MEDIAN)),
            p90_seconds=_seconds(times.quantile(NINETY_PERCENT)),
        ),
        "sla": SlaView(met=figures.sla_met, breached=figures.sla_breached, share=figures.sla_share),
        "auto_response_share": figures.auto_share,
    }


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
