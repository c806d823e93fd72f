"""Seals: signatures, the chain from one to the next, and what each says of the heads of one deployment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nodback.verify.hashes import SEAL_FORMAT, canonical, digest, leaf, root_by_path, seal_genesis, tree_root
from nodback.verify.report import Kept, Known, Report, Tampered, Unreadable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

FIELDS = {"digest", "signature", "deployments", "heads"}
INSTALL_HINT = "checking signatures needs the package cryptography: pip install cryptography"


@dataclass(frozen=True)
class PublicKey:
    """The key that seals are signed with."""

    fingerprint: str
    _key: "EllipticCurvePublicKey" = field(repr=False)

    @classmethod
    def read(cls, text: object) -> "PublicKey":
        """From hex digits of its DER form. Raises Tampered when it is no P-256 key, Unreadable without cryptography."""
        try:
            from cryptography.exceptions import UnsupportedAlgorithm
            from cryptography.hazmat.primitives.asymmetric import ec
            from cryptography.hazmat.primitives.serialization import load_der_public_key
        except ImportError:
            raise Unreadable(INSTALL_HINT) from None
        try:
            data = _bytes(text)
            key = load_der_public_key(data)
        except (ValueError, UnsupportedAlgorithm):
            raise Tampered("public key", "it cannot be read") from None
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise Tampered("public key", "it is not a key on the curve P-256")
        return cls(digest(data), key)

    def has_signed(self, message: bytes, signature: object) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        try:
            data = _bytes(signature)
            self._key.verify(data, message, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def check_seal(seal: Mapping[str, Any], key: PublicKey, organization_id: object) -> dict[str, Any]:
    """The digest of a seal whose signature holds. Raises Tampered."""
    document = seal.get("digest")
    if not isinstance(document, dict) or not isinstance(document.get("number"), int):
        raise Tampered("seal", "it has no digest")
    name = f"seal {document['number']}"
    try:
        message = canonical(document)
    except ValueError:
        raise Tampered(name, "its digest holds what no digest can hold") from None
    if not key.has_signed(message, seal.get("signature")):
        raise Tampered(name, "its signature does not belong to it")
    if document.get("key") != key.fingerprint:
        raise Tampered(name, "it was signed with another key than it says")
    if document.get("format") != SEAL_FORMAT or document.get("organization_id") != organization_id:
        raise Tampered(name, "it belongs to another install")
    if document["number"] < 1:
        raise Tampered(name, "seals are counted from 1")
    if document["number"] == 1 and document.get("previous") != seal_genesis(document["organization_id"]):
        raise Tampered(name, "it is the first and must follow nothing")
    return document


def compare_with_known(document: Mapping[str, Any], known: Known, report: Report) -> None:
    """Hold a seal against those that were kept: itself, the one before it, the one after it. Raises Tampered.

    The signature of a seal proves nothing against somebody who may sign; only the link to a kept seal does.
    """
    number, made = document["number"], digest(canonical(document))
    if number in known.seals:
        if known.seals[number] != made:
            raise Tampered(f"seal {number}", "it is not the one that you have kept")
        report.compared += 1
    if number - 1 in known.seals:
        if known.seals[number - 1] != document.get("previous"):
            raise Tampered(f"seal {number}", "it does not follow the seal that you have kept")
        report.adjoins = True
    if known.follows is not None and known.follows[0] == number:
        if known.follows[1] != made:
            raise Tampered(f"seal {number}", "it is not the one that the seals you have kept follow")
        report.adjoins = True


@dataclass
class SealChain:
    """Walks the seals of an export in order and gathers the heads of one deployment."""

    key: PublicKey
    organization_id: int
    deployment_id: int
    first: int
    known: Known
    report: Report
    kept: Kept = field(default_factory=Kept)
    heads: dict[str, dict[int, str]] = field(default_factory=dict)
    """By subject: the sealed hash of each sealed number."""
    moved_since: set[str] = field(default_factory=set)
    """Subjects that were sealed after everything that was kept."""
    last_hash: str = ""
    _number: int = 0

    def add(self, seal: Mapping[str, Any]) -> None:
        """Check the next seal. Raises Tampered."""
        document = check_seal(seal, self.key, self.organization_id)
        number = document["number"]
        expected = self._number + 1 if self.last_hash else self.first
        if number != expected:
            raise Tampered(f"seal {expected}", f"it is missing: seal {number} stands in its place")
        if set(seal) != FIELDS:
            raise Tampered(f"seal {number}", "it says more than a seal says")
        if self.last_hash and document.get("previous") != self.last_hash:
            raise Tampered(f"seal {number}", "it does not follow the seal before it")
        compare_with_known(document, self.known, self.report)
        self._gather(seal, document)
        self.last_hash, self._number = digest(canonical(document)), number
        self.report.seals += 1
        self.report.span = self.first, number
        self.kept.seals[number] = self.last_hash
        if number == self.first > 1:
            self.kept.follows = number - 1, str(document.get("previous"))

    def _gather(self, seal: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        name = f"seal {document['number']}"
        try:
            deployments = [tuple(item) for item in seal["deployments"]]
            heads = [(str(subject), int(seq), str(value)) for subject, seq, value in seal["heads"]]
            if tree_root([leaf(list(item)) for item in deployments]) != document["root"]:
                raise Tampered(name, "its list of deployments is not the one that was sealed")
            own = [item for item in deployments if item[0] == self.deployment_id]
            sealed = (own[0][1], own[0][2]) if own else (0, tree_root([]))
            if (len(heads), tree_root([leaf(list(head)) for head in heads])) != sealed:
                raise Tampered(name, "its heads are not the ones that were sealed")
        except (KeyError, TypeError, ValueError):
            raise Tampered(name, "its heads cannot be read") from None
        for subject, seq, value in heads:
            self.heads.setdefault(subject, {})[seq] = value
        if self.known.seals and document["number"] > max(self.known.seals):
            self.moved_since.update(subject for subject, _, _ in heads)


def check_inclusion(
    seal: Mapping[str, Any], document: Mapping[str, Any], deployment_id: object
) -> tuple[str, int, str]:
    """The head that a receipt's seal covers: (subject, number, hash). Raises Tampered."""
    name = f"seal {document['number']}"
    try:
        subject, seq, value = seal["head"]
        number, count, root = seal["deployment"]
        inner, outer = seal["path"], seal["deployment_path"]
        if root_by_path(leaf([subject, seq, value]), inner["index"], count, _hashes(inner)) != root:
            raise Tampered(name, "the head is not among those of its deployment")
        top = root_by_path(leaf([number, count, root]), outer["index"], document["deployments"], _hashes(outer))
        if top != document["root"] or number != deployment_id:
            raise Tampered(name, "the deployment is not among those that were sealed")
    except (KeyError, TypeError, ValueError):
        raise Tampered(name, "its proof cannot be read") from None
    return str(subject), int(seq), str(value)


def _hashes(path: Mapping[str, Any]) -> list[bytes]:
    if set(path) != {"index", "hashes"}:
        raise ValueError("a path says more than a path says")
    return [_bytes(item) for item in path["hashes"]]


def _bytes(text: object) -> bytes:
    """Hex digits in their one form: another that means the same would be a change that nobody sees."""
    if not isinstance(text, str) or bytes.fromhex(text).hex() != text:
        raise ValueError("bytes are written in small hex digits")
    return bytes.fromhex(text)
