"""Trying the mail's way by command, and answers across a rotation of the signing keys, on the embedded stack."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from flows.reviews import last_number, next_review, until_closed
from infra.local.aws import client
from infra.local.house import CREATOR, House
from infra.operate import rotate_keys


def test_the_command_sends_a_test_waits_for_the_reply_and_shows_the_verdicts(house: House) -> None:
    install = house.stack.addresses.install_key
    made = house.api(
        "POST", f"/v1/deployments/{house.deployment_id}/keys", {"name": "m", "scope": "manage"}, key=install
    )
    before = last_number(house)
    command = [str(Path(sys.executable).with_name("nodback")), "test-mail", "--to", CREATOR, "--wait", "90"]
    environment = {**os.environ, **house.flow_environment(), "NODBACK_API_KEY": made.json()["key"]}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        mail = next_review(house, after=before)
        assert mail.subject.startswith("Test review")
        house.mailroom.reply(mail, "It works!", style="outlook-desktop")
        said, _ = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert "recorded 'It works!' (dmarc PASS, spf PASS, dkim PASS" in said


def test_answers_to_mails_of_before_and_after_a_rotation_are_recorded_by_warm_functions(house: House) -> None:
    before = last_number(house)
    older = opened(house)
    first = next_review(house, after=before)
    rotated = rotate_keys(stage="local", lambda_=client("lambda", house.stack.addresses.endpoint_url))
    assert (rotated["rotated"], rotated["keys"]) == (True, 2)
    newer = opened(house)
    second = next_review(house, after=first.number)
    house.mailroom.reply(first, "approved")
    house.mailroom.reply(second, "rejected")
    assert until_closed(house, older)["outcome"] == "approved"
    assert until_closed(house, newer)["outcome"] == "rejected"


def opened(house: House) -> str:
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
    return request_id
