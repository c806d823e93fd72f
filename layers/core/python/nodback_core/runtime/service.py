"""The service as one object: every dependency of the use cases, made when first needed, replaceable by keyword."""

import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import uuid4

from nodback_core.domain.deployments.deployment import KeyMaterial
from nodback_core.domain.shared import labels
from nodback_core.domain.shared.key_ring import KeyRing, ring_from_secret
from nodback_core.runtime.clients import client
from nodback_core.runtime.environment import Environment, read_environment
from nodback_core.runtime.logs import report_unreadable
from nodback_core.runtime.rings import UNKNOWN_KEY_SECONDS, Rotation, WatchedRing, rotate_ring

if TYPE_CHECKING:
    from nodback_core.ports import Bus, Mailer, Objects, Queue, Storage, Store, Vault
    from nodback_core.runtime.tokens import Tokens
    from nodback_core.usecases.audit.seal import Archive
    from nodback_core.usecases.letters.post import Post, Sender

SECRET_SECONDS = 300
"""How long a warm function uses a secret before it reads it again: a rotated key works everywhere after that."""
RING_SECRET_CHARACTERS = 64
KEY_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass
class Service:
    """Wires the AWS adapters; a test gives its own by assigning the attribute."""

    environment: Environment
    _secrets: dict[str, tuple[float, str]] = field(default_factory=dict, repr=False)

    @cached_property
    def store(self) -> "Store":
        from nodback_core.adapters.dynamodb.store import DynamoDbStore

        tables = self.environment.requests_table, self.environment.audit_table
        return DynamoDbStore(client("dynamodb"), *tables, report=report_unreadable)

    @cached_property
    def vault(self) -> "Vault":
        from nodback_core.adapters.kms import KmsMasterKey
        from nodback_core.adapters.vault import AesVault, KeptKeys

        self.environment.need("kms_key_id")
        master = KeptKeys(KmsMasterKey(client("kms"), self.environment.kms_key_id), time.monotonic)
        return AesVault(master, secrets.token_bytes)

    @cached_property
    def objects(self) -> "Objects":
        from nodback_core.adapters.s3 import S3Objects

        self.environment.need("bucket")
        return S3Objects(client("s3"), self.environment.bucket)

    @property
    def storage(self) -> "Storage":
        """Store, vault and objects, for what reads or writes texts."""
        from nodback_core.ports import Storage

        return Storage(self.store, self.vault, self.objects)

    @cached_property
    def archive(self) -> "Archive":
        from nodback_core.adapters.kms import KmsSigner
        from nodback_core.adapters.s3 import S3Objects
        from nodback_core.usecases.audit.seal import Archive

        env = self.environment.need("seal_bucket", "seal_key_id")
        return Archive(S3Objects(client("s3"), env.seal_bucket), KmsSigner(client("kms"), env.seal_key_id))

    @cached_property
    def export_queue(self) -> "Queue":
        from nodback_core.adapters.sqs import SqsQueue

        self.environment.need("export_queue")
        return SqsQueue(client("sqs"), self.environment.export_queue)

    @cached_property
    def bus(self) -> "Bus":
        from nodback_core.adapters.eventbridge import EventBridgeBus

        self.environment.need("bus_name")
        return EventBridgeBus(client("events"), self.environment.bus_name)

    @cached_property
    def mailer(self) -> "Mailer":
        from nodback_core.adapters.ses import SesMailer

        return SesMailer(client("ses"), self.environment.region, self.environment.configuration_set or None)

    @cached_property
    def webhook_queue(self) -> "Queue":
        from nodback_core.adapters.sqs import SqsQueue

        self.environment.need("webhook_queue")
        return SqsQueue(client("sqs"), self.environment.webhook_queue)

    @property
    def ring(self) -> KeyRing:
        arn = self.environment.need("key_ring_secret").key_ring_secret
        ring = ring_from_secret(self.secret(arn))

        def reread() -> KeyRing:
            return ring_from_secret(self.secret(arn, older_than_seconds=UNKNOWN_KEY_SECONDS))

        return WatchedRing(ring.current, ring.keys, reread=reread)

    @property
    def install_key(self) -> str:
        self.environment.need("install_key_secret")
        return self.secret(self.environment.install_key_secret)

    @property
    def sender(self) -> "Sender":
        from nodback_core.usecases.letters.post import Sender

        env = self.environment.need("mail_from", "inbound_domain")
        return Sender(env.mail_from_name, env.mail_from, env.inbound_domain, env.public_url)

    @property
    def post(self) -> "Post":
        from nodback_core.usecases.letters.post import Post

        return Post(self.storage, self.mailer, self.ring, self.sender)

    @property
    def tokens(self) -> "Tokens":
        from nodback_core.runtime.tokens import Tokens

        # As for callback URLs: the address of an install may change while a link is under way.
        return Tokens(labels.issuer(self.environment.stage), self.ring)

    def rotate_ring(self, after_days: float) -> Rotation:
        """Give the key ring a fresh signing key when the current one has signed for so long."""
        arn = self.environment.need("key_ring_secret").key_ring_secret
        fresh = _random_text(RING_SECRET_CHARACTERS)
        return rotate_ring(client("secretsmanager"), arn, after_days=after_days, new_secret=fresh, now=self.now())

    def secret(self, arn: str, *, older_than_seconds: float = SECRET_SECONDS) -> str:
        """A secret's text, read again when what is known of it is older than that."""
        known = self._secrets.get(arn)
        if known is None or time.monotonic() - known[0] > older_than_seconds:
            text = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
            known = self._secrets[arn] = (time.monotonic(), text)
        return known[1]

    def now(self) -> datetime:
        """This moment, in whole milliseconds, as it is stored."""
        moment = datetime.now(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def new_id(self) -> str:
        return str(uuid4())

    def random_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)

    def browser_secret(self) -> str:
        """What a browser is given to prove that it was the one that asked."""
        return secrets.token_urlsafe(24)

    def key_material(self) -> KeyMaterial:
        """Randomness for one API key: 50 bits of id, 248 bits of secret."""
        return KeyMaterial(_random_text(10), _random_text(48))


def _random_text(length: int) -> str:
    return "".join(secrets.choice(KEY_ALPHABET) for _ in range(length))


_service: Service | None = None


def get_service(variables: Mapping[str, str] | None = None) -> Service:
    """The process's one service, from the environment; made at the first call."""
    global _service
    if _service is None:
        _service = Service(read_environment(os.environ if variables is None else variables))
    return _service


def use_service(replacement: Service | None) -> None:
    """Let a test put its own service in place; None forgets it."""
    global _service
    _service = replacement
