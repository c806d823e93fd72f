"""The master key in AWS KMS: data keys bound to their owner by the encryption context."""

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from nodback_core.ports import DataKey

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

DATA_KEY_BYTES = 32


@dataclass(frozen=True)
class KmsMasterKey:
    client: "KMSClient"
    key_id: str

    def create(self, owner: str) -> DataKey:
        made = self.client.generate_data_key(
            KeyId=self.key_id, NumberOfBytes=DATA_KEY_BYTES, EncryptionContext={"owner": owner}
        )
        return DataKey(owner, made["CiphertextBlob"], made["Plaintext"])

    def open(self, owner: str, wrapped: bytes) -> DataKey:
        try:
            opened = self.client.decrypt(KeyId=self.key_id, CiphertextBlob=wrapped, EncryptionContext={"owner": owner})
        except ClientError as error:
            if error.response["Error"]["Code"] in ("InvalidCiphertextException", "IncorrectKeyException"):
                raise ValueError("this data key belongs to another owner or was altered") from None
            raise
        return DataKey(owner, wrapped, opened["Plaintext"])


@dataclass(frozen=True)
class KmsSigner:
    """An asymmetric key (ECC_NIST_P256) in AWS KMS."""

    client: "KMSClient"
    key_id: str
    _known: list[bytes] = field(default_factory=list, repr=False)

    def sign(self, message: bytes) -> bytes:
        # A digest, since a message may have no more than 4096 bytes.
        digest = hashlib.sha256(message).digest()
        return self.client.sign(
            KeyId=self.key_id, Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
        )["Signature"]

    def public_key(self) -> bytes:
        if not self._known:
            self._known.append(self.client.get_public_key(KeyId=self.key_id)["PublicKey"])
        return self._known[0]
