"""The From header: the one address in it, read so that no two programs can read it differently."""

import re
from dataclasses import dataclass

from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.mail.replies.headers import Headers

MAX_FROM_CHARACTERS = 1_000

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SEPARATORS = re.compile(r"[,;:]")
# A comment in a name is legal (RFC 5322); none that holds an address, a quote or another comment is let pass.
_COMMENT = re.compile(r"\([^()<>@\"\\,;:]*\)")
# What RFC 5322 reserves may stand in a display name only between quotes.
_RESERVED = re.compile(r'["()<>\[\]@\\]')


@dataclass(frozen=True)
class ClaimedSender:
    """The one address of a From header, or why there is none: no_from, several_from, group_or_list, from_defect."""

    address: str | None
    name: str = ""
    problem: str | None = None


def read_sender(headers: Headers) -> ClaimedSender:
    """The sender that the From header names: `name@example.com`, alone or in brackets after a display name.

    `boss@corp.com <evil@x.com>`, comments, groups, lists and several From headers make lenient parsers name the boss.
    """
    values = headers.all("from")
    if not any(value.strip() for value in values):
        return ClaimedSender(None, problem="no_from")
    if len(values) > 1:
        return ClaimedSender(None, problem="several_from")
    value = values[0].strip(" \t")
    if len(value) > MAX_FROM_CHARACTERS or _CONTROL.search(value) or headers.is_broken:
        return ClaimedSender(None, problem="from_defect")
    value = _without_comments(value)
    if _SEPARATORS.search(_QUOTED.sub("", value)):
        return ClaimedSender(None, problem="group_or_list")
    name, bracket, rest = value.rpartition("<")
    if bracket and (not rest.endswith(">") or _RESERVED.search(_QUOTED.sub("", name))):
        return ClaimedSender(None, problem="from_defect")
    try:
        return ClaimedSender(normalise(rest.removesuffix(">") if bracket else value), name=name.strip(' \t"'))
    except InvalidAddress:
        return ClaimedSender(None, problem="from_defect")


def _without_comments(value: str) -> str:
    """The header without plain comments between a name and its address: "Dana (Example Corp) <dana@example.com>"."""
    name, bracket, rest = value.rpartition("<")
    return value if not bracket or '"' in name else f"{_COMMENT.sub(' ', name)}{bracket}{rest}"
