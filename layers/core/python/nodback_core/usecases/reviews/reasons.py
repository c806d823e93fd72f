"""Why somebody reassigned or cancelled: sealed like every text, with only its digest in the trail."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nodback_core.domain.audit.trail import readable
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind
from nodback_core.domain.reviews.happenings import Cancelled, Reassigned
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Entry, text_digest
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.domain.shared.records import Key, Record
from nodback_core.ports import DataKey, Objects, Store, Vault
from nodback_core.usecases.shared.contents import open_key, read_content, seal_content

MAX_REASON_CHARACTERS = 2000
REASON_DIGEST = "reason_digest"
"""The name of the digest in the entry; an entry that has it has a reason."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason before its entry has a number, and the key of the request that it is sealed with; no text, no key."""

    text: str | None
    key: DataKey | None

    def facts(self, vault: Vault) -> dict[str, Json]:
        """What the entry says of it."""
        if self.text is None or self.key is None:
            return {}
        return {REASON_DIGEST: text_digest(vault.salt(self.key), self.text)}

    def sealed(self, request_id: str, seq: int, *, vault: Vault, objects: Objects) -> tuple[Content, ...]:
        """The content to write beside entry `seq`."""
        if self.text is None or self.key is None:
            return ()
        return (
            seal_content(
                ContentKind.REASON,
                self.text,
                request_id=request_id,
                key=self.key,
                vault=vault,
                objects=objects,
                seq=seq,
            ),
        )


def checked_reason(text: str | None) -> str | None:
    """The reason without space around it, None when it is blank; raises InvalidInput for too much."""
    reason = (text or "").strip()
    if len(reason) > MAX_REASON_CHARACTERS:
        raise InvalidInput((FieldError("reason", f"at most {MAX_REASON_CHARACTERS} characters"),))
    return reason or None


def reason_for(text: str | None, row: ContentKey | None, *, vault: Vault) -> Reason:
    """The reason with its request's key; raises ContentErased when there are words and no key any more."""
    return Reason(text, open_key(row, vault=vault) if text is not None else None)


def explained(entries: Iterable[Entry]) -> list[int]:
    """The numbers of the entries that have a reason."""
    return [
        entry.seq
        for entry in entries
        if isinstance(said := readable(entry), Reassigned | Cancelled) and said.reason_digest is not None
    ]


def read_reasons(
    request_id: str, seqs: Sequence[int], *, key: DataKey, store: Store, vault: Vault, objects: Objects
) -> Mapping[int, str]:
    """The reasons of these entries, by number; those without one are left out."""
    rows = {seq: Content.at(request_id, ContentKind.REASON, seq) for seq in seqs}
    keys: list[Key[Record]] = list(rows.values())
    fetched = store.fetch(*keys)
    found = {seq: fetched[row] for seq, row in rows.items()}
    return {
        seq: str(read_content(content, key=key, vault=vault, objects=objects))
        for seq, content in found.items()
        if content is not None
    }
