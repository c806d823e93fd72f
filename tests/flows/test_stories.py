"""The main thread on the embedded stack: a real flow, a real mail, a real reply."""

from email import message_from_bytes, policy
from urllib.parse import quote

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
from infra.local.house import CREATOR, House
from infra.local.mailroom import Handling, Verdicts
from nodback_core.domain.shared.entries import check_chain


@pytest.mark.parametrize(
    ("reply", "style", "line"),
    [
        ("Approved.\n\nGreat work", "gmail", "Publishing approved content. Reviewer notes: Great work"),
        ("REJECTED!", "outlook-desktop", "Content rejected. Reason: REJECTED!"),
    ],
)
def test_the_references_example_goes_on_with_each_outcome(
    house: House, crew: Crew, reply: str, style: str, line: str
) -> None:
    before = last_number(house)
    crew.start("ContentApprovalFlow")
    mail = next_review(house, after=before)
    house.mailroom.reply(mail, reply, style=style)
    crew.wait_for(line)
    request_id = request_of(house, mail)
    done = until_resumed(house, request_id)
    assert done["resume"]["status"] == "succeeded"  # type: ignore[index]
    assert check_chain(1, f"request/{request_id}", entries(house, request_id)) is None


def test_a_revision_loops_with_a_new_request_in_the_same_thread(house: House, crew: Crew) -> None:
    before = last_number(house)
    crew.start("PaymentFlow", tag="loop")
    first = next_review(house, after=before)
    house.mailroom.reply(first, "again")
    second = next_review(house, after=first.number)
    assert request_of(house, second) != request_of(house, first)
    headers = [message_from_bytes(house.mailroom.mailbox.raw(m.number), policy=policy.default) for m in (first, second)]
    assert headers[0]["References"] == headers[1]["References"]
    assert read(house, request_of(house, second))["number"] == 2
    house.mailroom.reply(second, "paid")
    crew.wait_for("[loop] paid: paid")


def test_free_text_without_options_reaches_the_flow_as_it_was_said(house: House, crew: Crew) -> None:
    before = last_number(house)
    crew.start("FreeTextFlow", tag="free")
    mail = next_review(house, after=before)
    house.mailroom.reply(mail, "I would rather wait until May.\nBut it is fine.", style="iphone")
    crew.wait_for("[free] said: I would rather wait until May.")


def test_what_is_no_answer_leaves_the_request_pending_and_is_written_down(house: House, crew: Crew) -> None:
    before = last_number(house)
    crew.start("PaymentFlow", tag="checks")
    mail = next_review(house, after=before)
    request_id = request_of(house, mail)

    house.mailroom.reply(mail, "paid", sender="mallory@example.net")
    notice = house.mailroom.wait_for(to=CREATOR, after=last_number(house) - 1)
    house.mailroom.reply(mail, "paid", handling=Handling(Verdicts(dmarc="FAIL")))
    forged = mail.answer_address.replace(mail.answer_address[40], "a" if mail.answer_address[40] != "a" else "b")
    house.mailroom.reply(mail, "paid", to=forged)
    house.mailroom.reply(mail, "")
    house.mailroom.reply(mail, "maybe later")
    house.mailroom.answer_out_of_office(mail)

    def checks() -> list[str]:
        return [str(e["data"]["check"]) for e in entries(house, request_id) if e["action"] == "reply.rejected"]  # type: ignore[index]

    expected = {"other_sender", "not_authenticated", "blank", "unclear", "automatic"}
    until(house, request_id, lambda _: expected <= set(checks()))
    assert read(house, request_id)["status"] == "pending"
    assert notice.recipients == (CREATOR,)
    house.mailroom.reply(mail, "refused")
    crew.wait_for("[checks] refused: refused")
    house.mailroom.reply(mail, "paid")
    late = until(house, request_id, lambda _: "request_closed" in checks())
    assert late["outcome"] == "refused"
    assert actions(house, request_id).count("request.responded") == 1


def test_the_api_says_what_is_wrong_and_changes_nothing(house: House) -> None:
    assert house.api("GET", "/v1/requests/x", key="nonsense").status_code == 401
    pause = {
        "request_id": "6b1f0f9e-3c1f-4c55-9a53-0d1f3a4b5c6d",
        "flow_id": "f",
        "flow_name": "F",
        "flow_class": "m.F",
        "method_name": "m",
        "message": "?",
        "snapshot": {},
    }
    install = house.stack.addresses.install_key
    assert house.api("POST", "/v1/requests", pause, key=install).status_code == 403
    twice = house.api("POST", "/v1/requests", {**pause, "emit": ["a", "a"]})
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (422, "emit.1")
    missing = house.api("POST", "/v1/requests", {k: v for k, v in pause.items() if k != "flow_id"})
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "flow_id")
    large = house.api("POST", "/v1/requests", {**pause, "snapshot": "x" * (4 * 1024 * 1024)})
    assert (large.status_code, large.json()["code"]) == (413, "snapshot_too_large")
    assert large.json()["limit_bytes"] == 4 * 1024 * 1024
    assert twice.headers["content-type"] == "application/problem+json"
    assert house.api("GET", f"/v1/requests/{pause['request_id']}").status_code == 404


def test_a_flow_id_with_slashes_finds_its_state_through_the_gateway(house: House) -> None:
    for flow_id in ("order/7", "order/7/state-machine"):
        path = f"/v1/flows/{quote(flow_id, safe='')}/state"
        body = {"method_name": "draft", "state": {"of": flow_id}}
        assert house.api("PUT", path, body).status_code == 204
        assert house.api("GET", path).json()["state"] == {"of": flow_id}
        assert house.api("GET", f"/v1/flows/{flow_id}/state").json()["state"] == {"of": flow_id}
    assert house.api("PUT", "/v1/flows/a%20b/state", body).json()["errors"][0]["field"] == "flow_id"


def test_large_content_goes_through_the_bucket_and_comes_back(house: House) -> None:
    body = {
        "request_id": "7b1f0f9e-3c1f-4c55-9a53-0d1f3a4b5c6d",
        "flow_id": "large",
        "flow_name": "Nobody",
        "flow_class": "m.Nobody",
        "method_name": "m",
        "message": "Read all of this",
        "output": "word " * 100_000,
        "emit": ["yes", "no"],
        "snapshot": {"state": "x" * 500_000},
    }
    before = last_number(house)
    assert house.api("POST", "/v1/requests", body).status_code == 201
    assert house.api("POST", "/v1/requests", body).status_code == 200, "the same pause again"
    mail = next_review(house, after=before)
    assert read(house, str(body["request_id"]))["output"] == body["output"]
    house.mailroom.reply(mail, "yes")
    assert until_closed(house, str(body["request_id"]))["outcome"] == "yes"
