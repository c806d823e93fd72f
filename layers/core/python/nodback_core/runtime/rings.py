"""The key ring in a warm function, and its rotation: a fresh key signs, the old ones still check what they signed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from nodback_core.domain.deployments.settings import MAX_REPLY_TOKEN_HOURS
from nodback_core.domain.shared import labels
from nodback_core.domain.shared.key_ring import KEY_IDS, KeyRing, Purpose, ring_from_secret, rotate

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

UNKNOWN_KEY_SECONDS = 5
"""How often, at most, an unknown key id makes a function read the ring again: anybody can invent one."""


@dataclass(frozen=True)
class WatchedRing(KeyRing):
    """A ring that is read again when a token names a key that it lacks: it may have been rotated a moment ago."""

    reread: Callable[[], KeyRing] = field(kw_only=True, repr=False, compare=False)

    def key_for(self, purpose: Purpose, kid: int | None = None) -> bytes | None:
        known = super().key_for(purpose, kid)
        if known is not None or kid is None or kid not in KEY_IDS:
            return known
        return self.reread().key_for(purpose, kid)


@dataclass(frozen=True)
class Rotation:
    """What a run found: which key signs, since when, how many keys the ring holds, and whether this run changed it."""

    rotated: bool
    current: int
    keys: int
    since: datetime


def rotate_ring(
    client: "SecretsManagerClient", secret_id: str, *, after_days: float, new_secret: str, now: datetime
) -> Rotation:
    """Give the ring a fresh signing key once the current one has signed for `after_days`; 0 does it at once.

    Two runs at a time make one key: both name their version after the one that they have read. Raises KeyRingFull.
    """
    held = client.get_secret_value(SecretId=secret_id)
    if now < held["CreatedDate"] + timedelta(days=after_days):
        return _found(held["SecretString"], held["CreatedDate"], rotated=False)
    document = rotate(
        held["SecretString"], new_secret=new_secret, now=now, longest_token_days=MAX_REPLY_TOKEN_HOURS / 24
    )
    version = str(uuid5(NAMESPACE_URL, labels.KEY_RING_VERSION + held["VersionId"]))
    try:
        client.put_secret_value(SecretId=secret_id, SecretString=document, ClientRequestToken=version)
    except client.exceptions.ResourceExistsException:
        return _found(client.get_secret_value(SecretId=secret_id)["SecretString"], now, rotated=False)
    return _found(document, now, rotated=True)


def _found(document: str, since: datetime, *, rotated: bool) -> Rotation:
    ring = ring_from_secret(document)
    return Rotation(rotated, ring.current, len(ring.keys), since)
