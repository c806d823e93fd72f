"""Webhooks on the embedded stack: bus, fan-out, queue, delivery, callback and the flow that goes on."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from flows.crew import Crew
from flows.receivers import Application, answer, as_the_reference_says, by_standard_webhooks, running
from flows.reviews import actions, entries, until_closed, until_resumed
from infra.local.house import House
from nodback_core.domain.shared.entries import check_chain


def api(house: House, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
    """One call about the webhooks of the house's deployment, with the install key."""
    key = house.stack.addresses.install_key
    answered = house.api(method, f"/v1/deployments/{house.deployment_id}/webhooks{path}", body, key=key)
    assert answered.status_code == status, answered.text
    return answered.json() if answered.content else None


@contextlib.contextmanager
def told(house: House, application: Application, *events: str) -> Iterator[str]:
    """The application has a webhook of its own, until the end of the block; its id."""
    body = {"name": "Test receiver", "url": application.url, "events": list(events)}
    made = api(house, "POST", "", body, status=201)
    application.secret = made["secret"]
    try:
        yield made["webhook"]["id"]
    finally:
        api(house, "DELETE", f"/{made['webhook']['id']}", status=204)


def ended(house: House, webhook: str, delivery: str) -> Any:
    """A delivery of the log once it has ended."""

    def look() -> Any:
        found = api(house, "GET", f"/{webhook}/deliveries/{delivery}")
        return found if found["delivery"]["class"] else None

    return until(look)


def until(look: Callable[[], Any], seconds: float = 45.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.2)
    return found


def test_a_receiver_written_from_the_reference_alone_approves_a_flow(house: House, crew: Crew) -> None:
    with running(as_the_reference_says) as application, told(house, application) as webhook:
        crew.start("ContentApprovalFlow")
        message, headers = application.next()
        assert message["event"] == "new_request"
        assert message["request"]["method_name"] == "review_content"
        assert message["request"]["emit_options"] == ["approved", "rejected", "needs_revision"]
        assert message["deployment"]["id"] == house.deployment_id
        status, body = answer(message["callback_url"], {"feedback": "approved", "source": "my_custom_app"})
        assert (status, body["replayed"], body["outcome"]) == (200, False, "approved")
        crew.wait_for("Publishing approved content. Reviewer notes: approved")
        again, body = answer(message["callback_url"], {"feedback": "approved", "source": "my_custom_app"})
        assert (again, body["replayed"]) == (200, True)
        assert answer(message["callback_url"], {"feedback": "rejected"})[0] == 409
        request_id = message["request"]["id"]
        done = until_resumed(house, request_id)
        assert (done["source"], done["source_claim"]) == ("webhook", "my_custom_app")
        assert actions(house, request_id).count("webhooks.dispatched") == 1
        assert check_chain(1, f"request/{request_id}", entries(house, request_id)) is None
        row = ended(house, webhook, headers["X-Delivery-Id"])["delivery"]
        assert (row["class"], row["http_status"], row["cause"]) == ("delivered", 204, "event")
    assert application.refused == 0


def test_a_receiver_with_the_standard_webhooks_package_rejects_a_flow_and_hears_the_rest(
    house: House, crew: Crew
) -> None:
    with (
        running(by_standard_webhooks) as application,
        told(house, application, "request_responded", "resume_succeeded") as webhook,
    ):
        crew.start("ContentApprovalFlow")
        message, _ = application.next()
        assert answer(message["callback_url"], {"feedback": "No, sorry.", "outcome": "rejected"})[0] == 200
        crew.wait_for("Content rejected. Reason: No, sorry.")
        # They are told each on its own, so either may come first.
        heard = {message["event"]: message for message, _ in (application.next(), application.next())}
        assert set(heard) == {"request_responded", "resume_succeeded"}
        responded = heard["request_responded"]
        assert responded["response"]["feedback"] == "No, sorry."
        assert responded["callback_url"] is None
        log = api(house, "GET", f"/{webhook}/deliveries")["deliveries"]
        assert [row["event"] for row in reversed(log)] == ["new_request", "request_responded", "resume_succeeded"]


def test_a_person_tests_redelivers_rotates_and_pauses(house: House) -> None:
    with running(as_the_reference_says) as application, told(house, application) as webhook:
        queued = api(house, "POST", f"/{webhook}/test", status=202)
        message, headers = application.next()
        assert (message["event"], message["callback_url"]) == ("test", None)
        assert ended(house, webhook, queued["id"])["delivery"]["status"] == "delivered"

        again = api(house, "POST", f"/{webhook}/deliveries/{queued['id']}/redeliver", status=202)
        repeated, later = application.next()
        assert repeated == message
        assert later["webhook-id"] == headers["webhook-id"]
        assert later["X-Delivery-Id"] == again["id"] != headers["X-Delivery-Id"]

        fresh = api(house, "POST", f"/{webhook}/rotation", status=201)["secret"]
        api(house, "POST", f"/{webhook}/test", status=202)
        during = application.next()[1]
        assert len(during["webhook-signature"].split()) == 2
        api(house, "POST", f"/{webhook}/rotation/complete")
        application.secret = fresh
        api(house, "POST", f"/{webhook}/test", status=202)
        assert application.next()[1]["X-Signature"].startswith("sha256=")

        masked = api(house, "PATCH", f"/{webhook}", {"active": False})
        assert (masked["active"], masked["secret"]) == (False, "whsec_***")
    assert application.refused == 0


def test_a_receiver_that_is_away_is_logged_and_delays_no_other(house: House) -> None:
    with running(as_the_reference_says) as application, told(house, application) as webhook:
        away = api(house, "POST", "", {"name": "Away", "url": "http://127.0.0.1:9/"}, status=201)["webhook"]["id"]
        pause = {
            "request_id": "8c1f0f9e-3c1f-4c55-9a53-0d1f3a4b5c6d",
            "flow_id": "webhooks",
            "flow_name": "Nobody",
            "flow_class": "m.Nobody",
            "method_name": "m",
            "message": "?",
            "state": {"text": "z" * 300_000},
            "emit": ["yes", "no"],
            "snapshot": {},
        }
        assert house.api("POST", "/v1/requests", pause).status_code == 201
        message, headers = application.next()
        assert message["request"]["state_reference"]["url"].endswith(f"/v1/requests/{pause['request_id']}")
        assert ended(house, webhook, headers["X-Delivery-Id"])["delivery"]["class"] == "delivered"

        def failed() -> Any:
            rows = api(house, "GET", f"/{away}/deliveries")["deliveries"]
            return [row for row in rows if row["class"]]

        (row,) = until(failed)
        assert (row["status"], row["class"], row["http_status"]) == ("failed", "connect", None)
        api(house, "DELETE", f"/{away}", status=204)
        assert answer(message["callback_url"], {"feedback": "yes"})[0] == 200
        assert until_closed(house, str(pause["request_id"]))["outcome"] == "yes"


def test_inner_addresses_are_refused_when_a_webhook_is_configured(house: House) -> None:
    own = house.stack.addresses.api_url
    for url in (
        "http://169.254.169.254/latest",
        "https://10.0.0.1/",
        "http://example.com/",
        own,
        "https://printer.local",
    ):
        refused = api(house, "POST", "", {"name": "Evil", "url": url}, status=422)
        assert refused["errors"][0]["field"] == "url", url
