"""The receipt of one request: what was shown, what was answered, its whole chain, and the seal over it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from typing import cast

from nodback_core.domain.audit import merkle
from nodback_core.domain.audit.seals import DeploymentHeads, Seal, SealedHead, summary_leaf
from nodback_core.domain.audit.trail import readable
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind, json_text, words_of
from nodback_core.domain.reviews.happenings import Answered, Opened, Responded
from nodback_core.domain.reviews.requests import Request
from nodback_core.domain.shared import labels
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action, Entry
from nodback_core.ports import ContentErased, Storage, Store
from nodback_core.usecases.audit.erase import chain_of
from nodback_core.usecases.audit.seal import DAY, Archive, sealed_groups, seals_between
from nodback_core.usecases.reviews.read_requests import visible_to
from nodback_core.usecases.reviews.reasons import REASON_DIGEST, explained, read_reasons
from nodback_core.usecases.shared.contents import open_key, read_content

SEALS_LOOKED_AT = 4
"""How many seals after an entry are searched: one of them covers the entry unless it was late."""


@dataclass(frozen=True, slots=True)
class SealProof:
    """The seal over a chain's head, and the head's place in it."""

    seal: Seal
    groups: tuple[DeploymentHeads, ...]
    group: DeploymentHeads
    head: SealedHead


def receipt(request_id: str, *, caller: Caller, storage: Storage, archive: Archive) -> dict[str, Json]:
    """The receipt as JSON; without texts when they were erased, without a seal when there is none yet."""
    key_row, shown_row = ContentKey.at(request_id), Content.at(request_id, ContentKind.SHOWN)
    words_row = Content.at(request_id, ContentKind.RESPONSE)
    fetched = storage.store.fetch(Request.at(request_id), key_row, shown_row, words_row)
    request = visible_to(caller, fetched[Request.at(request_id)], request_id)
    entries = list(chain_of(request.subject, store=storage.store))
    try:
        texts = _texts(
            request_id,
            entries,
            key_row=fetched[key_row],
            shown=fetched[shown_row],
            words=fetched[words_row],
            storage=storage,
        )
    except ContentErased:
        texts = None
    proof = _proof(request, entries, store=storage.store, archive=archive)
    decided = next((e for e in entries if e.action in (Action.REQUEST_RESPONDED, Action.REQUEST_AUTO_RESPONDED)), None)
    return {
        "format": labels.RECEIPT,
        "organization_id": request.organization_id,
        "deployment_id": request.deployment_id,
        "request_id": request.request_id,
        "decision": _decision(decided),
        "reply": _reply(decided),
        "contents": texts,
        "entries": [{**entry.document(), "hash": entry.hash} for entry in entries],
        "seal": None if proof is None else _seal_document(proof),
        "public_key": archive.signer.public_key().hex(),
    }


def _decision(decided: Entry | None) -> Mapping[str, Json] | None:
    if decided is None:
        return None
    document = decided.document()
    facts = cast("Mapping[str, Json]", document["data"])
    return {**facts, "seq": decided.seq, "at": document["at"], "action": document["action"]}


def _reply(decided: Entry | None) -> Mapping[str, Json] | None:
    said = None if decided is None else readable(decided)
    if decided is None or not isinstance(said, Responded) or said.raw_digest is None:
        return None
    return {
        "seq": decided.seq,
        "message_id": said.message_id,
        "raw_digest": said.raw_digest,
        "verdicts": said.verdicts,
    }


def _texts(
    request_id: str,
    entries: Sequence[Entry],
    *,
    key_row: ContentKey | None,
    shown: Content | None,
    words: Content | None,
    storage: Storage,
) -> dict[str, Json]:
    """Every text whose digest stands in an entry, with the salt of the digest."""
    key = open_key(key_row, vault=storage.vault)
    texts: dict[str, str] = {}
    if shown is not None:
        texts["shown_digest"] = json_text(read_content(shown, key=key, storage=storage))
    if words is not None:
        said = words_of(read_content(words, key=key, storage=storage))
        texts |= {"feedback_digest": said.feedback, "reply_text_digest": said.reply_text}
    reasons = read_reasons(request_id, explained(entries), key=key, storage=storage)
    listed: list[Json] = []
    for entry in entries:
        listed += [{"seq": entry.seq, "digest": name, "text": texts[name]} for name in _digests(entry) if name in texts]
        if entry.seq in reasons:
            listed.append({"seq": entry.seq, "digest": REASON_DIGEST, "text": reasons[entry.seq]})
    return {"salt": storage.vault.salt(key).hex(), "texts": listed}


def _digests(entry: Entry) -> tuple[str, ...]:
    """The names of the digests of texts in an entry."""
    match readable(entry):
        case Opened():
            return ("shown_digest",)
        case Answered():
            return ("feedback_digest", "reply_text_digest")
        case _:
            return ()


def _proof(request: Request, entries: Sequence[Entry], *, store: Store, archive: Archive) -> SealProof | None:
    """The newest seal that covers the request, found by the time of its entries, newest first."""
    looked_at: set[int] = set()
    for at in sorted({entry.at for entry in entries}, reverse=True):
        for seal in _seals_after(at, store=store):
            if seal.number in looked_at:
                continue
            looked_at.add(seal.number)
            groups = sealed_groups(seal, objects=archive.objects)
            for group in groups:
                for head in group.heads if group.deployment_id == request.deployment_id else ():
                    if head.subject == request.subject:
                        return SealProof(seal, groups, group, head)
    return None


def _seals_after(at: datetime, *, store: Store) -> Iterator[Seal]:
    yield from islice(seals_between(at, at + DAY, store=store), SEALS_LOOKED_AT)
    # What came too late for these is in the first seal of the next day.
    tomorrow = datetime.combine(at.date() + timedelta(days=1), time(), at.tzinfo)
    yield from islice(seals_between(tomorrow, tomorrow + DAY, store=store), 1)


def _seal_document(proof: SealProof) -> dict[str, Json]:
    head, group = proof.head, proof.group
    inner, outer = group.heads.index(head), proof.groups.index(group)
    return {
        "digest": cast("Json", json.loads(proof.seal.document)),
        "signature": proof.seal.signature.hex(),
        "head": [head.subject, head.seq, head.hash],
        "deployment": list(group.summary),
        "path": _path([h.leaf for h in group.heads], inner),
        "deployment_path": _path([summary_leaf(g) for g in proof.groups], outer),
    }


def _path(leaves: Sequence[bytes], index: int) -> dict[str, Json]:
    return {"index": index, "hashes": [value.hex() for value in merkle.path(leaves, index)]}
