"""Whose mails count as an answer: how well they must prove their sender, and who may write for an assignee."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from nodback_core.domain.deployments import fields as check
from nodback_core.domain.deployments.fields import Problems, shown

SenderCheck: TypeAlias = Literal["dmarc", "aligned", "address"]
"""From strict to lenient; each takes whatever the one before it takes. docs/email.md has the table."""
SENDER_CHECKS: tuple[str, ...] = get_args(SenderCheck)

MAX_ASSIGNEES = 200
MAX_SENDERS = 10
_SENDERS_FIELDS = ("address", "senders")

_EARLIER_NAME = "unauthenticated_domains"
_EARLIER_VALUES: Mapping[object, SenderCheck | None] = {"reject": "dmarc", "accept": "address", None: None}


def in_todays_words(document: Mapping[str, object]) -> Mapping[str, object]:
    """A settings document with `sender_check` for `unauthenticated_domains`, as that setting was called before.

    A document that holds both, or a value that never was one, stays as it is.
    """
    if _EARLIER_NAME not in document or "sender_check" in document:
        return document
    value = document[_EARLIER_NAME]
    if not isinstance(value, str | None) or value not in _EARLIER_VALUES:
        return document
    rest = {name: given for name, given in document.items() if name != _EARLIER_NAME}
    return {**rest, "sender_check": _EARLIER_VALUES[value]}


@dataclass(frozen=True, slots=True)
class OtherSenders:
    """The further addresses whose replies count for an assignee: their own aliases, or people who stand in for them."""

    address: str
    senders: tuple[str, ...]


def read_other_senders(problems: Problems, path: str, value: object) -> tuple[OtherSenders, ...]:
    """The assignees with their further senders that could be read; the mistakes in the others are recorded."""
    if not isinstance(value, list | tuple) or len(value) > MAX_ASSIGNEES:
        problems.add(path, f"must be a list of at most {MAX_ASSIGNEES} objects with address and senders")
        return ()
    found: dict[str, OtherSenders] = {}
    for index, item in enumerate(value):
        here = f"{path}.{index}"
        sent = check.section(problems, here, item, _SENDERS_FIELDS)
        if sent is None:
            continue
        address = check.address(problems, f"{here}.address", sent.get("address"))
        senders = _read_senders(problems, f"{here}.senders", sent.get("senders"))
        if address is None or not senders:
            continue
        if address in found:
            problems.add(f"{here}.address", f"{shown(address)} is there already")
        if address in senders:
            problems.add(f"{here}.senders", "holds the address itself, which may answer anyway")
        found[address] = OtherSenders(address, senders)
    return tuple(found.values())


def _read_senders(problems: Problems, path: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_SENDERS:
        problems.add(path, f"must be a list of 1 to {MAX_SENDERS} mail addresses")
        return ()
    read = [check.address(problems, f"{path}.{index}", item) for index, item in enumerate(value)]
    return tuple(dict.fromkeys(address for address in read if address is not None))
