"""The real functions over emulated AWS, with every AWS call written down by the function that made it.

Events go the way that the template lays out: an entry's stream record to `relay`, its event to the rules and on to
their targets. Each invocation runs in a process of its own that has read its secrets before (they are kept for minutes)
and nothing else: so data keys are opened anew, as they are when mails and replies are hours apart.
"""

import importlib
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from mails.arrived import as_stored, signature
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from nodback_core.adapters.dynamodb.items import entry_of
from nodback_core.domain.audit.trail import actions_that, is_event
from nodback_core.domain.reviews.deadlines import OVERDUE_EVENT
from nodback_core.domain.reviews.happenings import Opened
from nodback_core.domain.shared.entries import Action
from nodback_core.runtime import clients
from nodback_core.runtime.environment import read_environment
from nodback_core.runtime.service import Service, use_service
from nodback_core.usecases.shared.relay import event_of
from support.tables import AUDIT_TABLE, REQUESTS_TABLE, create_tables

REGION = "us-east-1"
BUCKET = "nodback-test-content"
SENDER = "nodback@nodback.test"
SERVICES = ("dynamodb", "events", "kms", "s3", "secretsmanager", "ses")
MACHINE = json.loads((Path(__file__).parents[2] / "infra/deadlines.asl.json").read_text())
# What the rules of the template match; tests/infra holds the template to these.
NOTIFIED = frozenset(actions_that(lambda kind: kind.calls_for_mail))
WAITED_FOR = frozenset({Opened.action.value, OVERDUE_EVENT})
CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=512,
    invoked_function_arn=f"arn:aws:lambda:{REGION}:{DEFAULT_ACCOUNT_ID}:function:f",
    aws_request_id="1",
)


@dataclass(frozen=True)
class Call:
    """One AWS call: who made it, for what step of the story, and its name such as ``dynamodb GetItem``."""

    step: str
    function: str
    name: str


@dataclass
class AwsWorld:
    """One install on emulated AWS; `calls` and `transitions` are what it has used so far."""

    variables: Mapping[str, str]
    install_key: str
    calls: list[Call] = field(default_factory=list)
    transitions: dict[str, int] = field(default_factory=dict)
    step: str = ""
    _function: str = ""
    _relayed: dict[str, int] = field(default_factory=dict)
    _secrets: dict[str, dict[str, tuple[float, str]]] = field(default_factory=dict)

    def note(self, model: Any, **_: object) -> None:
        """The hook on every client."""
        if self._function:
            self.calls.append(Call(self.step, self._function, f"{model.service_model.service_name} {model.name}"))

    def invoke(self, function: str, event: Mapping[str, object]) -> Any:
        """One invocation of a function, in a process that knows its secrets and nothing else."""
        handler = importlib.import_module(f"functions.{function}.handler").handler
        made = Service(read_environment(self.variables), self._secrets.setdefault(function, {}))
        before, self._function = self._function, function
        use_service(made)
        try:
            return handler(event, CONTEXT)
        finally:
            use_service(None)
            self._function = before

    def api(self, method: str, path: str, key: str, body: object = None) -> Any:
        """One call of the API; returns the body's value."""
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"content-type": "application/json", "authorization": f"Bearer {key}"},
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default", "requestId": "1"},
            "isBase64Encoded": False,
            **({} if body is None else {"body": json.dumps(body)}),
        }
        answer = self.invoke("api", event)
        assert answer["statusCode"] < 300, answer
        return json.loads(answer["body"]) if answer.get("body") else None

    def stream(self, request_id: str) -> None:
        """The audit stream and the bus deliver what has been written about a request, until nothing is left."""
        while entries := self._new_entries(f"request/{request_id}"):
            told = [item for item in entries if is_event(Action(item["action"]["S"]))]
            if told:
                self.invoke("relay", {"Records": [{"dynamodb": {"NewImage": item}} for item in told]})
            for event in (event_of(entry_of(item)) for item in told):
                if event.name in NOTIFIED:
                    self.invoke("notify", {"detail-type": event.name, "detail": dict(event.detail)})
                if event.name in WAITED_FOR and "wake_at" in event.detail:
                    self.transitions.setdefault(request_id, 0)

    def _new_entries(self, subject: str) -> list[Any]:
        found = boto3.client("dynamodb", region_name=REGION).query(
            TableName=AUDIT_TABLE,
            KeyConditionExpression="subject = :s AND seq > :n",
            ExpressionAttributeValues={":s": {"S": subject}, ":n": {"N": str(self._relayed.get(subject, 0))}},
        )["Items"]
        if found:
            self._relayed[subject] = int(found[-1]["seq"]["N"])
        return found

    def run_machine(self, request_id: str, wake_at: str) -> None:
        """One execution as the definition says, each wait over at once; transitions are counted as they are billed:
        one into each state, and one out of the last."""
        given: dict[str, object] = {"request_id": request_id, "wake_at": wake_at}
        name, count = MACHINE["StartAt"], 1
        while True:
            state = MACHINE["States"][name]
            count += 1
            if state["Type"] == "Task":
                given = self.invoke("deadline", given)
            if state["Type"] == "Succeed":
                break
            if state["Type"] == "Choice":
                (choice,) = state["Choices"]
                present = choice["Variable"].removeprefix("$.") in given
                name = choice["Next"] if present == choice["IsPresent"] else state["Default"]
            else:
                name = state["Next"]
        self.transitions[request_id] = self.transitions.get(request_id, 0) + count

    def reply(self, text: str) -> None:
        """The reader of the newest mail answers it: SES stores the message and invokes the function."""
        asked = message_from_bytes(self.mails()[-1].encode(), policy=policy.default)
        to = asked["Reply-To"].addresses[0].addr_spec
        sender = str(asked["To"].addresses[0].addr_spec)
        message_id = secrets.token_hex(8)
        domain, date = sender.rpartition("@")[2], format_datetime(datetime.now(UTC))
        head = f"From: {sender}\r\nTo: {to}\r\nSubject: Re: x\r\nDate: {date}\r\nMessage-ID: <{message_id}@a.com>\r\n"
        stored = as_stored(f"{signature(domain)}{head}\r\n{text}\r\n".encode(), envelope_from=sender)
        boto3.client("s3", region_name=REGION).put_object(Bucket=BUCKET, Key=f"inbound/{message_id}", Body=stored)
        verdicts = {f"{name}Verdict": {"status": "PASS"} for name in ("spam", "virus", "spf", "dkim", "dmarc")}
        receipt = {"recipients": [to], **verdicts}
        self.invoke("inbound_mail", {"Records": [{"ses": {"mail": {"messageId": message_id}, "receipt": receipt}}]})

    def mails(self) -> list[str]:
        """Every mail that was sent, raw."""
        return [m.raw_data for m in ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages]


