"""The real templates on the emulator, with the smallest of handlers."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.local.aws import client
from infra.local.deploy import DeployFailed, deploy
from infra.local.home import StackInUse
from infra.local.processes import is_alive
from infra.local.stack import EmbeddedStack
from infra.settings import ROOT, Code

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def first_start(home: Path, code: Code) -> Mapping:
    """What the first start of the folder's stack gave; it is stopped again."""
    with EmbeddedStack.start(home, code=code) as stack:
        return {
            "addresses": stack.addresses,
            "changed": stack.changed,
            "answer": get(f"{stack.addresses.api_url}/health"),
        }


@pytest.fixture
def stack(home: Path, code: Code, first_start: Mapping):
    with EmbeddedStack.start(home, code=code) as running:
        yield running


def get(url: str, body: object = None):
    """Get, or post a body."""
    data = json.dumps(body).encode() if body else None
    asked = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.loads(answer.read())


def test_a_fresh_folder_gets_both_stacks_and_the_api_answers(first_start: Mapping):
    assert first_start["changed"] == ("nodback-local-data", "nodback-local-service")
    assert first_start["answer"]["path"] == "/health"
    assert first_start["answer"]["url"] == first_start["addresses"].api_url
    assert first_start["answer"]["core"].endswith("python/nodback_core/__init__.py")


def test_the_file_says_where_everything_is(first_start: Mapping, home: Path):
    written = json.loads((home / "stack.json").read_text())
    addresses = first_start["addresses"]

    assert written["api_url"] == addresses.api_url == f"{addresses.endpoint_url}/_aws/execute-api/5169f0ff/$default"
    assert written["install_key"] == addresses.install_key
    assert written["bucket"] == "nodback-local-content-000000000000-us-east-1"
    assert written["inbound_function"] == "nodback-local-inbound-mail"
    assert written["outputs"]["RequestsTableName"] == "nodback-local-requests"


def test_the_install_key_is_long_and_needs_no_escaping(first_start: Mapping):
    assert first_start["addresses"].install_key.isalnum()
    assert len(first_start["addresses"].install_key) >= 43


def test_a_second_start_changes_nothing_and_keeps_what_was_there(stack: EmbeddedStack, first_start: Mapping):
    assert stack.changed == ()
    assert stack.addresses == first_start["addresses"]


def test_data_and_objects_survive_a_stop(home: Path, code: Code, first_start: Mapping):
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    with EmbeddedStack.start(home, code=code) as stack:
        here = stack.addresses
        client("dynamodb", here.endpoint_url).put_item(TableName=here.outputs["RequestsTableName"], Item=item)
        client("s3", here.endpoint_url).put_object(Bucket=here.bucket, Key="inbound/x", Body=b"raw")
    with EmbeddedStack.start(home, code=code) as stack:
        here = stack.addresses
        found = client("dynamodb", here.endpoint_url).get_item(TableName=here.outputs["RequestsTableName"], Key=item)
        body = client("s3", here.endpoint_url).get_object(Bucket=here.bucket, Key="inbound/x")["Body"].read()

    assert found["Item"] == item
    assert body == b"raw"


def test_our_own_addresses_may_send_and_others_may_not(stack: EmbeddedStack):
    ses = client("ses", stack.addresses.endpoint_url)
    mail = b"From: %s\r\nTo: reviewer@example.com\r\nSubject: x\r\n\r\ny\r\n"

    ses.send_raw_email(RawMessage={"Data": mail % stack.addresses.mail_from.encode()})
    with pytest.raises(ses.exceptions.MessageRejected):
        ses.send_raw_email(RawMessage={"Data": mail % b"somebody@elsewhere.example"})


def test_with_rights_enforced_a_function_does_what_its_role_allows_and_no_more(
    home: Path, code: Code, first_start: Mapping
):
    audit, requests = "nodback-local-audit", "nodback-local-requests"
    bucket, entry = first_start["addresses"].bucket, {"subject": {"S": "a"}, "seq": {"N": "1"}}
    change = {"UpdateExpression": "SET x = :x", "ExpressionAttributeValues": {":x": {"S": "1"}}}
    row = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    append = {"Put": {"TableName": audit, "Item": {**entry, "seq": {"N": "2"}}}}
    secret = {"SecretId": first_start["addresses"].outputs["InstallKeySecretArn"]}
    allowed = [
        ("dynamodb", "put_item", {"TableName": audit, "Item": entry}),
        ("dynamodb", "transact_write_items",
         {"TransactItems": [append, {"Update": {"TableName": requests, "Key": row, **change}}]}),
        ("s3", "put_object", {"Bucket": bucket, "Key": "content/x"}),
        ("secretsmanager", "get_secret_value", secret),
    ]  # fmt: skip
    refused = [
        ("dynamodb", "update_item", {"TableName": audit, "Key": entry, **change}),
        ("dynamodb", "delete_item", {"TableName": audit, "Key": entry}),
        ("dynamodb", "batch_write_item", {"RequestItems": {audit: [{"PutRequest": {"Item": entry}}]}}),
        ("dynamodb", "transact_write_items",
         {"TransactItems": [{"Update": {"TableName": audit, "Key": entry, **change}}]}),
        ("dynamodb", "scan", {"TableName": requests}),
        ("s3", "get_object", {"Bucket": bucket, "Key": "inbound/x"}),
        ("ses", "send_raw_email", {"RawMessage": {"Data": "From: nodback@nodback.test"}}),
    ]  # fmt: skip

    own = {"pk": {"S": "delivery/wh_1"}, "sk": {"S": "log/d"}}
    delivery = {
        "allowed": ("dynamodb", "put_item", {"TableName": requests, "Item": own}),
        "refused": [
            # That it reaches no other partition of the table, the emulator cannot judge: the template's test does.
            ("dynamodb", "delete_item", {"TableName": requests, "Key": own}),
            ("dynamodb", "put_item", {"TableName": audit, "Item": entry}),
            ("s3", "get_object", {"Bucket": bucket, "Key": "content/x"}),
            ("s3", "put_object", {"Bucket": bucket, "Key": "deliveries/x"}),
            ("secretsmanager", "get_secret_value", secret),
        ],
    }

    with EmbeddedStack.start(home, code=code, enforce_rights=True) as stack:
        answers = get(f"{stack.addresses.api_url}/v1/attempts", allowed + refused)
        deliveries = as_the_delivery_function(stack, [delivery["allowed"], *delivery["refused"]])

    assert deliveries[0] == "done"
    assert {answer.removesuffix("Exception") for answer in deliveries[1:]} == {"AccessDenied"}
    assert answers[: len(allowed)] == ["done"] * len(allowed)
    assert {answer.removesuffix("Exception") for answer in answers[len(allowed) :]} == {"AccessDenied"}


