"""What happens while nobody answers, on the embedded stack with deadlines of seconds: real waits, real mails."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import uuid4

import pytest

from flows.crew import Crew
from flows.reviews import (
    actions,
    entries,
    last_number,
    next_review,
    read,
    request_of,
    until,
    until_closed,
    until_resumed,
)
from infra.local.aws import client
from infra.local.house import CREATOR, DEMO_SETTINGS, House
from nodback_core.domain.reviews.deadlines import OVERDUE_EVENT
from nodback_core.domain.shared.entries import check_chain

BOSS = "boss@example.com"
SECOND = 1 / 60
"""In minutes, as settings count."""
LATEST_SECONDS = 10.0
"""How late an auto-response may be recorded on a busy machine; the measured time is printed."""


@dataclass
class Desk:
    """A deployment of its own, whose requests are opened without any flow."""

    house: House
    deployment_id: int
    flow_key: str

    def open(self) -> str:
        request_id = str(uuid4())
        body = {
            "request_id": request_id,
            "flow_id": f"flow-{request_id}",
            "flow_name": "Nobody",
            "flow_class": "m.Nobody",
            "method_name": "approve_invoice",
            "message": "May this be paid?",
            "emit": ["paid", "refused"],
            "snapshot": {},
        }
        answer = self.house.api("POST", "/v1/requests", body, key=self.flow_key)
        assert answer.status_code == 201, answer.text
        return request_id

    def key(self, scope: str) -> str:
        install = self.house.stack.addresses.install_key
        path = f"/v1/deployments/{self.deployment_id}/keys"
        return str(self.house.api("POST", path, {"name": scope, "scope": scope}, key=install).json()["key"])


def desk(house: House, **settings: object) -> Desk:
    body = {"name": "Invoices", "creator_email": CREATOR, "settings": settings}
    made = house.api("POST", "/v1/deployments", body, key=house.stack.addresses.install_key)
    assert made.status_code == 201, made.text
    document = made.json()
    return Desk(house, document["deployment"]["id"], document["flow_key"])


def seen(at: Desk, request_id: str) -> dict[str, object]:
    return cast("dict[str, object]", at.house.api("GET", f"/v1/requests/{request_id}", key=at.flow_key).json())


def wait(at: Desk, request_id: str, holds, seconds: float = 45.0) -> dict[str, object]:
    """The request once something holds for it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        document = seen(at, request_id)
        if holds(document):
            return document
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds:.0f} s: {seen(at, request_id)}")


@contextmanager
def settings(house: House, **changed: object) -> Iterator[None]:
    """The settings of the flows' deployment, for what is opened meanwhile."""
    house.configure({**DEMO_SETTINGS, **changed})
    try:
        yield
    finally:
        house.configure(DEMO_SETTINGS)


def moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text))


def executions(house: House, status: str) -> int:
    machines = client("stepfunctions", house.stack.addresses.endpoint_url)
    found = machines.list_executions(stateMachineArn=deadlines_machine(house), statusFilter=status)
    return len(found["executions"])


def deadlines_machine(house: House) -> str:
    machines = client("stepfunctions", house.stack.addresses.endpoint_url).list_state_machines()["stateMachines"]
    (arn,) = [m["stateMachineArn"] for m in machines if m["name"].endswith("-deadlines")]
    return str(arn)


def test_when_nobody_answers_the_flow_goes_on_with_the_default_outcome(house: House, crew: Crew) -> None:
    before = last_number(house)
    auto = {"enabled": True, "timeout_minutes": 4 * SECOND, "default_outcome": "refused"}
    with settings(house, auto_response=auto, sla_minutes=2 * SECOND):
        crew.start("PaymentFlow", tag="auto")
    mail = next_review(house, after=before)
    request_id = request_of(house, mail)
    crew.wait_for("[auto] refused: refused")
    done = until_resumed(house, request_id)
    assert (done["outcome"], done["source"], done["sla"]) == ("refused", "auto", "breached")
    assert actions(house, request_id).count("sla.breached") == 1
    due = moment(done["created_at"]) + timedelta(seconds=4)
    late = (moment(done["closed_at"]) - due).total_seconds()
    print(f"\nfrom deadline to recorded auto-response: {late:.2f} s")
    assert 0 <= late < LATEST_SECONDS
    house.mailroom.reply(mail, "paid")
    until(house, request_id, lambda _: "reply.rejected" in actions(house, request_id))
    assert read(house, request_id)["outcome"] == "refused"
    assert check_chain(1, f"request/{request_id}", entries(house, request_id)) is None


def test_an_answer_a_second_before_the_deadline_wins_and_the_wait_ends_quietly(house: House) -> None:
    auto = {"enabled": True, "timeout_minutes": 8 * SECOND, "default_outcome": "refused"}
    at = desk(house, auto_response=auto, email_notifications=False)
    key = at.key("respond")
    for _ in range(3):  # a busy machine may take longer than that second: then the auto-response is right
        request_id = at.open()
        due = moment(seen(at, request_id)["wake_at"])
        time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds() - 1))
        answer = house.api("POST", f"/v1/requests/{request_id}/response", {"outcome": "paid"}, key=key)
        if answer.status_code == 200:
            break
        assert answer.json()["code"] == "already_decided"
    assert answer.json()["replayed"] is False
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds() + 3))
    done = seen(at, request_id)
    assert (done["outcome"], done["source"]) == ("paid", "api")
    assert moment(done["closed_at"]) < due
    until_quiet = time.monotonic() + 20
    while executions(house, "RUNNING") and time.monotonic() < until_quiet:
        time.sleep(0.5)
    assert executions(house, "FAILED") == 0


