"""A deployment: a flow application registered with Nodback, its keys, and the install that it belongs to."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nodback_core.domain.shared.entries import ChainRow, Head
from nodback_core.domain.shared.records import Key, Row

MAX_KEY_ID_CHARACTERS = 64
"""A longer text is never the id of a key; DynamoDB would refuse it in the key of a row."""


class Scope(StrEnum):
    """What a key may do; each key has exactly one."""

    FLOW = "flow"
    RESPOND = "respond"
    MANAGE = "manage"
    INSTALL = "install"


@dataclass(frozen=True, slots=True)
class Install(Row):
    """The one row that hands out deployment ids."""

    last_deployment_id: int = 0
    version: int = 0

    @property
    def key(self) -> "Key[Install]":
        return Install.at()

    @staticmethod
    def at() -> "Key[Install]":
        return Key(Install, "install", "install")


@dataclass(frozen=True, slots=True)
class Deployment(ChainRow):
    deployment_id: int
    organization_id: int
    name: str
    creator_email: str
    created_at: datetime
    settings: str = "{}"
    """The settings as JSON of settings.py; an empty document means the defaults."""
    settings_version: int = 1
    webhook_events: tuple[str, ...] = ()
    """The events that at least one active webhook listens to; new requests copy them."""
    last_seq: int = 0
    head_hash: str = ""
    version: int = 0

    @property
    def subject(self) -> str:
        return f"deployment/{self.deployment_id}"

    @property
    def head(self) -> Head:
        return Head(self.organization_id, self.deployment_id, self.subject, self.last_seq, self.head_hash)

    @property
    def key(self) -> "Key[Deployment]":
        return Deployment.at(self.deployment_id)

    @staticmethod
    def at(deployment_id: int) -> "Key[Deployment]":
        return Key(Deployment, "deployments", f"{deployment_id:010d}")


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """Randomness for one key: a short id and a long secret, both of letters and digits."""

    key_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class ApiKey(Row):
    """A key of one deployment; only the digest of its secret is kept."""

    deployment_id: int
    key_id: str
    name: str
    scope: Scope
    secret_digest: str
    created_at: datetime
    revoked_at: datetime | None = None
    version: int = 0

    @property
    def key(self) -> "Key[ApiKey]":
        return ApiKey.at(self.deployment_id, self.key_id)

    @staticmethod
    def at(deployment_id: int, key_id: str) -> "Key[ApiKey]":
        return Key(ApiKey, f"deployment/{deployment_id}", f"key/{key_id}")

    def is_secret(self, secret: str) -> bool:
        """Whether `secret` belongs to this key, compared in constant time."""
        return hmac.compare_digest(self.secret_digest, digest_secret(secret))


def digest_secret(secret: str) -> str:
    """The digest of a key's secret. One SHA-256 is enough, since the secret is random and long."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key as its holder sends it: ``nodback_<scope>_<deployment>_<key id>_<secret>``."""

    scope: Scope
    deployment_id: int
    key_id: str
    secret: str

    def __str__(self) -> str:
        return f"nodback_{self.scope}_{self.deployment_id}_{self.key_id}_{self.secret}"

    def __repr__(self) -> str:
        return f"KeyText({self.scope}, {self.deployment_id}, {self.key_id}, ***)"

    @staticmethod
    def read(text: str) -> "KeyText | None":
        """The parts of a key; None when the text is not the key of a deployment."""
        parts = text.split("_", 4)
        if len(parts) != 5 or parts[0] != "nodback" or parts[1] not in set(Scope) or not parts[4]:
            return None
        if not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) <= 10):
            return None
        if not (parts[3].isascii() and 0 < len(parts[3]) <= MAX_KEY_ID_CHARACTERS):
            return None
        return KeyText(Scope(parts[1]), int(parts[2]), parts[3], parts[4])
