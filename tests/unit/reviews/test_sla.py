"""The SLA of a request: running, then met or breached for good."""

from datetime import UTC, datetime, timedelta

from nodback_core.domain.reviews.sla import SlaState, due_at, state

OPENED = datetime(2026, 11, 22, 10, tzinfo=UTC)
DUE = OPENED + timedelta(minutes=30)
SOON = timedelta(milliseconds=1)


def test_the_target_counts_from_the_opening():
    assert due_at(OPENED, 30 * 60_000) == DUE


def test_without_a_target_there_is_no_state():
    assert due_at(OPENED, None) is None
    assert state(None, closed_at=None, now=OPENED) is None


def test_a_pending_request_runs_until_its_due_moment_and_is_breached_from_then_on():
    assert state(DUE, closed_at=None, now=DUE - SOON) is SlaState.RUNNING
    assert state(DUE, closed_at=None, now=DUE) is SlaState.BREACHED


def test_a_closed_request_keeps_its_state():
    later = DUE + timedelta(days=1)
    assert state(DUE, closed_at=DUE - SOON, now=later) is SlaState.MET
    assert state(DUE, closed_at=DUE, now=later) is SlaState.BREACHED
