"""Checks a receipt: one request's chain, its texts and its seal in one file."""

import hashlib
import hmac
from typing import Any

from nodback.verify.hashes import canonical, digest, entry_hash, genesis
from nodback.verify.report import Incomplete, Kept, Known, Report, Tampered, Unreadable, missing_known
from nodback.verify.seals import PublicKey, check_inclusion, check_seal, compare_with_known

FORMAT = "review/receipt/1"
ERASED = "content.erased"
DECISIONS = ("request.responded", "request.auto_responded")
REPLY_FIELDS = ("message_id", "raw_digest", "verdicts")
TEXT_DIGESTS = ("shown_digest", "feedback_digest", "reply_text_digest", "reason_digest")
FIELDS = {
    *("format", "organization_id", "deployment_id", "request_id"),
    *("decision", "reply", "contents", "entries", "seal", "public_key"),
}


def check_receipt(receipt: dict[str, Any], known: Known, report: Report) -> None:
    """Raises Tampered, Incomplete or Unreadable; returns when all of it holds and is sealed."""
    report.kind = "receipt"
    entries, subject = _check_chain(receipt)
    report.entries, report.subjects = len(entries), 1
    _check_known(entries, subject, known, report)
    _check_copies(receipt, entries, subject)
    _check_texts(receipt, entries, subject, report)
    number, seq = _check_seal(receipt, entries, subject, known, report)
    if seq < len(entries):
        raise Incomplete(f"entries after {seq} are not sealed yet: fetch the receipt again in some minutes")
    if len(entries) < len(known.entries.get(subject, ())) and number > max(known.seals, default=0):
        raise Incomplete(missing_known(subject, len(entries) + 1))


def keep_receipt(receipt: dict[str, Any], keep: Kept) -> None:
    """What a receipt lets be compared later: its seal, and the entries below it. Raises Tampered or Unreadable."""
    entries, subject = _check_chain(receipt)
    report = Report()
    number, seq = _check_seal(receipt, entries, subject, Known(), report)
    document = receipt["seal"]["digest"]
    keep.key = report.key
    keep.seals[number] = digest(canonical(document))
    if number > 1:
        keep.follows = number - 1, str(document["previous"])
    keep.entries[subject] = [entry["hash"] for entry in entries[:seq]]


def _check_chain(receipt: dict[str, Any]) -> tuple[list[Any], str]:
    """The entries and their subject."""
    if set(receipt) != FIELDS:
        raise Unreadable(f"this is no receipt of the format {FORMAT}")
    entries = receipt["entries"]
    if not isinstance(entries, list) or not entries:
        raise Unreadable("the receipt holds no entries")
    subject = f"request/{receipt['request_id']}"
    for place, entry in enumerate(entries, start=1):
        _check_entry(place, entry, entries[place - 2] if place > 1 else None, subject, receipt)
    return entries, subject


def _check_entry(place: int, entry: Any, before: Any, subject: str, receipt: dict[str, Any]) -> None:
    name = f"{subject} entry {place}"
    try:
        if entry["seq"] != place:
            raise Tampered(name, f"it is missing, or in the wrong place: entry {entry['seq']} stands there")
        if entry["subject"] != subject:
            raise Tampered(name, "it belongs to another subject")
        if (entry["organization_id"], entry["deployment_id"]) != (
            receipt["organization_id"],
            receipt["deployment_id"],
        ):
            raise Tampered(name, "it belongs to another deployment")
        if entry["previous"] != (before["hash"] if before else genesis(receipt["organization_id"], subject)):
            raise Tampered(name, "it does not follow the entry before it")
        if entry["hash"] != entry_hash(entry):
            raise Tampered(name, "it was changed: its hash does not match")
    except (KeyError, TypeError, ValueError, RecursionError):
        raise Tampered(name, "it cannot be read") from None


