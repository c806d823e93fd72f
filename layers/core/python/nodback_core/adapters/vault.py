"""Sealing with AES-256-GCM under the data keys of a master key."""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nodback_core.domain.shared import labels
from nodback_core.ports import DataKey, MasterKey

NONCE_BYTES = 12
KEYS_KEPT = 256
KEY_SECONDS = 300
"""How long a warm function holds an opened data key; the row that says it was destroyed is read before each use."""


@dataclass
class KeptKeys:
    """A master key whose newest data keys are kept for a while: most functions use one several times."""

    master: MasterKey
    clock: Callable[[], float]
    _kept: OrderedDict[tuple[str, bytes], tuple[float, DataKey]] = field(default_factory=OrderedDict, repr=False)

    def create(self, owner: str) -> DataKey:
        return self._keep(self.master.create(owner))

    def open(self, owner: str, wrapped: bytes) -> DataKey:
        known = self._kept.get((owner, wrapped))
        if known is not None and self.clock() - known[0] < KEY_SECONDS:
            return known[1]
        return self._keep(self.master.open(owner, wrapped))

    def _keep(self, key: DataKey) -> DataKey:
        self._kept[key.owner, key.wrapped] = (self.clock(), key)
        self._kept.move_to_end((key.owner, key.wrapped))
        while len(self._kept) > KEYS_KEPT:
            self._kept.popitem(last=False)
        return key


@dataclass(frozen=True)
class AesVault:
    """The vault over any master key; each sealed text carries its own random nonce in front."""

    master: MasterKey
    random: Callable[[int], bytes]

    def create(self, owner: str) -> DataKey:
        return self.master.create(owner)

    def open(self, owner: str, wrapped: bytes) -> DataKey:
        return self.master.open(owner, wrapped)

    def seal(self, key: DataKey, name: str, plain: bytes) -> bytes:
        nonce = self.random(NONCE_BYTES)
        return nonce + AESGCM(key.secret).encrypt(nonce, plain, f"{key.owner}/{name}".encode())

    def unseal(self, key: DataKey, name: str, sealed: bytes) -> bytes:
        try:
            return AESGCM(key.secret).decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], f"{key.owner}/{name}".encode()
            )
        except InvalidTag:
            raise ValueError("this content belongs to another name or was altered") from None

    def salt(self, key: DataKey) -> bytes:
        return hmac.new(key.secret, labels.TEXT_DIGEST, hashlib.sha256).digest()
