"""Sealing with AES-256-GCM under the data keys of a master key."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from signoff_core.ports import DataKey, MasterKey

NONCE_BYTES = 12
SALT_LABEL = b"signoff/text-digest/1"


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
        return hmac.new(key.secret, SALT_LABEL, hashlib.sha256).digest()