def test_a_reply_to_the_first_mail_counts_after_a_reminder(house: House) -> None:
    at = desk(house, reminder_minutes=[3 * SECOND])
    before = last_number(house)
    request_id = at.open()
    first = next_review(house, after=before)
    reminder = next_review(house, after=first.number)
    assert request_of(house, reminder) == request_id
    assert "remind" in house.mailroom.text_of(reminder).lower() + reminder.subject.lower()
    house.mailroom.reply(first, "paid")
    done = wait(at, request_id, lambda d: d["status"] != "pending")
    assert (done["outcome"], done["source"], done["round"]) == ("paid", "email", 1)


def test_after_an_escalation_the_first_reader_is_told_and_the_new_one_answers(house: House) -> None:
    at = desk(house, escalation={"after_minutes": 3 * SECOND, "to_email": BOSS})
    before = last_number(house)
    request_id = at.open()
    first = next_review(house, after=before)
    escalated = next_review(house, after=before, to=BOSS)
    told = house.mailroom.wait_for(to=CREATOR, after=first.number)
    assert "somebody else" in house.mailroom.text_of(told)
    house.mailroom.reply(first, "refused")
    refused = house.mailroom.wait_for(to=CREATOR, after=told.number)
    assert "was not recorded" in house.mailroom.text_of(refused)
    assert seen(at, request_id)["status"] == "pending"
    house.mailroom.reply(escalated, "paid")
    done = wait(at, request_id, lambda d: d["status"] != "pending")
    assert (done["outcome"], done["responder"], done["round"]) == ("paid", BOSS, 2)


def test_a_reassigned_and_then_cancelled_request_tells_everybody_why(house: House) -> None:
    at = desk(house)
    before = last_number(house)
    request_id = at.open()
    first = next_review(house, after=before)
    manage = at.key("manage")
    path = f"/v1/requests/{request_id}"
    moved = house.api("POST", f"{path}/reassign", {"to_email": BOSS, "reason": "Kim is away"}, key=manage)
    assert (moved.status_code, moved.json()["assigned_to_email"]) == (200, BOSS)
    next_review(house, after=first.number, to=BOSS)
    house.mailroom.wait_for(to=CREATOR, after=first.number)
    newest = last_number(house)
    gone = house.api("POST", f"{path}/cancel", {"reason": "The invoice was wrong"}, key=manage)
    assert (gone.status_code, gone.json()["status"]) == (200, "cancelled")
    assert "The invoice was wrong" in house.mailroom.text_of(house.mailroom.wait_for(to=BOSS, after=newest))
    timeline = house.api("GET", f"{path}/timeline", key=manage).json()
    assert sorted(timeline["reasons"].values()) == ["Kim is away", "The invoice was wrong"]
    assert check_chain(1, f"request/{request_id}", timeline["entries"]) is None


@pytest.mark.parametrize(
    ("flow", "inputs", "asked"),
    [
        ("ContentApprovalFlow", {"sales_rep_email": "alice@company.com"}, "alice@company.com"),
        ("PaymentFlow", {"sales_rep_email": "alice@company.com", "tag": "unmatched"}, CREATOR),
    ],
)
def test_a_flow_is_routed_by_its_state_and_else_to_its_creator(
    house: House, crew: Crew, flow: str, inputs: dict[str, object], asked: str
) -> None:
    before = last_number(house)
    rule = {"name": "Route to Sales Rep", "match": {"method_name": "review_*"}, "assign_from_input": "sales_rep_email"}
    with settings(house, rules=[rule]):
        crew.start(flow, **inputs)
    mail = next_review(house, after=before, to=asked)
    request_id = request_of(house, mail)
    assert read(house, request_id)["assigned_to_email"] == asked
    house.mailroom.reply(mail, "rejected" if flow == "ContentApprovalFlow" else "refused")
    assert until_closed(house, request_id)["responder"] == asked


def test_a_wait_that_was_lost_is_begun_again_by_the_sweepers_event(house: House) -> None:
    auto = {"enabled": True, "timeout_minutes": 3 * SECOND, "default_outcome": "refused"}
    at = desk(house, auto_response=auto, email_notifications=False)
    endpoint = house.stack.addresses.endpoint_url
    machines, bus = client("stepfunctions", endpoint), client("events", endpoint)
    request_id = at.open()
    machine = deadlines_machine(house)
    stopped = None
    give_up = time.monotonic() + 20
    while stopped is None and time.monotonic() < give_up:
        running = machines.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
        inputs = {e["executionArn"]: machines.describe_execution(executionArn=e["executionArn"]) for e in running}
        stopped = next((arn for arn, e in inputs.items() if request_id in e["input"]), None)
    assert stopped is not None
    machines.stop_execution(executionArn=stopped)
    document = seen(at, request_id)
    time.sleep(5)
    assert seen(at, request_id)["status"] == "pending", "nobody waits for its deadline any more"
    detail = {
        "organization_id": 1,
        "deployment_id": at.deployment_id,
        "subject": f"request/{request_id}",
        "seq": 2,
        "action": OVERDUE_EVENT,
        "request_id": request_id,
        "wake_at": document["wake_at"],
    }
    name = house.stack.addresses.outputs["BusName"]
    event = {"Source": "nodback", "DetailType": OVERDUE_EVENT, "Detail": json.dumps(detail), "EventBusName": name}
    assert bus.put_events(Entries=[event])["FailedEntryCount"] == 0
    done = wait(at, request_id, lambda d: d["status"] != "pending")
    assert (done["outcome"], done["source"]) == ("refused", "auto")
