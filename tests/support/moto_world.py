"""The world with the adapters that go to AWS, on moto; only time and the bus's delivery are the test's own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import boto3
from moto import mock_aws

from nodback_core.adapters.dynamodb.store import DynamoDbStore
from nodback_core.adapters.eventbridge import EventBridgeBus
from nodback_core.adapters.kms import KmsMasterKey
from nodback_core.adapters.memory import SentMessage
from nodback_core.adapters.s3 import S3Objects
from nodback_core.adapters.ses import SesMailer
from nodback_core.adapters.vault import AesVault
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.records import Record
from nodback_core.ports import Event
from support.tables import AUDIT_TABLE, REQUESTS_TABLE, create_tables
from support.world import World

REGION = "us-east-1"
BUCKET, BUS, SENDER = "nodback-test-content", "nodback-test", "nodback@nodback.test"


class Streaming:
    """A store whose stream is read at once."""

    def __init__(self, store: DynamoDbStore):
        self.store = store
        self.on_entries = lambda entries: None

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    def commit(
        self, records: Sequence[Record], entries: Sequence[Entry] = (), *, removals: Sequence[Record] = ()
    ) -> None:
        self.store.commit(records, entries, removals=removals)
        if entries:
            self.on_entries(entries)


@dataclass
class KeptMailer:
    """Sends by SES, and keeps a copy of what it sent."""

    mailer: SesMailer
    sent: list[SentMessage] = field(default_factory=list)

    def send(self, message: bytes, *, sender: str, to: str, tags: Mapping[str, str]) -> str:
        message_id = self.mailer.send(message, sender=sender, to=to, tags=tags)
        self.sent.append(SentMessage(message_id, message, sender, to, dict(tags)))
        return message_id


@dataclass
class KeptBus:
    """Puts events on EventBridge, and keeps them to be delivered as the test likes."""

    bus: EventBridgeBus
    events: list[Event] = field(default_factory=list)

    def publish(self, events: Sequence[Event]) -> None:
        self.bus.publish(events)
        self.events.extend(events)


@dataclass(frozen=True)
class Clients:
    dynamodb: object
    s3: object
    kms: object
    ses: object
    events: object
    key_id: str

    def world(self) -> World:
        """A new world on empty tables."""
        for table in self.dynamodb.list_tables()["TableNames"]:
            self.dynamodb.delete_table(TableName=table)
        create_tables(self.dynamodb)
        store = DynamoDbStore(self.dynamodb, REQUESTS_TABLE, AUDIT_TABLE, sleep=lambda _: None)
        world = World(
            store=Streaming(store),
            objects=S3Objects(self.s3, BUCKET),
            mailer=KeptMailer(SesMailer(self.ses, REGION, None)),
            bus=KeptBus(EventBridgeBus(self.events, BUS)),
        )
        world.vault = AesVault(KmsMasterKey(self.kms, self.key_id), world.random.randbytes)
        return world


@contextmanager
def clients() -> Iterator[Clients]:
    """AWS on moto, with a bucket, a key, a bus and a verified sender."""
    with mock_aws():
        session = boto3.Session("testing", "testing", region_name=REGION)
        made = {name: session.client(name) for name in ("dynamodb", "s3", "kms", "ses", "events")}
        made["s3"].create_bucket(Bucket=BUCKET)
        made["ses"].verify_domain_identity(Domain="nodback.test")
        made["ses"].verify_email_identity(EmailAddress=SENDER)
        made["events"].create_event_bus(Name=BUS)
        yield Clients(**made, key_id=made["kms"].create_key()["KeyMetadata"]["KeyId"])