@contextmanager
def aws_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsWorld]:
    """An install on emulated AWS, gone when the block is left."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "CRITICAL")
    with mock_aws():
        clients._made.cache_clear()
        made = {name: boto3.client(name, region_name=REGION) for name in SERVICES}
        create_tables(made["dynamodb"])
        made["s3"].create_bucket(Bucket=BUCKET)
        made["ses"].verify_email_identity(EmailAddress=SENDER)
        made["events"].create_event_bus(Name="nodback-test")
        install_key = "nodback_install_" + "i" * 48
        ring = json.dumps({"kid": 1, "secret": "r" * 64})
        variables = {
            "NODBACK_STAGE": "test",
            "AWS_REGION": REGION,
            "NODBACK_ORGANIZATION_ID": "1",
            "NODBACK_REQUESTS_TABLE": REQUESTS_TABLE,
            "NODBACK_AUDIT_TABLE": AUDIT_TABLE,
            "NODBACK_BUCKET": BUCKET,
            "NODBACK_KMS_KEY_ID": made["kms"].create_key()["KeyMetadata"]["KeyId"],
            "NODBACK_KEY_RING_SECRET_ARN": made["secretsmanager"].create_secret(Name="r", SecretString=ring)["ARN"],
            "NODBACK_INSTALL_KEY_SECRET_ARN": made["secretsmanager"].create_secret(Name="i", SecretString=install_key)[
                "ARN"
            ],
            "NODBACK_BUS_NAME": "nodback-test",
            "NODBACK_INBOUND_DOMAIN": "reply.nodback.test",
            "NODBACK_MAIL_FROM": SENDER,
            "NODBACK_PUBLIC_URL": "https://nodback.test",
        }
        world = AwsWorld(variables, install_key)
        for name in SERVICES:
            clients.client(name).meta.events.register("before-call.*.*", world.note)  # type: ignore[call-overload]
        try:
            yield world
        finally:
            clients._made.cache_clear()
