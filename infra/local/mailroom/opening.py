"""Opens a mailroom with its pages, and closes both in the right order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.mailroom.inbound import InboundDelivery
from infra.local.mailroom.mailroom import Mailroom
from infra.local.mailroom.web.app import web_app
from infra.local.mailroom.web.gallery import Gallery, empty_gallery
from infra.local.mailroom.web.server import WebServer


@contextmanager
def open_mailroom(
    folder: Path,
    smtp_port: int,
    web_port: int,
    inbound: InboundDelivery | None,
    *,
    gallery: Gallery = empty_gallery,
) -> Iterator[Mailroom]:
    """A mailroom that receives mail and shows it, until the block ends.

    Arguments:
        folder: where the mails are kept; what is in it already is shown again.
        smtp_port, web_port: loopback ports; 0 takes a free one, to be read from the mailroom's attributes.
        inbound: where mail for the inbound domain goes; None keeps all mail here.
        gallery: gives (name, subject, text, html) of every kind of mail, for the page `/gallery`.

    Example:
        with open_mailroom(folder, smtp_port=0, web_port=0, inbound=inbound_from_stack(stack)) as mailroom:
            mail = mailroom.wait_for(to="reviewer@example.com", subject_contains="Review")
            mailroom.reply(mail, "Approved", style="outlook-desktop")
    """
    mailroom = Mailroom(folder, smtp_port, web_port, inbound)
    pages = WebServer(web_app(mailroom, gallery), mailroom.web_port)
    mailroom.start()
    try:
        pages.start()
        try:
            yield mailroom
        finally:
            # Pages that wait for news are told first, or closing would wait for them.
            mailroom.stopping = True
            pages.stop()
    finally:
        mailroom.stop()
