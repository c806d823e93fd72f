"""The pages and the API, asked over HTTP on loopback."""

from __future__ import annotations

import contextlib
import email
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.local.mailroom import Mailroom, open_mailroom

from .conftest import REPLY_ADDRESS, RecordingService, notification


@pytest.fixture
def web(mailroom: Mailroom) -> Iterator[httpx.Client]:
    mailroom.send(notification(), "nodback@nodback.test", ["maria@example.com"])
    with httpx.Client(base_url=mailroom.web_url, trust_env=False) as client:
        yield client


FORM = {"sent": "yes", "from": "Maria <maria@example.com>", "to": REPLY_ADDRESS, "subject": "Re: x", "body": "Approved"}


def test_the_inbox_finds_mail_by_recipient(web: httpx.Client) -> None:
    assert "Review: launch" in web.get("/", params={"to": "MARIA"}).text
    nobody = web.get("/", params={"to": "otto@example.com"}).text
    assert "Review: launch" not in nobody
    assert "No mail of otto@example.com" in nobody


@pytest.mark.parametrize(
    ("view", "shown"),
    [("html", "<iframe"), ("text", "Options: approved"), ("headers", "Auto-Submitted"), ("source", "--b")],
)
def test_a_mail_is_shown_as_html_text_headers_and_source(view: str, shown: str, web: httpx.Client) -> None:
    answer = web.get("/mail/1", params={"view": view})

    assert answer.status_code == 200
    assert shown in answer.text


def test_what_a_mail_says_is_text_on_our_pages(mailroom: Mailroom, web: httpx.Client) -> None:
    raw = notification(subject="<script>alert(1)</script>")
    number = mailroom.send(raw, "nodback@nodback.test", ["maria@example.com"]).number

    for path in ("/", f"/mail/{number}", f"/mail/{number}?view=source", f"/mail/{number}/reply"):
        assert "<script>alert" not in web.get(path).text


def test_the_frame_of_a_mail_is_sandboxed_by_the_page_and_by_its_own_policy(web: httpx.Client) -> None:
    page, shown = web.get("/mail/1").text, web.get("/mail/1/shown")

    sandbox = page.split('sandbox="')[1].split('"')[0]
    assert "allow-scripts" not in sandbox
    assert "allow-same-origin" not in sandbox
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy


def test_our_own_pages_run_no_inline_script_and_load_nothing_from_elsewhere(web: httpx.Client) -> None:
    for path in ("/", "/mail/1", "/mail/1/reply", "/handling", "/gallery"):
        answer = web.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "'unsafe-inline'" not in answer.headers["content-security-policy"]
        assert "https://" not in answer.text
    assert web.get("/static/mailroom.css").status_code == 200


