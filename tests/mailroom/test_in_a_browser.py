"""The pages in a real browser: nothing in a mail runs, buttons answer, news come by themselves, all can use it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_core_python.sync_playwright import Axe
from browser.chromium import launched, needed
from playwright.sync_api import Browser, Page, expect

from infra.local.mailroom import Mailroom
from infra.local.mailroom.web import pages

from .conftest import REPLY_ADDRESS, RecordingService, notification

HOSTILE = (
    "<p>hostile</p><script>top.document.title = 'taken'; document.title = 'taken'</script>"
    "<img src=x onerror=\"fetch('/mail/1/bounce', {method: 'POST'})\">"
    "<form action='/mail/1/bounce' method='post'><button>win</button></form>"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched(needed()) as chromium:
        yield chromium


@pytest.fixture
def tab(browser: Browser, mailroom: Mailroom) -> Iterator[Page]:
    mailroom.send(notification(), "nodback@nodback.test", ["maria@example.com"])
    context = browser.new_context(base_url=mailroom.web_url)
    yield context.new_page()
    context.close()


def send_hostile(mailroom: Mailroom) -> int:
    raw = notification(message_id="<h@x>").replace(b"<p>Please review.</p>", HOSTILE.encode())
    return mailroom.send(raw, "nodback@nodback.test", ["maria@example.com"]).number


def test_a_shown_mail_runs_no_script(mailroom: Mailroom, tab: Page) -> None:
    number = send_hostile(mailroom)

    tab.goto(f"/mail/{number}")

    expect(tab.frame_locator("iframe").get_by_text("hostile")).to_be_visible()
    assert "taken" not in tab.title()
    assert len(mailroom.mailbox.all()) == 2


def test_the_frame_holds_even_if_the_markup_were_left_as_it_came(
    mailroom: Mailroom, tab: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "shown_html", lambda html, **_: html)
    number = send_hostile(mailroom)

    tab.goto(f"/mail/{number}")
    frame = tab.frame_locator("iframe")
    expect(frame.get_by_text("hostile")).to_be_visible()
    frame.get_by_role("button", name="win").click()
    tab.goto(f"/mail/{number}/shown")
    tab.get_by_role("button", name="win").click()

    assert "taken" not in tab.title()
    assert len(mailroom.mailbox.all()) == 2


def test_a_pressed_button_is_answered_and_shows_what_comes_of_it(
    mailroom: Mailroom, service: RecordingService, tab: Page
) -> None:
    tab.goto("/mail/1")
    tab.frame_locator("iframe").get_by_text("approved").click()
    expect(tab.get_by_label("To", exact=True)).to_have_value(REPLY_ADDRESS)
    tab.get_by_role("button", name="Send").click()

    expect(tab.get_by_role("heading", name="What happened next")).to_be_visible()
    service.wait_for_events(1)
    expect(tab.locator("#next")).to_contain_text("Stored and announced to the service")
    answer = mailroom.mailbox.get(2)
    back = notification(message_id="<c@x>", subject="Recorded: approved").decode()
    back = back.replace("References: <flow-1@nodback.test>", f"In-Reply-To: {answer.message_id}")
    mailroom.send(back.encode(), "nodback@nodback.test", ["maria@example.com"])
    expect(tab.locator("#next").get_by_role("link", name="Recorded: approved")).to_be_visible()


def test_new_mail_shows_in_the_inbox_by_itself(mailroom: Mailroom, tab: Page) -> None:
    tab.goto("/")
    expect(tab.locator(".threads li")).to_have_count(1)

    other = notification(message_id="<o@x>", to="otto@example.com", subject="Another")
    other = other.replace(b"flow-1", b"flow-2").replace(b"a2b3", b"zzzz")
    mailroom.send(other, "nodback@nodback.test", ["otto@example.com"])

    expect(tab.locator(".threads li")).to_have_count(2)


@pytest.mark.parametrize("path", ["/", "/mail/1", "/mail/1?view=headers", "/mail/2", "/mail/1/reply", "/handling"])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 360)])
def test_every_page_fits_and_has_no_barriers(path: str, scheme: str, width: int, mailroom: Mailroom, tab: Page) -> None:
    mailroom.reply(mailroom.mailbox.get(1), "approved")
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    tab.set_viewport_size({"width": width, "height": 800})

    tab.goto(path)

    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # What stands in the frame is the mail's own matter.
    found = Axe().run(tab, context={"exclude": [["iframe"]]})
    assert found["passes"]
    assert [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]] == []


def test_the_keyboard_alone_writes_and_sends_an_answer(service: RecordingService, tab: Page) -> None:
    tab.goto("/mail/1/reply")
    tab.keyboard.type("Rejected")
    send = tab.get_by_role("button", name="Send")
    for _ in range(12):
        tab.keyboard.press("Tab")
        if send.evaluate("button => button === document.activeElement"):
            break
    tab.keyboard.press("Enter")

    service.wait_for_events(1)
