"""A reviewer at the mailroom, and what the API says meanwhile."""

import time
from typing import cast

from infra.local.house import CREATOR, House
from infra.local.mailroom.mailbox import StoredMail
from nodback_core.domain.replies.token import parse, token_of

WAIT_SECONDS = 45.0


def last_number(house: House) -> int:
    """The number of the newest mail so far."""
    return max((mail.number for mail in house.mailroom.mailbox.all()), default=0)


def next_review(house: House, *, after: int, to: str = CREATOR) -> StoredMail:
    """The next mail to somebody that asks for an answer."""
    while True:
        mail = house.mailroom.wait_for(to=to, after=after, timeout=WAIT_SECONDS)
        if mail.answer_address.startswith("r-"):
            return mail
        after = mail.number


def request_of(house: House, mail: StoredMail) -> str:
    """The id of the request that a mail asks about."""
    token = token_of([mail.answer_address], house.stack.addresses.inbound_domain)
    assert token is not None
    return str(parse(token).request_id)


def read(house: House, request_id: str) -> dict[str, object]:
    return cast("dict[str, object]", house.api("GET", f"/v1/requests/{request_id}").json())


def until_closed(house: House, request_id: str) -> dict[str, object]:
    """The request once it is no longer pending."""
    return until(house, request_id, lambda document: document["status"] != "pending")


def until_resumed(house: House, request_id: str) -> dict[str, object]:
    """The request once its resume has ended."""

    def ended(document: dict[str, object]) -> bool:
        return cast("dict[str, str]", document["resume"])["status"] in ("succeeded", "failed")

    return until(house, request_id, ended)


def until(house: House, request_id: str, holds) -> dict[str, object]:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        document = read(house, request_id)
        if holds(document):
            return document
        time.sleep(0.2)
    raise AssertionError(f"not within {WAIT_SECONDS:.0f} s: {read(house, request_id)}")


def entries(house: House, request_id: str) -> list[dict[str, object]]:
    return cast("list[dict[str, object]]", house.api("GET", f"/v1/requests/{request_id}/timeline").json()["entries"])


def actions(house: House, request_id: str) -> list[str]:
    return [str(entry["action"]) for entry in entries(house, request_id)]