def test_a_sent_form_becomes_a_real_mail_with_its_verdicts(
    mailroom: Mailroom, service: RecordingService, web: httpx.Client
) -> None:
    answer = web.post("/mail/1/reply", data={**FORM, "style": "iphone", "quote": "on", "verdict-dmarc": "FAIL"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/mail/2")
    [event] = service.wait_for_events(1)
    assert event["Records"][0]["ses"]["receipt"]["dmarcVerdict"] == {"status": "FAIL"}
    assert mailroom.text_of(mailroom.mailbox.get(2)).startswith("Approved\n\nSent from my iPhone")
    assert "What happened next" in web.get("/mail/2").text


def test_a_form_that_cannot_be_sent_comes_back_as_it_was_filled_in(mailroom: Mailroom, web: httpx.Client) -> None:
    answer = web.post("/mail/1/reply", data={**FORM, "from": "nobody"})

    assert answer.status_code == 422
    assert "Not sent: a mail wants one sender" in answer.text
    assert "Approved</textarea>" in answer.text
    assert len(mailroom.mailbox.all()) == 1


def test_the_form_opens_as_the_pressed_button_and_the_assistant_would(web: httpx.Client) -> None:
    pressed = web.get("/mail/1/reply", params={"to": REPLY_ADDRESS, "as_new": "yes", "body": "approved"}).text
    assistant = web.get("/mail/1/reply", params={"as": "assistant"}).text

    assert "approved</textarea>" in pressed
    assert 'name="as_new" checked' in pressed
    assert "Assistant &lt;assistant@example.com&gt;" in assistant


def test_out_of_office_and_bounce_are_sent_with_the_null_sender(
    mailroom: Mailroom, service: RecordingService, web: httpx.Client
) -> None:
    web.post("/mail/1/out-of-office")
    web.post("/mail/1/bounce")

    service.wait_for_events(2)
    away, report = mailroom.mailbox.get(2), mailroom.mailbox.get(3)
    assert (away.envelope_from, away.auto_submitted) == ("", "auto-replied")
    assert email.message_from_bytes(mailroom.mailbox.raw(report.number)).get_content_type() == "multipart/report"


def test_a_reply_is_delivered_again_with_a_new_ses_message_id(service: RecordingService, web: httpx.Client) -> None:
    web.post("/mail/1/reply", data=FORM)
    service.wait_for_events(1)

    assert web.post("/mail/2/again").status_code == 303

    first, second = service.wait_for_events(2)
    assert first["Records"][0]["ses"]["mail"]["messageId"] != second["Records"][0]["ses"]["mail"]["messageId"]
    assert web.post("/mail/1/again").status_code == 409


def test_defaults_of_the_panel_hold_for_any_mail_client_and_survive_a_restart(
    mailroom: Mailroom, service: RecordingService, web: httpx.Client, tmp_path: Path
) -> None:
    web.post(
        "/handling", data={"sent": "yes", "from": "Otto <otto@example.com>", "verdict-spf": "GRAY", "delay": "0.1"}
    )

    answer = mailroom.reply(mailroom.mailbox.get(1), "Approved")

    assert answer.sender == "Otto <otto@example.com>"
    [event] = service.wait_for_events(1)
    assert event["Records"][0]["ses"]["receipt"]["spfVerdict"] == {"status": "GRAY"}
    again = Mailroom(mailroom.mailbox.folder, 0, 0, service)
    assert again.defaults.current == mailroom.defaults.current


def test_a_default_that_makes_no_sense_is_not_saved(mailroom: Mailroom, web: httpx.Client) -> None:
    answer = web.post("/handling", data={"sent": "yes", "delay": "soon"})

    assert answer.status_code == 422
    assert mailroom.defaults.current.handling.delay_seconds == 0


@pytest.mark.parametrize("path", ["/mail/99", "/mail/99/shown", "/gallery/1", "/nowhere"])
def test_what_is_not_there_is_a_page_that_says_so(path: str, web: httpx.Client) -> None:
    answer = web.get(path)

    assert answer.status_code == 404
    assert "Back to the inbox" in answer.text


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_another_site_cannot_post(headers: dict[str, str], mailroom: Mailroom, web: httpx.Client) -> None:
    assert web.post("/mail/1/bounce", headers=headers).status_code == 403
    assert len(mailroom.mailbox.all()) == 1


def test_a_name_that_points_here_from_outside_is_refused(web: httpx.Client) -> None:
    assert web.get("/api/messages", headers={"Host": "rebound.example"}).status_code == 400


def test_the_gallery_shows_every_sample_it_is_given(tmp_path: Path) -> None:
    samples = [("Reminder", "Still waiting", "Please answer.", '<p>Please <a href="mailto:r@x">answer</a></p>')]
    with (
        open_mailroom(tmp_path, 0, 0, None, gallery=lambda: samples) as room,
        httpx.Client(base_url=room.web_url, trust_env=False) as client,
    ):
        assert "Still waiting" in client.get("/gallery").text
        assert "<iframe" in client.get("/gallery/1").text
        assert "Please answer." in client.get("/gallery/1?view=text").text
        assert 'title="mailto:r@x"' in client.get("/gallery/1/shown").text


def test_scripts_list_read_and_answer_mail(web: httpx.Client, service: RecordingService) -> None:
    [mail] = web.get("/api/messages", params={"to": "maria@example.com", "since": 0}).json()["messages"]
    whole = web.get(f"/api/messages/{mail['id']}").json()
    sent = web.post("/api/reply", json={"id": mail["id"], "text": "Rejected", "verdicts": {"dmarc": "GRAY"}})

    assert whole["text"].startswith("Please review.")
    assert sent.status_code == 201
    assert sent.json()["in_reply_to"] == [mail["message_id"]]
    [event] = service.wait_for_events(1)
    assert event["Records"][0]["ses"]["receipt"]["dmarcVerdict"] == {"status": "GRAY"}
    assert web.get("/api/messages", params={"since": sent.json()["id"]}).json() == {"messages": []}
    assert web.get("/api/messages/1").json()["thread"] == [1, 2]


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"text": "x"}, 422, "id"),
        ({"id": 1, "text": "x", "verdicts": {"dmarc": "MAYBE"}}, 422, "MAYBE"),
        ({"id": 1, "text": "x", "style": "pine"}, 422, "pine"),
        ({"id": 99, "text": "x"}, 404, "99"),
    ],
)
def test_a_bad_reply_is_refused_with_what_is_wrong(
    body: dict[str, object], status: int, named: str, web: httpx.Client
) -> None:
    answer = web.post("/api/reply", json=body)

    assert answer.status_code == status
    assert named in answer.json()["detail"]


def test_a_form_of_another_site_cannot_pose_as_a_script(web: httpx.Client) -> None:
    assert web.post("/api/reply", content=b'{"id": 1}', headers={"Content-Type": "text/plain"}).status_code == 415


def test_news_arrive_while_a_page_waits_for_them(mailroom: Mailroom, web: httpx.Client) -> None:
    seen = web.get("/api/changes").json()["changes"]
    threading.Timer(0.2, lambda: mailroom.send(notification(), "nodback@nodback.test", ["maria@example.com"])).start()

    assert web.get("/api/changes", params={"after": seen}).json()["changes"] > seen


def test_stopping_does_not_wait_for_pages_that_wait(tmp_path: Path, service: RecordingService) -> None:
    opened = contextlib.ExitStack()
    room = opened.enter_context(open_mailroom(tmp_path, 0, 0, service))
    stopper = threading.Thread(target=opened.close)

    with httpx.Client(base_url=room.web_url, trust_env=False, timeout=15) as client:
        client.get("/")
        threading.Timer(0.5, stopper.start).start()
        # It may end with an answer or with a closed connection, but long before its 20 seconds are over.
        with contextlib.suppress(httpx.RemoteProtocolError, httpx.ReadError):
            client.get("/api/changes", params={"after": room.mailbox.changes})

    stopper.join(10)
    assert not stopper.is_alive()
