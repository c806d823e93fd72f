"""The dashboard as people use it: Chromium, the embedded stack, a real flow."""

import re

from flows.crew import Crew
from flows.receivers import as_the_reference_says, running
from flows.reviews import last_number, next_review, read, request_of, until_closed, until_resumed
from playwright.sync_api import Browser, Page, expect

from browser.conftest import COLD_PAGE_MS
from browser.doors import code_in, link_in, mailed_text, newest_number
from infra.local.house import CREATOR, House

expect.set_options(timeout=30_000)


def paused_review(house: House, crew: Crew, flow: str = "ContentApprovalFlow", **inputs: object) -> str:
    """A flow that has paused; the id of its request."""
    before = last_number(house)
    crew.start(flow, **inputs)
    return request_of(house, next_review(house, after=before))


def test_a_scanner_that_opens_the_link_signs_nobody_in_and_the_person_uses_the_code(
    house: House, browser: Browser
) -> None:
    person, scanner = (browser.new_context(base_url=house.dashboard_url) for _ in range(2))
    before = newest_number(house)
    tab = person.new_page()
    tab.set_default_timeout(COLD_PAGE_MS)
    tab.goto("history")
    tab.get_by_label("Mail address").fill(CREATOR)
    tab.get_by_role("button", name="Send me the link").click()
    text = mailed_text(house, CREATOR, after=before)

    other = scanner.new_page()
    other.goto(link_in(text))
    expect(other.get_by_role("heading", name="Another browser asked")).to_be_visible()
    expect(other.get_by_role("button", name="Sign in")).to_have_count(0)

    tab.get_by_label("Code from the mail").fill(code_in(text).lower())
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", name="History")).to_be_visible()
    cookies = {c["name"]: c for c in person.cookies()}
    session = cookies["__Host-nodback"]
    assert (session["secure"], session["httpOnly"], session["sameSite"], session["path"]) == (True, True, "Lax", "/")
    tab.goto("account")
    tab.get_by_role("button", name="Sign out here").click()
    expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
    person.close()
    scanner.close()


def test_one_click_and_a_comment_and_the_flow_goes_on(house: House, crew: Crew, page: Page) -> None:
    request_id = paused_review(house, crew)
    page.goto("")
    page.locator(f"a[href$='/review/{request_id}']").click()
    page.get_by_label("Comment").fill("Ship it on Monday.")
    page.get_by_role("button", name="Approved").click()

    expect(page.get_by_text("Recorded. Thank you.")).to_be_visible()
    crew.wait_for("Publishing approved content. Reviewer notes: Ship it on Monday.")
    expect(page.get_by_text("The flow went on with it.")).to_be_visible(timeout=60_000)
    done = until_resumed(house, request_id)
    assert (done["outcome"], done["source"], done["responder"]) == ("approved", "dashboard", CREATOR)


def test_the_mail_leads_to_the_review_without_scripts_too(
    house: House, crew: Crew, browser: Browser, signed_in: dict
) -> None:
    before = last_number(house)
    crew.start("ContentApprovalFlow")
    mail = next_review(house, after=before)
    link = re.search(rf"{re.escape(house.dashboard_url)}review/\S+", mail_text(house, mail.number))
    assert link is not None
    context = browser.new_context(java_script_enabled=False, storage_state=signed_in[CREATOR].storage_state())
    tab = context.new_page()
    tab.set_default_timeout(COLD_PAGE_MS)

    tab.goto(link[0])
    tab.get_by_role("button", name="Rejected").click()

    expect(tab.get_by_text("Recorded. Thank you.")).to_be_visible()
    assert read(house, request_of(house, mail))["outcome"] == "rejected"
    context.close()


def mail_text(house: House, number: int) -> str:
    from email import message_from_bytes, policy

    message = message_from_bytes(house.mailroom.mailbox.raw(number), policy=policy.default)
    return str(message.get_body(("plain",)).get_content())  # type: ignore[attr-defined]


