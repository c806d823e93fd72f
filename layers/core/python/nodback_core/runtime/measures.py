"""What is counted, as CloudWatch metrics in the embedded metric format: a log line each, no call."""

from collections.abc import Sequence

from nodback_core.domain.figures.facts import Fact, Kind
from nodback_core.runtime.logs import metrics


def emit(facts: Sequence[Fact]) -> None:
    """One line with the numbers of these facts; no line for none."""
    if not facts:
        return
    from aws_lambda_powertools.metrics import MetricUnit

    measured = metrics()
    for fact in facts:
        if fact.kind is Kind.OPENED:
            measured.add_metric(name="RequestsOpened", unit=MetricUnit.Count, value=1)
            continue
        if fact.kind is Kind.SETTLED:
            continue
        measured.add_metric(name=f"Requests{fact.status.capitalize()}", unit=MetricUnit.Count, value=1)
        if fact.source is not None:
            measured.add_metric(name=f"AnswersBy{fact.source.capitalize()}", unit=MetricUnit.Count, value=1)
        if fact.is_by_a_person:
            measured.add_metric(name="ResponseTime", unit=MetricUnit.Milliseconds, value=fact.milliseconds)
        if fact.sla is not None:
            measured.add_metric(name=f"Sla{fact.sla.capitalize()}", unit=MetricUnit.Count, value=1)
    measured.flush_metrics()
