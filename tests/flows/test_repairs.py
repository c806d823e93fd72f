"""One step broken at a time on the embedded stack: the sweeper finds it, the normal functions repair it."""

import time

from flows.broken import PATIENCE_SECONDS, Bench, until
from flows.reviews import last_number, next_review, request_of
from infra.local.house import CREATOR, House


def test_an_entry_that_was_never_relayed_and_a_mail_that_was_claimed_and_never_sent(house: House) -> None:
    bench = Bench.at(house)
    before = last_number(house)
    with bench.without_the_relay():
        never_relayed, never_sent = bench.open(), bench.open()
        bench.claim_mail(never_sent)
        time.sleep(2)
        assert last_number(house) == before, "nobody has told the functions"
        for request_id in (never_relayed, never_sent):
            bench.let_time_pass(request_id)
        bench.sweep()
        mailed = set()
        for _ in range(2):
            mail = next_review(house, after=before)
            before = mail.number
            mailed.add(request_of(house, mail))
    assert mailed == {never_relayed, never_sent}
    until(lambda: not bench.request(never_sent).effects, "the mail is recorded")


def test_a_worker_that_died_before_and_after_it_had_consumed_the_answer(house: House) -> None:
    bench = Bench.at(house, email_notifications=False)
    respond = bench.key("respond")
    request_id = bench.open()
    answer = house.api("POST", f"/v1/requests/{request_id}/response", {"outcome": "approved"}, key=respond)
    assert answer.is_success, answer.text
    first = bench.claim()
    assert first["request_id"] == request_id
    bench.let_time_pass(request_id)
    second = bench.claim()
    assert second["request_id"] == request_id, "the lease was lost, so another worker takes over"
    path = f"/v1/resumes/{request_id}"
    lost = {"claim_id": first["claim_id"], "flow_class": "m.Nobody"}
    stale = house.api("POST", f"{path}/consumed", lost, key=bench.flow_key)
    assert (stale.status_code, stale.json()["code"]) == (409, "claim_lost")
    held = {"claim_id": second["claim_id"], "flow_class": "m.Nobody"}
    assert house.api("POST", f"{path}/consumed", held, key=bench.flow_key).status_code == 204
    bench.let_time_pass(request_id)
    bench.sweep()
    document = house.api("GET", f"/v1/requests/{request_id}", key=bench.flow_key).json()
    assert document["resume"]["status"] == "failed"
    assert document["resume"]["error"]
    retried = house.api("POST", f"{path}/retry", {}, key=bench.flow_key)
    assert retried.status_code == 202, retried.text
    assert bench.claim()["response"] == second["response"]


def test_the_wait_for_a_deadline_that_died(house: House) -> None:
    auto = {"enabled": True, "timeout_minutes": 0.05, "default_outcome": "rejected"}
    bench = Bench.at(house, email_notifications=False, auto_response=auto)
    with bench.without_the_relay():
        request_id = bench.open()
        time.sleep(3.5)
        assert bench.request(request_id).status == "pending", "nobody waits for its deadline"
        bench.let_time_pass(request_id)
        bench.sweep()
        until(lambda: bench.request(request_id).status == "responded", "the automatic answer")
    decision = bench.request(request_id).decision
    assert decision is not None
    assert (decision.outcome, decision.source) == ("rejected", "auto")


def test_a_late_reply_to_a_superseded_round_is_told_of_the_newer_one(house: House) -> None:
    bench = Bench.at(house)
    before = last_number(house)
    first = bench.open("flow-of-two-rounds")
    old = next_review(house, after=before)
    second = bench.open("flow-of-two-rounds")
    new = next_review(house, after=old.number)
    assert (request_of(house, old), request_of(house, new)) == (first, second)
    house.mailroom.reply(old, "approved")
    told = house.mailroom.wait_for(to=CREATOR, after=new.number, timeout=PATIENCE_SECONDS)
    assert "newer review of this flow, number 2" in " ".join(house.mailroom.text_of(told).split())
    assert bench.request(first).status == "superseded"
    assert bench.request(second).status == "pending"
