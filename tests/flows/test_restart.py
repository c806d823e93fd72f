"""The demo's folder, stopped and started again: reviews, mails and addresses are kept, and what waited waits again."""

import shutil
import time

import pytest

from flows.broken import Bench
from flows.reviews import last_number, next_review, request_of
from infra.local.house import open_house
from infra.local.stack import HOME

FOLDER = HOME / "restarted"
PATIENCE_SECONDS = 90.0


@pytest.mark.timeout(900)
def test_what_was_open_when_it_was_stopped_goes_on_after_the_next_start() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    with open_house(FOLDER, tell=lambda _: None) as house:
        url, key = house.stack.addresses.api_url, house.flow_key
        auto = {"enabled": True, "timeout_minutes": 0.4, "default_outcome": "rejected"}
        asking = Bench.at(house)
        waiting = Bench.at(house, email_notifications=False, auto_response=auto)
        before = last_number(house)
        asked = asking.open()
        mail = next_review(house, after=before)
        timed = waiting.open()
        keys = asking.flow_key, waiting.flow_key
    with open_house(FOLDER, tell=lambda _: None) as house:
        assert (house.stack.addresses.api_url, house.flow_key) == (url, key)
        kept = [m for m in house.mailroom.mailbox.all() if m.number == mail.number]
        assert kept, "the mails are kept"
        assert kept[0].answer_address == mail.answer_address
        assert request_of(house, kept[0]) == asked
        house.mailroom.reply(kept[0], "approved")
        _until_closed(house, asked, keys[0], "approved")
        # Its execution died with the emulator; the sweeper begins the wait again once it is overdue.
        after = Bench(house, waiting.deployment_id, waiting.flow_key, Bench.at(house).store)
        while after.request(timed).wake_at is not None and time.time() < after.request(timed).wake_at.timestamp():
            time.sleep(1)
        if after.request(timed).status == "pending":
            after.let_time_pass(timed)
            after.sweep()
        _until_closed(house, timed, keys[1], "rejected")
    shutil.rmtree(FOLDER, ignore_errors=True)


def _until_closed(house, request_id: str, key: str, outcome: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    document: dict[str, object] = {}
    while time.monotonic() < deadline:
        document = house.api("GET", f"/v1/requests/{request_id}", key=key).json()
        if document["status"] != "pending":
            assert document["outcome"] == outcome
            return
        time.sleep(0.3)
    raise AssertionError(f"still {document}")