def _check_known(entries: list[Any], subject: str, known: Known, report: Report) -> None:
    for entry, kept in zip(entries, known.entries.get(subject, ()), strict=False):
        if entry["hash"] != kept:
            raise Tampered(f"{subject} entry {entry['seq']}", "it is not the one that you have kept")
        report.compared_entries += 1


def _check_copies(receipt: dict[str, Any], entries: list[Any], subject: str) -> None:
    """Decision and reply are there for the reader: they must say what their entry says, all of it and no more."""
    decided = [entry for entry in entries if entry["action"] in DECISIONS]
    wanted: dict[str, Any] = {"decision": None, "reply": None}
    if decided:
        entry = decided[0]
        wanted["decision"] = {**entry["data"], "seq": entry["seq"], "at": entry["at"], "action": entry["action"]}
        if "raw_digest" in entry["data"]:
            wanted["reply"] = {"seq": entry["seq"], **{name: entry["data"].get(name) for name in REPLY_FIELDS}}
    for name, value in wanted.items():
        if canonical(receipt[name]) != canonical(value):
            where = f"{subject} entry {decided[0]['seq']}" if decided else "the chain"
            raise Tampered(name, f"it does not say what {where} says")


def _check_texts(receipt: dict[str, Any], entries: list[Any], subject: str, report: Report) -> None:
    contents = receipt["contents"]
    if contents is None:
        if all(entry["action"] != ERASED for entry in entries):
            raise Incomplete("the texts are missing, and no entry says that they were erased")
        report.notes.append("the texts were erased; what remains of them is their digests")
        return
    try:
        salt = bytes.fromhex(contents["salt"])
        texts = {(text["seq"], text["digest"]): str(text["text"]) for text in contents["texts"]}
        fits = (
            salt.hex() == contents["salt"]
            and set(contents) == {"salt", "texts"}
            and len(texts) == len(contents["texts"])
            and all(set(text) == {"seq", "digest", "text"} for text in contents["texts"])
        )
        made = {place: hmac.new(salt, text.encode(), hashlib.sha256).hexdigest() for place, text in texts.items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        fits, made = False, {}
    if not fits:
        raise Tampered("contents", "they cannot be read")
    named = {(e["seq"], name): e["data"][name] for e in entries for name in TEXT_DIGESTS if name in e["data"]}
    for place, value in made.items():
        if named.get(place) != value:
            raise Tampered(f"text for {place[1]} of {subject} entry {place[0]}", "it is not the text that was seen")
    if missing := sorted(set(named) - set(made)):
        seq, name = missing[0]
        raise Incomplete(f"the text for {name} of entry {seq} is missing")


def _check_seal(
    receipt: dict[str, Any], entries: list[Any], subject: str, known: Known, report: Report
) -> tuple[int, int]:
    """The number of the seal, and that of the entry up to which it covers the chain."""
    seal = receipt["seal"]
    if seal is None:
        raise Incomplete("the request is not sealed yet: fetch the receipt again in some minutes")
    key = PublicKey.read(receipt["public_key"])
    report.key = key.fingerprint
    if known.key is not None and known.key != key.fingerprint:
        raise Tampered("public key", f"its fingerprint is {key.fingerprint}, not the one that you know")
    document = check_seal(seal, key, receipt["organization_id"])
    compare_with_known(document, known, report)
    head, seq, value = check_inclusion(seal, document, receipt["deployment_id"])
    if set(seal) != {"digest", "signature", "head", "deployment", "path", "deployment_path"}:
        raise Tampered(f"seal {document['number']}", "it says more than a seal says")
    if head != subject:
        raise Tampered(f"seal {document['number']}", "it covers another subject")
    if not 1 <= seq <= len(entries):
        raise Tampered(f"{subject} entry {len(entries) + 1}", f"it is missing: entry {seq} was sealed")
    if entries[seq - 1]["hash"] != value:
        raise Tampered(f"{subject} entry {seq}", "it, or one before it, is not the one that was sealed")
    number: int = document["number"]
    report.seals, report.span = 1, (number, number)
    return number, seq
