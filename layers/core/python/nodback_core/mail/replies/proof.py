"""What vouches for the headers of a mail: which of them a DKIM signature covers, and whether SPF passed for the sender.

DKIM covers only the headers that `h=` of a signature names, and neither the envelope nor the moment. Whose signature
passed, SES writes into the `Authentication-Results` that it puts on top of a mail; what the sender brought is never
believed. Where in doubt, nothing is covered: a person can be asked again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from nodback_core.mail.replies.headers import MAX_HEADER_CHARACTERS, Headers

AUTHSERV_ID = "amazonses.com"
"""How SES names itself in `Authentication-Results` (RFC 8601)."""

_METHODS = frozenset({"spf", "dkim", "dmarc"})
_COMMENT = re.compile(r"\([^()]*\)")
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_NO_NAMES: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Proof:
    """signed: the headers that passing signatures of the sender's domain cover, in lower case. spf: whether SPF passed
    for the sender's domain, so that the mail came straight from a server of theirs."""

    signed: frozenset[str] = field(default_factory=frozenset)
    spf: bool = False

    @property
    def is_aligned(self) -> bool:
        """Whether DKIM or SPF has passed for the sender's domain."""
        return self.spf or "from" in self.signed

    def covering(self, names: frozenset[str]) -> Literal["dkim", "spf"] | None:
        """What vouches for all these headers, if anything does."""
        if names <= self.signed:
            return "dkim"
        return "spf" if self.spf else None


@dataclass(frozen=True)
class _Result:
    """One finding of SES: `dkim=pass header.i=@example.com`."""

    method: str
    value: str
    properties: dict[str, str]


@dataclass(frozen=True)
class _Signature:
    domain: str
    identity: str
    """The domain of `i=`, or the signature's own."""
    covers: frozenset[str]


def read_proof(headers: Headers, sender_domain: str) -> Proof:
    """What vouches for a mail whose From is of this domain, as SES found it."""
    found = _results(headers.first("authentication-results") or "")
    dmarc = [result.properties.get("header.from", "") for result in found if result.method == "dmarc"]
    if len(dmarc) != 1 or not is_aligned(dmarc[0].lower(), sender_domain):
        return Proof()
    return Proof(_signed(headers, found, sender_domain), _spf_passed(found, sender_domain))


def is_aligned(domain: str, sender_domain: str) -> bool:
    """Whether one domain is the other or lies below it: what DMARC calls relaxed, short of sisters.

    Which domains are sisters of one house, and which only neighbours below a public suffix, is known by no rule.
    """
    if not _DOMAIN.fullmatch(domain) or not _DOMAIN.fullmatch(sender_domain):
        return False
    return domain == sender_domain or domain.endswith(f".{sender_domain}") or sender_domain.endswith(f".{domain}")


def _results(value: str) -> tuple[_Result, ...]:
    """The findings in SES's header; none when it is another server's, or when anything in it is odd.

    The sending server names itself and its envelope sender there, so nothing of theirs may pass for a finding.
    """
    plain = _COMMENT.sub(" ", value)
    if len(value) >= MAX_HEADER_CHARACTERS or any(mark in plain for mark in '"\\()'):
        return ()
    server, *segments = (segment.split() for segment in plain.split(";"))
    if [word.lower() for word in server] != [AUTHSERV_ID]:
        return ()
    found: list[_Result] = []
    for words in segments:
        for place, word in enumerate(words):
            name, equals, said = word.partition("=")
            name = name.lower()
            if not equals:
                return ()
            if name in _METHODS:
                if place > 0:
                    return ()
                found.append(_Result(name, said.lower(), {}))
                continue
            # SES parts what belongs to SPF by semicolons, and nothing else.
            if not found or (place == 0 and found[-1].method != "spf") or name in found[-1].properties:
                return ()
            found[-1].properties[name] = said
    return tuple(found)


def _spf_passed(found: Sequence[_Result], sender_domain: str) -> bool:
    spf = [result for result in found if result.method == "spf"]
    if len(spf) != 1 or spf[0].value != "pass":
        return False
    envelope = spf[0].properties.get("envelope-from", "").strip("<>").lower()
    return envelope.count("@") == 1 and is_aligned(envelope.partition("@")[2], sender_domain)


def _signed(headers: Headers, found: Sequence[_Result], sender_domain: str) -> frozenset[str]:
    """The headers under signatures of the sender's domain that passed.

    SES does not say which of several signatures of one domain passed, so only what all of them cover counts.
    """
    signatures = [_signature(value) for value in headers.all("dkim-signature")]
    known = [signature for signature in signatures if signature is not None]
    if len(known) < len(signatures):
        return _NO_NAMES
    findings: dict[str, set[str]] = {}
    for result in found:
        if result.method == "dkim":
            domain = result.properties.get("header.i", result.properties.get("header.d", "")).rpartition("@")[2]
            findings.setdefault(domain.lower(), set()).add(result.value)
    covered: set[str] = set()
    for domain, values in findings.items():
        theirs = [one.covers for one in known if domain in (one.domain, one.identity)]
        if values == {"pass"} and theirs and is_aligned(domain, sender_domain):
            covered |= frozenset.intersection(*theirs)
    return frozenset(covered)


def _signature(value: str) -> _Signature | None:
    """What a `DKIM-Signature` (RFC 6376) says of itself; None when it cannot be read or says a thing twice."""
    if len(value) >= MAX_HEADER_CHARACTERS:
        return None
    tags: dict[str, str] = {}
    for part in value.split(";"):
        name, equals, said = part.partition("=")
        name = name.strip()
        if not equals and not name:
            continue
        if not equals or name in tags:
            return None
        tags[name] = "".join(said.split())
    domain = tags.get("d", "").lower()
    if not _DOMAIN.fullmatch(domain) or "h" not in tags:
        return None
    # `l=` leaves the end of the body open for anybody to add to.
    covers = _NO_NAMES if "l" in tags else frozenset(tags["h"].lower().split(":"))
    return _Signature(domain, tags.get("i", domain).rpartition("@")[2].lower(), covers)
