"""Webhooks over the API: the secret is shown once, every change leaves an entry, and only `manage` may."""

import json

import pytest
from support.hooks import Network, take_all
from support.http import INSTALL_KEY, Answered, call, key_for
from support.world import World

from nodback.webhooks import verify
from nodback_core.domain.webhooks.outcome import DeliveryClass, DeliveryOutcome
from nodback_core.domain.webhooks.webhook import MAX_WEBHOOKS

URL = "https://hooks.example.com/in?key=of-the-receiver"
BASE = "/v1/deployments/1/webhooks"


class Operator:
    """Somebody with a key of the scope `manage`, one webhook, and its secret."""

    def __init__(self) -> None:
        self.world, self.network = World(), Network()
        self.deployment = self.world.deployment()
        self.key = key_for(self.world, self.deployment, "manage")
        made = self.call("POST", "", {"name": "Ours", "url": URL})
        assert made.status == 201
        self.id, self.secret = made["webhook"]["id"], made["secret"]

    def call(self, method: str, path: str, body: object = None, **query: object) -> Answered:
        return call(self.world, method, BASE + path, self.key, body, query=query)

    def deliver(self) -> list[dict[str, str]]:
        """Deliver everything under way; the headers of what arrived by that."""
        before = len(self.network.posts)
        self.world.deliver()
        take_all(self.world, self.network)
        return [dict(post.headers) for post in self.network.posts[before:]]

    def entries(self) -> list[tuple[str, object]]:
        found = self.world.store.chain("deployment/1").items
        return [(e.action.value, dict(e.data)) for e in found if e.action.value.startswith("webhook.")]


@pytest.fixture
def operator() -> Operator:
    return Operator()


def test_the_secret_is_shown_once_and_masked_ever_after(operator: Operator) -> None:
    assert operator.secret.startswith("whsec_")
    for answer in (
        operator.call("GET", ""),
        operator.call("GET", f"/{operator.id}"),
        operator.call("PATCH", f"/{operator.id}", {"name": "Other"}),
    ):
        text = json.dumps(answer.json)
        assert operator.secret not in text
        assert "whsec_***" in text


def test_each_webhook_has_a_secret_of_its_own(operator: Operator) -> None:
    other = operator.call("POST", "", {"name": "Theirs", "url": URL})
    assert other["secret"] != operator.secret
    assert [w["name"] for w in operator.call("GET", "")["webhooks"]].count("Theirs") == 1


def test_every_change_is_written_down_without_what_the_url_may_hide(operator: Operator) -> None:
    operator.call("PATCH", f"/{operator.id}", {"active": False, "events": ["request_responded"]})
    operator.call("PATCH", f"/{operator.id}", {"active": False})
    operator.call("POST", f"/{operator.id}/rotation")
    operator.call("DELETE", f"/{operator.id}/rotation")
    operator.call("DELETE", f"/{operator.id}")
    found = operator.entries()
    assert [action for action, _ in found] == [
        "webhook.created",
        "webhook.changed",
        "webhook.secret_rotated",
        "webhook.secret_rotated",
        "webhook.removed",
    ]
    assert found[1][1]["changes"] == {  # type: ignore[index]
        "active": {"before": True, "after": False},
        "events": {"before": [], "after": ["request_responded"]},
    }
    assert "of-the-receiver" not in repr(found)
    assert operator.secret not in repr(found)
    operator.world.check_chains()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "url": "http://hooks.example.com/"}, "url"),
        ({"name": "x", "url": "https://127.0.0.1/"}, "url"),
        ({"name": "x", "url": "https://nodback.test/v1/callbacks/x"}, "url"),
        ({"name": "x", "url": "https://metadata.internal/"}, "url"),
        ({"name": "  ", "url": URL}, "name"),
        ({"name": "x", "url": URL, "events": ["new_request"]}, "events.0"),
        ({"name": "x", "url": URL, "secret": "whsec_mine"}, "secret"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(operator: Operator, body: object, field: str) -> None:
    refused = operator.call("POST", "", body)
    assert (refused.status, refused.fields) == (422, [field])


def test_only_manage_and_the_install_key_may(operator: Operator) -> None:
    for scope, status in (("flow", 403), ("respond", 403)):
        key = key_for(operator.world, operator.deployment, scope)
        for method, path in (("GET", ""), ("POST", f"/{operator.id}/test"), ("POST", f"/{operator.id}/rotation")):
            assert call(operator.world, method, BASE + path, key).status == status
    other = key_for(operator.world, operator.world.deployment(), "manage")
    assert call(operator.world, "GET", f"{BASE}/{operator.id}", other).status == 404
    assert call(operator.world, "GET", f"{BASE}/{operator.id}", INSTALL_KEY).status == 200


def test_one_deployment_never_reaches_anothers_webhook(operator: Operator) -> None:
    second = operator.world.deployment()
    key = key_for(operator.world, second, "manage")
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/deliveries"),
        ("POST", "/test"),
        ("POST", "/rotation"),
    ):
        body = {"name": "mine"} if method == "PATCH" else None
        answer = call(operator.world, method, f"/v1/deployments/2/webhooks/{operator.id}{path}", key, body)
        assert (answer.status, answer["code"]) == (404, "not_found")


