"""Why somebody reassigned or cancelled: sealed like every text, with only its digest in the trail."""

from collections.abc import Iterable, Mapping, Sequence

from nodback_core.domain.audit.trail import readable
from nodback_core.domain.reviews.contents import Content, ContentKind
from nodback_core.domain.reviews.happenings import Cancelled, Reassigned
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.errors import FieldError, InvalidInput
from nodback_core.domain.shared.records import Key, Record
from nodback_core.ports import DataKey, Storage
from nodback_core.usecases.shared.contents import read_content

MAX_REASON_CHARACTERS = 2000
REASON_DIGEST = "reason_digest"
"""The name of the digest in the entry; an entry that has it has a reason."""


def checked_reason(text: str | None) -> str | None:
    """The reason without space around it, None when it is blank; raises InvalidInput for too much."""
    reason = (text or "").strip()
    if len(reason) > MAX_REASON_CHARACTERS:
        raise InvalidInput((FieldError("reason", f"at most {MAX_REASON_CHARACTERS} characters"),))
    return reason or None


def explained(entries: Iterable[Entry]) -> list[int]:
    """The numbers of the entries that have a reason."""
    return [
        entry.seq
        for entry in entries
        if isinstance(said := readable(entry), Reassigned | Cancelled) and said.reason_digest is not None
    ]


def read_reasons(request_id: str, seqs: Sequence[int], *, key: DataKey, storage: Storage) -> Mapping[int, str]:
    """The reasons of these entries, by number; those without one are left out."""
    rows = {seq: Content.at(request_id, ContentKind.REASON, seq) for seq in seqs}
    keys: list[Key[Record]] = list(rows.values())
    fetched = storage.store.fetch(*keys)
    found = {seq: fetched[row] for seq, row in rows.items()}
    return {
        seq: str(read_content(content, key=key, storage=storage))
        for seq, content in found.items()
        if content is not None
    }
