"""What SES tells of our mails, and mails that nobody can process, on the embedded stack."""

import json
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4

import pytest
from mails.arrived import as_stored, signature

from flows.reviews import actions, last_number, read, request_of, until
from infra.local.aws import client
from infra.local.house import CREATOR, House
from infra.local.mailroom.mailbox import StoredMail
from infra.operate import redrive

EVENTS = Path(__file__).parents[1] / "events"
FUNCTION = "nodback-local-mail-feedback"
ABSENT = "absent@example.com"
WAIT_SECONDS = 60.0


@pytest.fixture(scope="module")
def flow_key(house: House) -> str:
    rule = {"name": "absent", "match": {"method_name": "*"}, "assign_to_email": ABSENT}
    body = {"name": "Feedback", "creator_email": CREATOR, "settings": {"rules": [rule]}}
    made = house.api("POST", "/v1/deployments", body, key=house.stack.addresses.install_key)
    return str(made.json()["flow_key"])


@pytest.fixture
def asked(house: House, flow_key: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A request whose mail has been sent."""
    monkeypatch.setattr(house, "flow_key", flow_key)
    request_id = str(uuid4())
    body = {
        "request_id": request_id,
        "flow_id": request_id,
        "flow_name": "F",
        "flow_class": "m.F",
        "method_name": "review",
        "message": "Please review",
        "emit": ["approved", "rejected"],
        "snapshot": {},
    }
    assert house.api("POST", "/v1/requests", body).status_code == 201
    until(house, request_id, lambda seen: [m["status"] for m in seen["notifications"]] == ["sent"])  # type: ignore[index, union-attr, attr-defined]
    return request_id


def publish(house: House, name: str, request_id: str) -> None:
    """What SES puts on the default bus about this request's first mail: nobody else may, so the rule is played here."""
    event = json.loads((EVENTS / f"ses-{name}.json").read_text(encoding="utf-8"))
    event["detail"]["mail"]["tags"]["request_id"] = [request_id]
    endpoint = house.stack.addresses.endpoint_url
    assert is_ours(house, event)
    payload = json.dumps(event).encode()
    client("lambda", endpoint).invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=payload)


def is_ours(house: House, event: dict[str, object]) -> bool:
    """Whether the deployed rule would take the event."""
    events = client("events", house.stack.addresses.endpoint_url)
    pattern = events.describe_rule(Name=FUNCTION)["EventPattern"]
    (target,) = events.list_targets_by_rule(Rule=FUNCTION)["Targets"]
    assert target["Arn"].endswith(f":{FUNCTION}")
    return bool(events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"])


def statuses(seen: dict[str, object]) -> list[str]:
    return [mail["status"] for mail in seen["notifications"]]  # type: ignore[attr-defined]


def test_a_bounce_that_ses_tells_of_reaches_the_timeline_the_request_and_its_creator(house: House, asked: str) -> None:
    before = last_number(house)
    publish(house, "delivery-delay", asked)
    publish(house, "bounce-permanent", asked)
    publish(house, "bounce-permanent", asked)
    notice = house.mailroom.wait_for(to=CREATOR, subject_contains="Not delivered", after=before, timeout=WAIT_SECONDS)
    text = house.mailroom.text_of(notice)
    assert ABSENT in text
    assert "550 5.1.1 user unknown" in text
    seen = read(house, asked)
    assert statuses(seen)[0] == "bounced"
    assert seen["status"] == "pending"
    assert actions(house, asked).count("notification.bounced") == 1


def test_feedback_about_mails_of_others_in_the_account_is_not_ours(house: House) -> None:
    event = json.loads((EVENTS / "ses-bounce-permanent.json").read_text(encoding="utf-8"))
    assert is_ours(house, event)
    event["detail"]["mail"]["tags"]["ses:configuration-set"] = ["marketing"]
    assert not is_ours(house, event)
    opened = json.loads((EVENTS / "ses-send.json").read_text(encoding="utf-8"))
    assert not is_ours(house, opened), "that it was sent is known already"


def test_a_reply_whose_mail_is_missing_waits_in_the_dead_letter_queue_until_it_is_redriven(
    house: House, asked: str
) -> None:
    mail = next(m for m in house.mailroom.mailbox.all() if ABSENT in m.recipients and is_about(house, m, asked))
    endpoint = house.stack.addresses.endpoint_url
    sqs, lambda_ = client("sqs", endpoint), client("lambda", endpoint)
    event = json.loads((EVENTS / "ses-inbound.json").read_text(encoding="utf-8"))
    ses = event["Records"][0]["ses"]
    ses["mail"]["messageId"] = "missing" + uuid4().hex
    ses["receipt"]["recipients"] = [mail.answer_address]
    function = house.stack.addresses.inbound_function
    lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())
    queue = sqs.get_queue_url(QueueName=f"{function}-dead-letters")["QueueUrl"]
    deadline = time.monotonic() + WAIT_SECONDS
    while _waiting(sqs, queue) == 0:
        assert time.monotonic() < deadline, "the mail that is missing never became a dead letter"
        time.sleep(0.5)

    now = datetime.now(UTC)
    written = (
        f"{signature()}From: {ABSENT}\r\nTo: {mail.answer_address}\r\nSubject: Re: x\r\n"
        f"Date: {format_datetime(now)}\r\nMessage-ID: <{uuid4()}@example.com>\r\n\r\napproved\r\n"
    )
    raw = as_stored(written.encode(), envelope_from=ABSENT, received_at=now)
    bucket, key = house.stack.addresses.bucket, f"inbound/{ses['mail']['messageId']}"
    client("s3", endpoint).put_object(Bucket=bucket, Key=key, Body=raw)
    done = redrive(
        "inbound-mail", stage="local", sqs=sqs, lambda_=lambda_, stepfunctions=client("stepfunctions", endpoint)
    )
    assert (done.sent, done.left) == (1, 0)
    assert until(house, asked, lambda seen: seen["status"] != "pending")["outcome"] == "approved"
    assert _waiting(sqs, queue) == 0


def is_about(house: House, mail: StoredMail, request_id: str) -> bool:
    return mail.answer_address.startswith("r-") and request_of(house, mail) == request_id


def _waiting(sqs: object, queue: str) -> int:
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])  # type: ignore[attr-defined]
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])
