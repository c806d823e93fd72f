"""Rows for tests of the store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from nodback_core.domain.reviews.requests import Assignment, Request

NOW = datetime(2026, 3, 2, 9, 0, 0, 123000, tzinfo=UTC)


def a_request(number: int = 1, **changes: object) -> Request:
    request = Request(
        request_id=f"00000000-0000-4000-8000-{number:012d}",
        organization_id=1,
        deployment_id=7,
        flow_id="flow-1",
        flow_name="Flow",
        flow_class="m.Flow",
        method_name="review",
        number=number,
        opened_at=NOW + timedelta(seconds=number),
        body_digest="d",
        assignment=Assignment(1, "a@example.com", "a rule"),
        emit=("approved", "rejected"),
    )
    return replace(request, **changes)
