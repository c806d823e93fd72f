"""Pictures of the review mail and of the mailroom, for the README."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from infra.local.mailroom import open_mailroom
from nodback_core.mail.letters.compose import Envelope, compose
from nodback_core.mail.letters.samples import samples

MAIL_SIZE = {"width": 760, "height": 1280}
MAILROOM_SIZE = {"width": 1280, "height": 900}


def take_mail_pictures(browser: Browser, out: Path) -> None:
    """The review mail as its reader sees it, and the same mail in the mailroom."""
    _, letter = samples()[0]
    page = browser.new_page(viewport=MAIL_SIZE, color_scheme="light")
    page.set_content(letter.html)
    page.screenshot(path=out / "review-mail.png")
    page.close()
    reviewer = "marta@example.com"
    envelope = Envelope(
        sender_name="Nodback",
        sender_address="nodback@nodback.test",
        to=reviewer,
        reply_to=f"r-{'a2b3' * 14}@reply.nodback.test",
    )
    with tempfile.TemporaryDirectory() as folder, open_mailroom(Path(folder), 0, 0, None) as mailroom:
        mailroom.send(compose(envelope, letter), "nodback@nodback.test", [reviewer])
        mail = mailroom.wait_for(to=reviewer)
        page = browser.new_page(viewport=MAILROOM_SIZE, color_scheme="light")
        page.goto(f"{mailroom.web_url}/mail/{mail.number}")
        page.screenshot(path=out / "mailroom.png")
        page.close()
