"""An answer that a later line takes back, over SMTP on the embedded stack, in both modes of free text."""

from uuid import uuid4

import pytest

from flows.reviews import entries, last_number, next_review, read, request_of, until, until_closed
from infra.local.house import DEMO_SETTINGS, House


@pytest.mark.parametrize("free_text", ["pass", "ask"])
def test_a_contradicted_answer_is_asked_back_and_the_plain_one_is_recorded(house: House, free_text: str) -> None:
    house.configure({"free_text": free_text})
    request_id, before = str(uuid4()), last_number(house)
    body = {
        "request_id": request_id,
        "flow_id": request_id,
        "flow_name": "Votes",
        "flow_class": "m.Votes",
        "method_name": "review",
        "message": "Please review this text:",
        "emit": ["approved", "rejected"],
        "snapshot": {},
    }
    try:
        assert house.api("POST", "/v1/requests", body).status_code == 201
        mail = next_review(house, after=before)
        assert request_of(house, mail) == request_id
        house.mailroom.reply(mail, "Approved\nActually no, rejected.", style="outlook-desktop")

        def is_unclear(_: object) -> bool:
            return "unclear" in [e["data"].get("check") for e in entries(house, request_id)]  # type: ignore[attr-defined]

        until(house, request_id, is_unclear)
        assert read(house, request_id)["status"] == "pending"
        question = next_review(house, after=mail.number)
        assert "Actually no, rejected." in house.mailroom.text_of(question)
        house.mailroom.reply(question, "approved\nPlease charge it to cost centre 4711")
        assert until_closed(house, request_id)["outcome"] == "approved"
    finally:
        house.configure(DEMO_SETTINGS)
