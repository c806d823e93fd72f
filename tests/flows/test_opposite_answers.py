"""Fifty pairs of opposite answers at once: fifty decisions, and the other fifty are told what was recorded."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from flows.broken import Bench
from flows.reviews import last_number, request_of
from infra.local.house import CREATOR, House
from infra.local.mailroom.mailbox import StoredMail
from nodback_core.domain.shared.entries import check_chain

PAIRS = 50
IN_FLIGHT = {1: 4, 2: 10, 4: PAIRS}
"""How many pairs are in flight, up to which pair: each makes the emulator start functions, so it warms up."""
MAILED_PAIRS = 8
"""So many are answered by mail on both sides; each answer and what it is told are mails of their own."""
PATIENCE_SECONDS = 240.0


@pytest.mark.timeout(900)
def test_fifty_pairs_of_opposite_answers(house: House) -> None:
    bench = Bench.at(house)
    mute = Bench.at(house, email_notifications=False)
    key = mute.key("respond")
    before = last_number(house)
    mailed = [bench.open() for _ in range(MAILED_PAIRS)]
    asked = asking_mails(house, set(mailed), after=before)
    called = [mute.open() for _ in range(PAIRS - MAILED_PAIRS)]
    statuses: list[int] = []

    def by_api(request_id: str, outcome: str) -> None:
        answer = answered(house, request_id, outcome, key)
        statuses.append(answer.status_code)
        recorded = mute.request(request_id).decision
        assert recorded is not None
        told = answer.json()["outcome"]
        assert told == recorded.outcome, f"told {told}, recorded is {recorded.outcome}"
        assert (answer.status_code < 300) == (outcome == recorded.outcome)

    def pair(number: int) -> None:
        if number < MAILED_PAIRS:
            mail = asked[mailed[number]]
            together(lambda: house.mailroom.reply(mail, "approved"), lambda: house.mailroom.reply(mail, "rejected"))
        else:
            request_id = called[number - MAILED_PAIRS]
            together(lambda: by_api(request_id, "approved"), lambda: by_api(request_id, "rejected"))

    done = 0
    for in_flight, up_to in IN_FLIGHT.items():
        with ThreadPoolExecutor(in_flight) as pool:
            list(pool.map(pair, range(PAIRS)[done:up_to]))
        done = up_to

    assert sorted(statuses) == [201] * len(called) + [409] * len(called) or sorted(statuses) == [200] * len(called) + [
        409
    ] * len(called), statuses
    decided = told = 0
    for request_id in mailed:
        letters = both_told(bench, request_id)
        assert sorted(letters) == ["closed_request", "confirmation"]
        told += 1
    for request_id in (*mailed, *called):
        entries = bench.store.chain(f"request/{request_id}").items
        assert check_chain(1, f"request/{request_id}", [{**e.document(), "hash": e.hash} for e in entries]) is None
        decided += [e.action.value for e in entries].count("request.responded")
    assert decided == PAIRS
    assert told + statuses.count(409) == PAIRS


def answered(house: House, request_id: str, outcome: str, key: str) -> httpx.Response:
    """One answer; sent once more when a busy machine did not answer in time, as every client does."""
    path, body = f"/v1/requests/{request_id}/response", {"outcome": outcome}
    try:
        return house.api("POST", path, body, key=key)
    except httpx.ReadTimeout:
        return house.api("POST", path, body, key=key)


def together(*acts: Callable[[], object]) -> None:
    """Start all at the same moment; raises the first problem."""
    barrier = threading.Barrier(len(acts))
    problems: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def asking_mails(house: House, request_ids: set[str], *, after: int) -> dict[str, StoredMail]:
    """The mail that asks, for each request."""
    found: dict[str, StoredMail] = {}
    while request_ids - set(found):
        mail = house.mailroom.wait_for(to=CREATOR, after=after, timeout=PATIENCE_SECONDS)
        after = mail.number
        if mail.answer_address.startswith("r-"):
            found[request_of(house, mail)] = mail
    return found


def both_told(bench: Bench, request_id: str) -> list[str]:
    """The letters that answered the two replies."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    letters: list[str] = []
    while time.monotonic() < deadline:
        entries = bench.store.chain(f"request/{request_id}").items
        sent = [str(e.data["letter"]) for e in entries if e.action.value == "notification.sent"]
        letters = [letter for letter in sent if letter != "review_request"]
        if len(letters) >= 2:
            break
        time.sleep(0.5)
    return letters
