"""Signing in as a person does: type an address, open the link of the mail, press the button."""

import re

from playwright.sync_api import BrowserContext

from infra.local.house import House

MAIL_SECONDS = 60.0


def mailed_text(house: House, who: str, *, after: int = 0) -> str:
    """The text of the newest sign-in mail to somebody, newer than mail number `after`."""
    mail = house.mailroom.wait_for(to=who, subject_contains="Sign in", timeout=MAIL_SECONDS, after=after)
    raw = house.mailroom.mailbox.raw(mail.number)
    from email import message_from_bytes, policy

    part = message_from_bytes(raw, policy=policy.default).get_body(("plain",))  # type: ignore[attr-defined]
    return str(part.get_content())


def link_in(text: str) -> str:
    found = re.search(r"http://\S+/sign-in/link/\S+", text)
    assert found is not None, text
    return found[0]


def code_in(text: str) -> str:
    found = re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}\b", text)
    assert found is not None, text
    return found[0]


def newest_number(house: House) -> int:
    return max((mail.number for mail in house.mailroom.mailbox.all()), default=0)


def sign_in(context: BrowserContext, house: House, who: str) -> None:
    tab = context.new_page()
    before = newest_number(house)
    tab.goto("sign-in")
    tab.get_by_label("Mail address").fill(who)
    tab.get_by_role("button", name="Send me the link").click()
    tab.wait_for_url("**/sign-in/check")
    tab.goto(link_in(mailed_text(house, who, after=before)))
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("heading", name="Inbox").wait_for()
    tab.close()
