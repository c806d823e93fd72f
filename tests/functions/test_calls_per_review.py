"""What a review costs in AWS calls and state transitions: counted, itemised, and as docs/performance.md says."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from support.aws_world import AwsWorld, Call, aws_world

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
MAIL = "ses SendRawEmail"
ANSWERED = ("the flow pauses", "the reviewer is asked", "the reviewer replies", "the reply is confirmed")
HANDED_ON = ("a worker claims the answer", "the flow has taken it", "the flow went on")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsWorld]:
    with aws_world(monkeypatch) as made:
        yield made


def deployment(world: AwsWorld, **settings: object) -> str:
    """A deployment's flow key."""
    body = {"name": "Reviews", "creator_email": "reviewer@example.com", "settings": settings}
    return world.api("POST", "/v1/deployments", world.install_key, body)["flow_key"]


def pause(world: AwsWorld, key: str) -> str:
    request_id = str(uuid4())
    body = {
        "request_id": request_id,
        "flow_id": f"flow-{request_id}",
        "flow_name": "Flow",
        "flow_class": "m.Flow",
        "method_name": "review",
        "message": "Please review",
        "output": "text",
        "emit": ["approved", "rejected"],
        "snapshot": {"context": {}},
    }
    world.api("POST", "/v1/requests", key, body)
    return request_id


def review(world: AwsWorld, key: str) -> str:
    """One review from its pause to the flow that went on, answered by mail."""
    world.step = "the flow pauses"
    request_id = pause(world, key)
    world.step = "the reviewer is asked"
    world.stream(request_id)
    world.step = "the reviewer replies"
    world.reply("approved")
    world.step = "the reply is confirmed"
    world.stream(request_id)
    world.step = "a worker claims the answer"
    claimed = world.api("POST", "/v1/resumes/claim", key, {"worker": "host:1", "flow_classes": ["m.Flow"]})
    assert claimed["request_id"] == request_id
    world.stream(request_id)
    world.step = "the flow has taken it"
    held = {"claim_id": claimed["claim_id"]}
    world.api("POST", f"/v1/resumes/{request_id}/consumed", key, {**held, "flow_class": "m.Flow"})
    world.stream(request_id)
    world.step = "the flow went on"
    world.api("POST", f"/v1/resumes/{request_id}/result", key, {**held, "status": "succeeded"})
    world.stream(request_id)
    return request_id


def table(calls: list[Call]) -> str:
    """The calls as the page shows them, one line for each step and function."""
    lines = ["| step | function | AWS calls | number |", "|---|---|---|---|"]
    for step in (*ANSWERED, *HANDED_ON):
        for function in dict.fromkeys(c.function for c in calls if c.step == step):
            names = Counter(c.name for c in calls if (c.step, c.function) == (step, function))
            told = ", ".join(name if count == 1 else f"{count} × {name}" for name, count in names.items())
            besides = sum(count for name, count in names.items() if name != MAIL)
            lines.append(f"| {step} | {function} | {told} | {besides} |")
    answered = sum(c.step in ANSWERED and c.name != MAIL for c in calls)
    handed = sum(c.step in HANDED_ON and c.name != MAIL for c in calls)
    lines.append(f"| **until the answer is confirmed** | | besides mail | **{answered}** |")
    lines.append(f"| **until the flow went on** | | besides mail | **{answered + handed}** |")
    return "\n".join(lines)


def test_the_calls_of_a_review_are_those_of_the_page(world: AwsWorld) -> None:
    key = deployment(world)
    review(world, key)
    world.calls.clear()
    request_id = review(world, key)
    found = table(world.calls)
    print(f"\n{found}")
    assert world.transitions == {}, "no deadline, no execution"
    assert [c.name for c in world.calls].count(MAIL) == 2
    assert request_id
    if os.environ.get("NODBACK_WRITE_DOCS"):
        PAGE.write_text(re.sub(r"\| step \|.*?(?=\n\n)", lambda _: found, PAGE.read_text(), count=1, flags=re.DOTALL))
    assert found in PAGE.read_text(), "run this test with NODBACK_WRITE_DOCS=1 and look at the difference"


def test_one_deadline_costs_five_transitions_and_a_handful_of_calls(world: AwsWorld) -> None:
    key = deployment(world, auto_response={"enabled": True, "timeout_minutes": 0.0001, "default_outcome": "rejected"})
    world.step = "open"
    request_id = pause(world, key)
    world.stream(request_id)
    world.calls.clear()
    world.step = "deadline"
    wake_at = world.api("GET", f"/v1/requests/{request_id}", key)["wake_at"]
    world.calls.clear()
    world.run_machine(request_id, wake_at)
    assert world.transitions == {request_id: 5}
    assert [c.name for c in world.calls] == ["dynamodb BatchGetItem", "kms Decrypt", "dynamodb TransactWriteItems"]
    assert world.api("GET", f"/v1/requests/{request_id}", key)["outcome"] == "rejected"


def test_after_an_answer_the_wait_wakes_once_more_reads_once_and_ends(world: AwsWorld) -> None:
    key = deployment(world, auto_response={"enabled": True, "timeout_minutes": 60, "default_outcome": "rejected"})
    request_id = pause(world, key)
    world.stream(request_id)
    world.reply("approved")
    world.calls.clear()
    world.run_machine(request_id, "2026-01-01T00:00:00.000Z")
    assert world.transitions == {request_id: 5}
    assert [c.name for c in world.calls] == ["dynamodb BatchGetItem"]
    assert world.api("GET", f"/v1/requests/{request_id}", key)["outcome"] == "approved"