def test_who_loses_the_race_is_told_and_keeps_their_words(house: House, crew: Crew, page: Page) -> None:
    before = last_number(house)
    crew.start("ContentApprovalFlow")
    mail = next_review(house, after=before)
    page.goto(f"review/{request_of(house, mail)}")
    page.get_by_label("Comment").fill("I thought about this for an hour.")
    house.mailroom.reply(mail, "rejected")
    until_closed(house, request_of(house, mail))

    # Either the page has noticed by itself, or the click is refused: the words are there both ways.
    approve = page.get_by_role("button", name="Approved")
    if approve.is_visible():
        approve.click()
    expect(page.get_by_text("I thought about this for an hour.")).to_be_visible()
    expect(page.get_by_text(re.compile("came too late|Somebody was faster"))).to_be_visible()
    assert read(house, request_of(house, mail))["outcome"] == "rejected"


def test_a_new_request_appears_by_itself(house: House, crew: Crew, page: Page) -> None:
    page.goto("")
    request_id = paused_review(house, crew)

    expect(page.locator(f"a[href$='/review/{request_id}']")).to_be_visible(timeout=30_000)
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('.row') !== null")


def test_a_rule_that_is_added_assigns_the_next_request(house: House, crew: Crew, page: Page) -> None:
    page.goto(f"deployments/{house.deployment_id}/rules")
    form = page.locator("form", has=page.get_by_role("button", name="Add the rule"))
    form.get_by_label("Name").fill("Reviews to Rita")
    form.get_by_label("Method").fill("review_*")
    form.get_by_label("Otherwise this address").fill("rita@example.com")
    form.get_by_role("button", name="Add the rule").click()
    expect(page.get_by_role("heading", name="Reviews to Rita")).to_be_visible()
    try:
        page.get_by_label("Method", exact=True).last.fill("review_content")
        page.get_by_role("button", name="Explain").click()
        expect(page.get_by_text("rita@example.com would be asked: by the rule “Reviews to Rita”")).to_be_visible()
        before = last_number(house)
        crew.start("ContentApprovalFlow")
        request_id = request_of(house, next_review(house, after=before, to="rita@example.com"))
        page.goto("")
        page.locator(f"a[href$='/review/{request_id}']").click()
        expect(page.get_by_role("heading", name="rita@example.com is asked")).to_be_visible()
        page.get_by_role("button", name="Take it over").click()
        page.get_by_role("button", name="Approved").click()
        expect(page.get_by_text("Recorded. Thank you.")).to_be_visible()
        expect(page.get_by_text("Given to somebody else to reviewer@example.com")).to_be_visible()
    finally:
        page.goto(f"deployments/{house.deployment_id}/rules")
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Remove “Reviews to Rita”").click()
        expect(page.get_by_text("No rules yet")).to_be_visible()


def test_a_webhook_is_made_tested_watched_and_its_secret_rotated(house: House, page: Page) -> None:
    with running(as_the_reference_says) as application:
        page.goto(f"deployments/{house.deployment_id}/webhooks")
        page.get_by_label("Name").fill("Ticket system")
        page.get_by_label("URL").fill(application.url)
        page.get_by_role("button", name="Add the webhook").click()
        application.secret = page.locator("#secret").inner_text()
        page.get_by_role("button", name="Send a test").click()
        message, _ = application.next()
        assert message["event"] == "test"
        expect(page.get_by_role("cell", name="Delivered")).to_be_visible()
        expect(page.locator("#secret")).to_have_count(0)

        page.get_by_role("button", name="Send again").click()
        assert application.next()[0]["event"] == "test"
        page.get_by_role("button", name="Rotate the secret").click()
        fresh = page.locator("#secret").inner_text()
        assert fresh != application.secret
        page.get_by_role("button", name="Complete: use only the new one").click()
        application.secret = fresh
        page.get_by_role("button", name="Send a test").click()
        assert application.next()[0]["event"] == "test"
        assert application.refused == 0

        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Remove the webhook").click()
        expect(page.get_by_text("No webhooks yet")).to_be_visible()
