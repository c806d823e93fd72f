"""How well a mail must prove that it comes from the address it names, before it counts as an answer."""

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

SenderCheck: TypeAlias = Literal["dmarc", "aligned", "address"]
"""From strict to lenient; each takes whatever the one before it takes. docs/email.md has the table."""
SENDER_CHECKS: tuple[str, ...] = get_args(SenderCheck)

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
