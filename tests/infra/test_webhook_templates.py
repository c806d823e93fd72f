"""What the templates promise about webhooks: who is called by what, and the little that a delivery may do."""

import json

import pytest

from tests.infra.templates import Examined, as_list, environment, resources, statements


@pytest.fixture(scope="module")
def service(examined: Examined) -> dict:
    return examined.template("aws", "service")


def rights(service: dict, role: str) -> list[dict]:
    """The statements of one role that concern neither logs nor its queue."""
    mine = [s for name, s in statements(service) if name.startswith(role)]
    return [s for s in mine if not as_list(s["Action"])[0].startswith(("logs:", "sqs:ChangeMessageVisibility"))]


def test_the_delivery_function_reaches_its_rows_and_what_they_seal_and_nothing_else(service: dict):
    mine = rights(service, "WebhookDeliveryRole")
    tables = [s for s in mine if "dynamodb:" in json.dumps(s["Action"])]
    keys = [s for s in mine if "kms:Decrypt" in as_list(s["Action"]) and "StringEquals" not in s["Condition"]]
    objects = [s for s in mine if "s3:" in json.dumps(s["Action"])]

    assert [set(as_list(s["Action"])) for s in tables] == [
        {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem"}
    ]
    assert tables[0]["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["delivery/*"]}}
    assert [(s["Action"], s["Condition"]) for s in keys] == [
        ("kms:Decrypt", {"StringLike": {"kms:EncryptionContext:owner": "delivery/*"}})
    ]
    assert [s["Action"] for s in objects] == ["s3:GetObject", "s3:ListBucket"]
    assert objects[1]["Condition"] == {"StringLike": {"s3:prefix": ["deliveries/*"]}}
    assert json.dumps(objects[0]["Resource"]).endswith('/deliveries/*"]]}')
    through = [s for s in mine if "kms:ViaService" in json.dumps(s.get("Condition", {}))]
    assert len(mine) == len(tables) + len(keys) + len(objects) + len(through)


def test_one_message_is_one_invocation_so_that_a_slow_receiver_delays_no_other(service: dict):
    mappings = resources(service, "AWS::Lambda::EventSourceMapping").values()
    (mapping,) = [m for m in mappings if "WebhookDeliveries" in json.dumps(m["EventSourceArn"])]
    queues = {q["QueueName"]: q for q in resources(service, "AWS::SQS::Queue").values()}
    queue = queues["nodback-dev-webhook-deliveries"]
    (function,) = [
        f
        for f in resources(service, "AWS::Lambda::Function").values()
        if f["FunctionName"] == "nodback-dev-webhook-delivery"
    ]

    assert mapping["BatchSize"] == 1
    assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 100
    assert function["Timeout"] > 30
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5


def test_webhooks_cost_nothing_until_an_entry_is_marked_for_them(service: dict):
    (rule,) = [r for r in resources(service, "AWS::Events::Rule").values() if r["Name"].endswith("-webhooks")]

    assert rule["EventPattern"] == {"source": ["nodback"], "detail": {"webhooks": [{"exists": True}]}}


def test_loopback_is_let_through_on_the_developers_machine_alone(examined: Examined):
    for name in ("api", "webhook-delivery"):
        assert environment(examined.template("aws", "service"), name)["NODBACK_LOOPBACK_WEBHOOKS"] == ""
        assert environment(examined.template("local", "service"), name)["NODBACK_LOOPBACK_WEBHOOKS"] == "true"


def test_what_deliveries_send_is_forgotten_with_their_log(examined: Examined):
    (bucket,) = [
        b
        for b in resources(examined.template("aws", "data"), "AWS::S3::Bucket").values()
        if "deliveries" in json.dumps(b)
    ]
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}

    assert (rules["deliveries"]["Prefix"], rules["deliveries"]["ExpirationInDays"]) == ("deliveries/", 31)
