"""The signer: an asymmetric key that never leaves its keeper."""

from typing import Protocol


class Signer(Protocol):
    def sign(self, message: bytes) -> bytes:
        """An ECDSA signature over P-256 and SHA-256, DER-encoded."""

    def public_key(self) -> bytes:
        """The public key as DER (SubjectPublicKeyInfo)."""