def test_a_deployment_has_at_most_a_hundred_webhooks(operator: Operator) -> None:
    for n in range(MAX_WEBHOOKS - 1):
        assert operator.call("POST", "", {"name": f"n{n}", "url": URL}).status == 201
    refused = operator.call("POST", "", {"name": "too many", "url": URL})
    assert (refused.status, refused["code"]) == (409, "too_many_webhooks")


def test_a_rotation_signs_with_both_and_then_with_the_new_secret_alone(operator: Operator) -> None:
    path, now = f"/{operator.id}", operator.world.now.timestamp()
    started = operator.call("POST", f"{path}/rotation")
    assert started["webhook"]["rotation_started_at"] is not None
    assert operator.call("POST", f"{path}/rotation")["code"] == "rotation_under_way"
    operator.call("POST", f"{path}/test")
    (during,) = operator.deliver()
    body = operator.network.posts[-1].body
    # `X-Signature` has room for one: it stays with the old secret.
    verify(body, during, secret=operator.secret, now=now)
    assert len(during["webhook-signature"].split()) == 2
    assert operator.call("POST", f"{path}/rotation/complete")["rotation_started_at"] is None
    operator.call("POST", f"{path}/test")
    (after,) = operator.deliver()
    verify(operator.network.posts[-1].body, after, secret=started["secret"], now=now)
    assert len(after["webhook-signature"].split()) == 1
    assert operator.call("POST", f"{path}/rotation/complete")["code"] == "no_rotation"
    assert operator.call("DELETE", f"{path}/rotation")["code"] == "no_rotation"


def test_an_aborted_rotation_leaves_the_old_secret(operator: Operator) -> None:
    fresh = operator.call("POST", f"/{operator.id}/rotation")["secret"]
    assert operator.call("DELETE", f"/{operator.id}/rotation")["rotation_started_at"] is None
    operator.call("POST", f"/{operator.id}/test")
    (headers,) = operator.deliver()
    assert len(headers["webhook-signature"].split()) == 1
    verify(operator.network.posts[-1].body, headers, secret=operator.secret, now=operator.world.now.timestamp())
    again = operator.call("POST", f"/{operator.id}/rotation")["secret"]
    assert again not in (fresh, operator.secret)


def test_the_log_shows_what_happened_newest_first_and_in_pages(operator: Operator) -> None:
    for _ in range(5):
        operator.call("POST", f"/{operator.id}/test")
        operator.world.pass_time(seconds=1)
    operator.deliver()
    seen, query = [], {"limit": 2}
    while True:
        page = operator.call("GET", f"/{operator.id}/deliveries", **query)
        seen += [row["created_at"] for row in page["deliveries"]]
        if page["next_cursor"] is None:
            break
        query = {"limit": 2, "cursor": page["next_cursor"]}
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)
    assert operator.call("GET", f"/{operator.id}/deliveries", cursor="nonsense").fields == ["cursor"]


