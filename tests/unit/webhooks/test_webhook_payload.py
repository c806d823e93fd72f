"""Bodies: those of crewAI's platform to the letter, additions only where they are allowed, nothing that breaks JSON."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodback_core.domain.webhooks.events import (
    ANSWERABLE_EVENTS,
    OPT_IN_EVENTS,
    EventType,
    Handed,
    NewRequest,
    RequestAnswered,
    RequestCancelled,
    Resumed,
    TargetMissed,
    TestSent,
    event_id,
    utc_text,
)
from nodback_core.domain.webhooks.payload import MAX_INLINE_BYTES, DeploymentContent, RequestContent, webhook_body

AT = datetime(2026, 1, 14, 12, 0, 0, tzinfo=UTC)
CALLBACK = "https://nodback.example.com/v1/callbacks/token"
REQUEST = RequestContent(
    request_id="550e8400-e29b-41d4-a716-446655440000",
    flow_id="flow_abc123",
    method_name="review_article",
    message="Please review this article for publication.",
    emit_options=("approved", "rejected", "request_changes"),
    state={"article_id": 12345, "author": "john@example.com", "category": "technology"},
    metadata={},
    created_at=AT,
    output="The article.",
    default_outcome=None,
    url="https://nodback.example.com/v1/requests/550e8400-e29b-41d4-a716-446655440000",
)
DEPLOYMENT = DeploymentContent(deployment_id=456, name="Content Review Flow", organization_id=789)

REFERENCE_BODY = """
{
"event": "new_request",
"request": {
"id": "550e8400-e29b-41d4-a716-446655440000",
"flow_id": "flow_abc123",
"method_name": "review_article",
"message": "Please review this article for publication.",
"emit_options": ["approved", "rejected", "request_changes"],
"state": {
"article_id": 12345,
"author": "john@example.com",
"category": "technology"
},
"metadata": {},
"created_at": "2026-01-14T12:00:00Z"
},
"deployment": {
"id": 456,
"name": "Content Review Flow",
"organization_id": 789
},
"callback_url": "https://nodback.example.com/v1/callbacks/token",
"assigned_to_email": "reviewer@company.com"
}
"""

EVENTS = [
    NewRequest(),
    TestSent(),
    RequestAnswered(
        EventType.REQUEST_RESPONDED, "approved", "approved", "approved", "a@example.com", "email", None, AT
    ),
    RequestAnswered(EventType.REQUEST_AUTO_RESPONDED, "rejected", "rejected", "", "auto", "auto", None, AT),
    Handed(EventType.REQUEST_ESCALATED, 2, "a@example.com", "b@example.com", AT),
    Handed(EventType.REQUEST_REASSIGNED, 2, "a@example.com", "b@example.com", AT),
    RequestCancelled("a@example.com", "not needed", AT),
    Resumed(EventType.RESUME_SUCCEEDED, 1, None, AT),
    Resumed(EventType.RESUME_FAILED, 2, "ValueError", AT),
    TargetMissed(30, AT),
]


def body_of(event=None, *, request=REQUEST, callback_url=CALLBACK) -> bytes:
    return webhook_body(
        event or NewRequest(),
        request=request,
        deployment=DEPLOYMENT,
        callback_url=callback_url,
        assigned_to_email="reviewer@company.com",
    )


def ordered(text: str | bytes) -> list[tuple[str, object]]:
    return json.loads(text, object_pairs_hook=lambda pairs: pairs)


def test_new_request_is_the_references_body_in_its_order_with_the_two_allowed_additions() -> None:
    ours = ordered(body_of())
    request = dict(ours)["request"]
    assert request[-2:] == [("output", "The article."), ("default_outcome", None)]
    del request[-2:]
    assert ours == ordered(REFERENCE_BODY)


def test_the_body_is_one_compact_line_of_ascii() -> None:
    body = body_of(request=replace(REQUEST, message="Grüße 审查 \ud800 \u2028"))
    assert body.isascii()
    assert b"\n" not in body
    assert b'": ' not in body
    assert json.loads(body)["request"]["message"] == "Grüße 审查 \ud800 \u2028"


def test_a_request_without_options_has_an_empty_list() -> None:
    assert json.loads(body_of(request=replace(REQUEST, emit_options=())))["request"]["emit_options"] == []


def test_moments_are_utc_with_a_z_whatever_their_zone() -> None:
    elsewhere = datetime(2026, 1, 14, 14, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert utc_text(elsewhere) == "2026-01-14T12:00:00Z"
    with pytest.raises(ValueError, match="zone"):
        utc_text(AT.replace(tzinfo=None))


def state_of_size(size: int) -> dict[str, str]:
    return {"text": "x" * (size - len('{"text":""}'))}


def test_a_state_of_exactly_256_kib_is_inline_and_one_byte_more_is_referred_to() -> None:
    inline = json.loads(body_of(request=replace(REQUEST, state=state_of_size(MAX_INLINE_BYTES))))["request"]
    assert len(inline["state"]["text"]) > 260_000
    assert "state_reference" not in inline

    referred = json.loads(body_of(request=replace(REQUEST, state=state_of_size(MAX_INLINE_BYTES + 1))))["request"]
    assert referred["state"] == {}
    assert referred["state_reference"] == {"url": REQUEST.url, "bytes": MAX_INLINE_BYTES + 1}


def test_a_large_output_is_referred_to_as_well() -> None:
    request = json.loads(body_of(request=replace(REQUEST, output="x" * MAX_INLINE_BYTES)))["request"]
    assert request["output"] is None
    assert request["output_reference"] == {"url": REQUEST.url, "bytes": MAX_INLINE_BYTES + 2}
    assert request["state"] == REQUEST.state


def test_numbers_that_json_cannot_write_become_null_and_the_rest_stays() -> None:
    state = {"score": math.nan, "list": [math.inf, 1.5, {"deep": -math.inf}], "text": "NaN"}
    request = json.loads(body_of(request=replace(REQUEST, state=state)), parse_constant=pytest.fail)["request"]
    assert request["state"] == {"score": None, "list": [None, 1.5, {"deep": None}], "text": "NaN"}


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.type.value)
def test_every_event_has_the_common_body_and_at_most_one_object_of_its_own(event) -> None:
    body = json.loads(body_of(event))
    assert body["event"] == event.type
    assert list(body)[:5] == ["event", "request", "deployment", "callback_url", "assigned_to_email"]
    assert body["request"] == json.loads(body_of())["request"]
    assert (body["callback_url"] is not None) is (event.type in ANSWERABLE_EVENTS)
    own = list(body)[5:]
    assert own == ([] if event.detail is None else [event.detail[0]])


def test_every_event_type_can_be_built_and_only_new_request_needs_no_asking() -> None:
    assert {event.type for event in EVENTS} == set(EventType) - {EventType.RESUME_READY}
    assert set(EventType) - OPT_IN_EVENTS == {EventType.NEW_REQUEST, EventType.RESUME_READY, EventType.TEST}


def test_what_happened_is_told_in_the_object_of_the_event() -> None:
    by_type = {event.type: json.loads(body_of(event)) for event in EVENTS}
    assert by_type["request_responded"]["response"] == {
        "outcome": "approved",
        "feedback": "approved",
        "reply_text": "approved",
        "responder": "a@example.com",
        "source": "email",
        "source_claim": None,
        "responded_at": "2026-01-14T12:00:00Z",
    }
    assert by_type["request_escalated"]["assignment"]["to_email"] == "b@example.com"
    assert by_type["request_cancelled"]["cancellation"]["reason"] == "not needed"
    assert by_type["resume_succeeded"]["resume"]["status"] == "succeeded"
    assert "outcome" not in by_type["resume_succeeded"]["resume"]
    settled = Resumed(EventType.RESUME_SUCCEEDED, 1, None, AT, outcome="approved")
    assert json.loads(body_of(settled))["resume"]["outcome"] == "approved"
    assert by_type["resume_failed"]["resume"] == {
        "status": "failed",
        "attempt": 2,
        "error": "ValueError",
        "finished_at": "2026-01-14T12:00:00Z",
    }
    assert by_type["sla_breached"]["sla"] == {"minutes": 30, "due_at": "2026-01-14T12:00:00Z"}


def test_an_event_id_names_request_and_entry_and_has_no_full_stop() -> None:
    assert event_id(REQUEST.request_id, 3) == "evt_550e8400e29b41d4a716446655440000_3"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200)
@given(state=st.dictionaries(st.text(), json_values, max_size=4), output=json_values, message=st.text())
def test_any_state_output_and_message_give_strict_json_with_the_references_keys(state, output, message) -> None:
    body = body_of(request=replace(REQUEST, state=state, output=output, message=message))
    parsed = json.loads(body.decode("ascii"), parse_constant=pytest.fail)
    assert parsed["request"]["message"] == message
    assert list(parsed["request"])[:8] == [name for name, _ in dict(ordered(REFERENCE_BODY))["request"]]