def test_with_rights_enforced_mail_is_sent_as_aws_allows_it(home: Path, code: Code, first_start: Mapping):
    def a_mail(sender: str, to: str) -> tuple[str, str, dict]:
        data = f"From: {sender}\r\nTo: {to}\r\nSubject: x\r\n\r\ny\r\n"
        return ("ses", "send_raw_email", {"RawMessage": {"Data": data}, "Source": sender, "Destinations": [to]})

    ours = first_start["addresses"].mail_from
    mails = [
        a_mail(ours, "stranger@example.com"),
        a_mail(ours, "verified@example.com"),
        a_mail("ceo@nodback.test", "stranger@example.com"),
    ]

    with EmbeddedStack.start(home, code=code, enforce_rights=True) as stack:
        client("ses", stack.addresses.endpoint_url).verify_email_identity(EmailAddress="verified@example.com")
        answers = {name: as_the_function(stack, name, mails) for name in ("notify", "sign-in-mail", "api")}

    assert answers["notify"] == answers["sign-in-mail"] == ["done", "done", "AccessDenied"]
    # That another function may not send at all, the emulator knows by itself.
    assert {answer.removesuffix("Exception") for answer in answers["api"]} == {"AccessDenied"}


def as_the_delivery_function(stack: EmbeddedStack, attempts: list) -> list[str]:
    """What became of these calls with the rights of the function that talks to strangers."""
    return as_the_function(stack, "webhook-delivery", attempts)


def as_the_function(stack: EmbeddedStack, name: str, attempts: list) -> list[str]:
    """What became of these calls with the rights of a function."""
    payload = json.dumps({"body": json.dumps(attempts)})
    functions = client("lambda", stack.addresses.endpoint_url)
    answered = functions.invoke(FunctionName=f"nodback-local-{name}", Payload=payload)
    return json.loads(json.loads(answered["Payload"].read())["body"])


def test_a_folder_in_use_is_refused(stack: EmbeddedStack, home: Path, code: Code):
    with pytest.raises(StackInUse):
        EmbeddedStack.start(home, code=code)


def test_a_refused_template_tells_the_resource_and_the_reason(stack: EmbeddedStack, tmp_path: Path):
    no_hash_key = {"AttributeDefinitions": [], "KeySchema": [], "BillingMode": "PAY_PER_REQUEST"}
    broken = {"Resources": {"Wrong": {"Type": "AWS::SES::ReceiptRule", "Properties": no_hash_key}}}
    artifact = {"type": "aws:cloudformation:stack"}
    (tmp_path / "broken.template.json").write_text(json.dumps(broken))
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"broken": artifact}}))
    destination = {"here": {"objectKey": "broken.json"}}
    asset = {"source": {"path": "broken.template.json", "packaging": "file"}, "destinations": destination}
    (tmp_path / "broken.assets.json").write_text(json.dumps({"files": {"x": asset}}))

    with pytest.raises(DeployFailed, match="broken"):
        deploy(tmp_path, stack.addresses.endpoint_url, parameters={}, tags={})


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_end_leaves_state_on_disk_and_no_process_behind(
    way: signal.Signals, home: Path, code: Code, first_start: Mapping
):
    arguments = ["--home", home, "--functions", code.functions, "--core", code.core]
    running = subprocess.Popen(
        [sys.executable, "-m", "infra.local", *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout
    with running.stdout as lines:
        assert any(line.startswith("up at ") for line in iter(lines.readline, ""))
        known = json.loads((home / "stack.json").read_text())
        (home / "state" / "cloudformation.json").unlink()
        running.send_signal(way)
        assert lines.read() == "stopped\n"
        assert running.wait(30) == 0

    assert not is_alive(known["emulator_pid"])
    assert (home / "state" / "cloudformation.json").is_file()