def test_a_failed_delivery_shows_the_answer_and_is_delivered_once_more_by_hand(operator: Operator) -> None:
    operator.world.pause(operator.deployment)
    operator.network.answer = lambda _: DeliveryOutcome(DeliveryClass.HTTP_4XX, 404, 31, "no such hook")
    (first,) = operator.deliver()
    (row,) = operator.call("GET", f"/{operator.id}/deliveries")["deliveries"]
    assert (row["status"], row["class"], row["http_status"], row["milliseconds"]) == ("failed", "http_4xx", 404, 31)
    assert operator.call("GET", f"/{operator.id}/deliveries/{row['id']}")["answer"] == "no such hook"

    operator.world.pass_time(minutes=10)
    operator.network.answer = Network().answer
    queued = operator.call("POST", f"/{operator.id}/deliveries/{row['id']}/redeliver")
    assert (queued.status, queued["status"], queued["redelivery_of"]) == (202, "queued", row["id"])
    (second,) = operator.deliver()
    assert operator.network.posts[0].body == operator.network.posts[1].body
    assert second["webhook-id"] == first["webhook-id"]
    assert second["X-Delivery-Id"] != first["X-Delivery-Id"]
    assert int(second["X-Timestamp"]) - int(first["X-Timestamp"]) == 600
    assert operator.entries()[-1] == (
        "webhook.redelivered",
        {"webhook_id": operator.id, "delivery_id": queued["id"], "redelivery_of": row["id"]},
    )
    assert len(operator.call("GET", f"/{operator.id}/deliveries")["deliveries"]) == 2


def test_a_redelivery_goes_to_where_the_webhook_is_now(operator: Operator) -> None:
    operator.world.pause(operator.deployment)
    operator.deliver()
    (row,) = operator.call("GET", f"/{operator.id}/deliveries")["deliveries"]
    operator.call("PATCH", f"/{operator.id}", {"url": "https://new.example.com/"})
    operator.call("POST", f"/{operator.id}/deliveries/{row['id']}/redeliver")
    operator.deliver()
    assert [post.url for post in operator.network.posts] == [URL, "https://new.example.com/"]


def test_a_test_event_reaches_a_paused_webhook_with_an_invented_request(operator: Operator) -> None:
    operator.call("PATCH", f"/{operator.id}", {"active": False})
    operator.world.pause(operator.deployment)
    assert operator.deliver() == []
    assert operator.call("POST", f"/{operator.id}/test").status == 202
    operator.deliver()
    message = operator.network.posts[-1].json
    assert (message["event"], message["callback_url"]) == ("test", None)
    assert message["deployment"]["id"] == 1


def test_what_does_not_exist_is_not_found(operator: Operator) -> None:
    for method, path in (
        ("GET", "/wh_nobody"),
        ("PATCH", "/wh_nobody"),
        ("DELETE", "/wh_nobody"),
        ("POST", "/wh_nobody/test"),
        ("GET", f"/{operator.id}/deliveries/dlv_none"),
        ("POST", f"/{operator.id}/deliveries/dlv_none/redeliver"),
    ):
        assert operator.call(method, path, {"name": "x"} if method == "PATCH" else None).status == 404


def test_a_receiver_says_so_and_gets_no_other_event(operator: Operator) -> None:
    made = operator.call("POST", "", {"name": "Flows", "url": URL, "resumes": True})
    assert made.status == 201
    assert made["webhook"]["resumes"] is True
    assert operator.entries()[-1][1]["resumes"] is True  # type: ignore[index]
    assert operator.call("GET", f"/{operator.id}")["resumes"] is False
    one = f"/{made['webhook']['id']}"
    for refused in (
        operator.call("PATCH", one, {"events": ["sla_breached"]}),
        operator.call("POST", "", {"name": "Flows", "url": URL, "resumes": True, "events": ["sla_breached"]}),
        operator.call("POST", "", {"name": "Flows", "url": URL, "events": ["resume_ready"]}),
    ):
        assert refused.status == 422
    assert operator.call("PATCH", one, {"events": [], "name": "Other"}).status == 200
    assert operator.call("POST", f"{one}/test").status == 202
    assert len(operator.deliver()) == 1
