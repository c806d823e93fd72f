"""How we are doing: how fast, how much, what is decided, and whether in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from nodback_core.dashboard.charts import Series, Stack, bars, lines, patterns, stacks, swatch
from nodback_core.dashboard.visits import Visit
from nodback_core.dashboard.web import HttpResponse
from nodback_core.dashboard.words import day_words
from nodback_core.domain.figures.tallies import OUTCOME, Figures
from nodback_core.domain.shared.errors import FieldError
from nodback_core.mail.letters.wording import label
from nodback_core.usecases.figures.metrics import Group, GroupBy, Metrics, read_metrics
from nodback_core.usecases.reviews.inbox import managed_deployments

RANGES = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "A year"))
DEFAULT_DAYS = 30
MAX_DAYS = 366
OUTCOMES_SHOWN = 6
METHODS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Table:
    """Response times of one kind of group."""

    title: str
    column: str
    groups: Sequence[Group]


def page(visit: Visit) -> HttpResponse:
    number = visit.http_request.get("deployment")
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None
    choices = managed_deployments(visit.who, store=visit.store, also=wanted)
    chosen = next((d for d in choices if d.deployment_id == wanted), choices[0] if choices and not wanted else None)
    first, last, errors = _days(visit)
    values: dict[str, object] = {
        "choices": choices,
        "chosen": chosen,
        "first": first,
        "last": last,
        "ranges": RANGES,
        "days": (last - first).days + 1,
        "errors": errors,
        "total": None,
    }
    if chosen is None and wanted is not None:
        # Somebody else's deployment is nobody's: the use case says so.
        _read(visit, wanted, first, last, GroupBy.DAY)
    if chosen is not None and not errors:
        values |= _figures(visit, chosen.deployment_id, first, last)
    return visit.page("figures/analytics.html", status=422 if errors else 200, **values)


def _days(visit: Visit) -> tuple[date, date, tuple[FieldError, ...]]:
    """The range that is asked for: two days, or a number of days up to today."""
    today = visit.now.date()
    usual = today - timedelta(days=DEFAULT_DAYS - 1)
    begin, end, days = (visit.http_request.get(name) for name in ("from", "to", "days"))
    try:
        if begin or end:
            last = date.fromisoformat(end) if end else today
            first = date.fromisoformat(begin) if begin else last - timedelta(days=DEFAULT_DAYS - 1)
            if not 0 <= (last - first).days < MAX_DAYS:
                return usual, today, (FieldError("from", "choose a beginning before the end, a year apart at most"),)
            return first, last, ()
        count = int(days) if days else DEFAULT_DAYS
    except (ValueError, OverflowError):
        return usual, today, (FieldError("from", "must be a day such as 2026-11-22"),)
    return today - timedelta(days=min(max(count, 1), MAX_DAYS) - 1), today, ()


def _read(visit: Visit, deployment_id: int, first: date, last: date, group_by: GroupBy) -> Metrics:
    caller = visit.who.within(deployment_id)
    return read_metrics(deployment_id, first=first, last=last, group_by=group_by, caller=caller, store=visit.store)


def _figures(visit: Visit, deployment_id: int, first: date, last: date) -> dict[str, object]:
    by_day, by_reviewer, by_method, by_flow = (
        _read(visit, deployment_id, first, last, kind)
        for kind in (GroupBy.DAY, GroupBy.REVIEWER, GroupBy.METHOD, GroupBy.FLOW)
    )
    total = by_day.total
    days = {group.name: group.figures for group in by_day.groups}
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    shown = [days.get(d.isoformat(), Figures({})) for d in dates]
    labels = [day_words(d) for d in dates]
    times = [figures.times for figures in shown]
    outcomes = [name for name, _ in sorted(total.by(OUTCOME).items(), key=lambda item: -item[1])][:OUTCOMES_SHOWN]
    methods = sorted((g for g in by_method.groups if g.figures.responded), key=lambda g: -g.figures.responded)
    return {
        "total": total,
        "median": _seconds(total.times.quantile(0.5)),
        "p90": _seconds(total.times.quantile(0.9)),
        "average": _seconds(total.times.average_ms),
        "patterns": patterns(),
        "volume": bars(
            "Requests by day",
            labels,
            [Series("asked", [f.opened for f in shown]), Series("answered", [f.responded for f in shown])],
        ),
        "speed": lines(
            "Response times by day",
            labels,
            [
                Series("median", [_seconds(t.quantile(0.5)) for t in times]),
                Series("p90", [_seconds(t.quantile(0.9)) for t in times]),
            ],
        ),
        "decisions": stacks(
            "Decisions by method",
            [
                Stack(label(g.name), [g.figures.by(OUTCOME).get(name, 0) for name in outcomes])
                for g in methods[:METHODS_SHOWN]
            ],
        ),
        "outcomes": [(swatch(place), label(name), name) for place, name in enumerate(outcomes)],
        "methods": methods,
        "outcome_of": lambda figures, name: figures.by(OUTCOME).get(name, 0),
        "rows": [(d, f) for d, f in zip(dates, shown, strict=True) if f.amounts],
        "tables": [
            Table("By reviewer", "Reviewer", by_reviewer.groups),
            Table("By method", "Method", by_method.groups),
            Table("By flow", "Flow", by_flow.groups),
        ],
        "seconds": _seconds,
    }


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
