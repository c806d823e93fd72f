"""A reply arrives: named checks in a fixed order, then the one arbiter, then one mail back or silence.

Every check that fails is an entry of the request with the check's name. What the sender is told is an effect of that
entry, so that it is mailed by the same way as everything else.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from signoff_core.domain.canonical import Json
from signoff_core.domain.closing import EffectDraft, record
from signoff_core.domain.entries import SERVICE, Action, Actor, Happening
from signoff_core.domain.key_ring import KeyRing
from signoff_core.domain.notifications import SeenMail
from signoff_core.domain.options import match_option
from signoff_core.domain.records import Record
from signoff_core.domain.replies import Reply, read_reply
from signoff_core.domain.reply_token import MalformedToken, ReplyToken, is_signed_for, parse, token_of
from signoff_core.domain.requests import Assignment, Request, Source, Status
from signoff_core.domain.times import stamp
from signoff_core.mail.inbound import InboundMail, UnreadableMail, parse_headers, parse_mail
from signoff_core.mail.sender import Verdicts, check_sender
from signoff_core.ports import Objects, Store, Vault
from signoff_core.usecases.asked import fetch_asked, sent_mail
from signoff_core.usecases.attempts import until_written
from signoff_core.usecases.letters import QUOTE
from signoff_core.usecases.reply_limits import allow
from signoff_core.usecases.respond import Answer, AsRead, Recorded, respond

MAX_MAIL_BYTES = 40 * 1024 * 1024
"""SES's own limit for a mail that it receives."""
MAX_QUOTE_CHARACTERS = 200
IDENTITY = "signed reply address, sender authenticated by DMARC"
UNPROVED_IDENTITY = "signed reply address; the sender's domain proves nothing, which the deployment accepts"


class Result(StrEnum):
    """What became of a mail; the names of failed checks are those of the entries."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    NO_TOKEN = "no_token"
    MALFORMED_TOKEN = "malformed_token"
    UNKNOWN_REQUEST = "unknown_request"
    AUTOMATIC = "automatic"
    FORGED_TOKEN = "forged_token"
    OTHER_SENDER = "other_sender"
    NOT_AUTHENTICATED = "not_authenticated"
    REASSIGNED = "reassigned"
    EXPIRED_TOKEN = "expired_token"
    CLOSED = "request_closed"
    UNREADABLE = "unreadable"
    BLANK = "blank"
    UNCLEAR = "unclear"
    MISSING = "missing"


LETTERS: Mapping[Result, str] = {
    Result.OTHER_SENDER: "wrong_sender_notice",
    Result.REASSIGNED: "reassigned_to_another",
    Result.EXPIRED_TOKEN: "expired_token",
    Result.CLOSED: "closed_request",
    Result.UNREADABLE: "unreadable_reply",
    Result.BLANK: "blank_reply",
    Result.UNCLEAR: "unclear_reply",
}
"""What is sent back for a failed check; no letter means silence."""
STRANGERS = frozenset({Result.AUTOMATIC, Result.FORGED_TOKEN, Result.OTHER_SENDER, Result.NOT_AUTHENTICATED})
"""Checks whose failing leaves open who wrote."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mail as the mail service reports it: where it lies, whom it is for, and what was found about its sender."""

    object_key: str
    recipients: tuple[str, ...]
    verdicts: Verdicts


def receive_mail(
    delivery: Delivery,
    *,
    store: Store,
    vault: Vault,
    objects: Objects,
    ring: KeyRing,
    domain: str,
    sender_name: str,
    now: datetime,
) -> Result:
    """Process one mail; the same mail again gives `duplicate` and changes nothing.

    Raises LookupError when the message is not in the bucket (yet): the event comes again, and ends in the dead-letter
    queue if it never is.
    """
    text = token_of(delivery.recipients, domain)
    if text is None:
        return Result.NO_TOKEN
    try:
        token = parse(text)
    except MalformedToken:
        return Result.MALFORMED_TOKEN
    raw = objects.get(delivery.object_key, limit=MAX_MAIL_BYTES)
    if raw is None:
        raise LookupError(f"there is no message under {delivery.object_key}")
    mail, readable = _read(raw)
    seen = Seen(token, delivery, mail, readable, mail_id_of(mail, delivery.verdicts))
    return until_written(
        lambda: _receive(
            seen, store=store, vault=vault, objects=objects, ring=ring, sender_name=sender_name, domain=domain, now=now
        )
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail on its way through the checks."""

    token: ReplyToken
    delivery: Delivery
    mail: InboundMail
    readable: bool
    mail_id: str

    @property
    def request_id(self) -> str:
        return str(self.token.request_id)


def mail_id_of(mail: InboundMail, verdicts: Verdicts) -> str:
    """What makes a mail the same mail: its Message-ID, from the same sender, as well authenticated.

    A server that sends a mail again adds lines of its own, so the bytes do not count; a mail that only claims another's
    Message-ID or sender is authenticated otherwise. Without a Message-ID the bytes are all there is.
    """
    if mail.message_id is None:
        return hashlib.sha256(mail.digest.encode()).hexdigest()[:40]
    parts = (mail.message_id, mail.sender or mail.sender_problem or "", verdicts.dmarc, mail.automatic or "")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def _read(raw: bytes) -> tuple[InboundMail, bool]:
    """The mail, or only its headers when it is too large or too deep to be read."""
    try:
        return parse_mail(raw), True
    except UnreadableMail:
        return parse_headers(raw), False


def _receive(
    seen: Seen,
    *,
    store: Store,
    vault: Vault,
    objects: Objects,
    ring: KeyRing,
    sender_name: str,
    domain: str,
    now: datetime,
) -> Result:
    asked = fetch_asked(seen.request_id, SeenMail.at(seen.request_id, seen.mail_id), store=store)
    if asked is None:
        return Result.UNKNOWN_REQUEST
    if asked.more is not None:
        return Result.DUPLICATE
    request = asked.request
    assignment = _signed_for(seen.token, request, ring)
    failed = _failed_check(seen, request, assignment, asked.accepts_unauthenticated, now=now)
    if failed is not None:
        return _reject(seen, request, failed, assignment, store=store, now=now)
    assert assignment is not None
    sent = sent_mail(asked, sender_name=sender_name, domain=domain, vault=vault, objects=objects)
    reply = read_reply(seen.mail.text, sent, writer=seen.mail.sender_name)
    outcome = match_option(reply.first_line, request.emit)
    if not reply.first_line:
        return _reject(seen, request, Result.BLANK, assignment, store=store, now=now)
    if outcome is None and request.emit and request.free_text == "ask":
        quote = vault.seal(asked.data_key(vault), QUOTE, reply.first_line[:MAX_QUOTE_CHARACTERS].encode()).hex()
        return _reject(seen, request, Result.UNCLEAR, assignment, store=store, now=now, quote=quote)
    answer = _answer(seen, request, assignment, reply, outcome, now=now)
    rows = AsRead(request, asked.content_key)
    # Written over the rows that were checked: if they have moved, all checks are made again.
    told = respond(rows, answer, store=store, vault=vault, objects=objects, now=now)
    if isinstance(told, Recorded):
        return Result.RECORDED
    return _reject(seen, told.request, Result.CLOSED, assignment, store=store, now=now)


def _signed_for(token: ReplyToken, request: Request, ring: KeyRing) -> Assignment | None:
    """The assignment, of now or of an earlier round, whose address this token was made for."""
    for assignment in (request.assignment, *reversed(request.earlier)):
        if is_signed_for(token, round_number=assignment.round, address=assignment.address, ring=ring):
            return assignment
    return None


def _failed_check(
    seen: Seen, request: Request, assignment: Assignment | None, accepts_unauthenticated: bool, *, now: datetime
) -> Result | None:
    """The first check that does not hold, in the fixed order; None when the reply may be read."""
    if seen.mail.automatic:
        return Result.AUTOMATIC
    if assignment is None:
        return Result.FORGED_TOKEN
    sender = check_sender(
        seen.mail,
        authorised=assignment.address,
        verdicts=seen.delivery.verdicts,
        allow_unauthenticated_domains=accepts_unauthenticated,
    )
    if sender.code is not None:
        return Result.NOT_AUTHENTICATED if sender.code == "not_authenticated" else Result.OTHER_SENDER
    if assignment.round != request.assignment.round:
        return Result.REASSIGNED
    if request.status is not Status.PENDING:
        return Result.CLOSED
    if seen.token.expires_at <= now:
        return Result.EXPIRED_TOKEN
    if not seen.readable:
        return Result.UNREADABLE
    return None


def _reject(
    seen: Seen,
    request: Request,
    check: Result,
    assignment: Assignment | None,
    *,
    store: Store,
    now: datetime,
    quote: str = "",
) -> Result:
    """Write down which check failed, with the mail back as an effect; the request stays as it is."""
    letter = LETTERS.get(check)
    tell = assignment.address if letter is not None and assignment is not None else None
    allowed = allow(request, by_stranger=check in STRANGERS, tell=tell, store=store, now=now)
    if allowed is None:
        return check
    effects: tuple[EffectDraft, ...] = ()
    if letter is not None and assignment is not None and allowed.mail:
        # A wrong sender is told nothing; the person whose address was used is.
        about = "" if check is Result.OTHER_SENDER else seen.mail.message_id or ""
        effects = (EffectDraft("mail", letter, assignment.address, about, quote),)
    data: dict[str, Json] = {
        "check": check.value,
        "mail_id": seen.mail_id,
        "raw_digest": seen.mail.digest,
        "object_key": seen.delivery.object_key,
        "verdicts": _document(seen.delivery.verdicts),
        "told": letter if effects else None,
    }
    if seen.mail.automatic:
        data["automatic"] = seen.mail.automatic
    if check is Result.EXPIRED_TOKEN:
        data["expired_at"] = stamp(seen.token.expires_at)
    if check is Result.OTHER_SENDER:
        data["sender"] = seen.mail.sender or seen.mail.sender_problem
    changed, entries = record(allowed.request, Happening(Action.REPLY_REJECTED, SERVICE, data), effects, now=now)
    marks: list[Record] = [SeenMail(request.request_id, seen.mail_id, now, check.value)]
    store.commit([changed, *marks, *([allowed.tally] if allowed.tally else [])], entries)
    return check


def _document(verdicts: Verdicts) -> dict[str, Json]:
    return {
        "dmarc": verdicts.dmarc,
        "spf": verdicts.spf,
        "dkim": verdicts.dkim,
        "spam": verdicts.spam,
        "virus": verdicts.virus,
    }


def _answer(
    seen: Seen, request: Request, assignment: Assignment, reply: Reply, outcome: str | None, *, now: datetime
) -> Answer:
    whole = outcome is None and request.reply_feedback == "whole"
    return Answer(
        decision_id=f"mail:{seen.mail_id}",
        source=Source.EMAIL,
        actor=Actor("reviewer", assignment.address),
        responder=assignment.address,
        identity=IDENTITY if seen.delivery.verdicts.dmarc == "PASS" else UNPROVED_IDENTITY,
        outcome=outcome,
        feedback=reply.text if whole else reply.first_line,
        reply_text=reply.text,
        evidence={
            "mail_id": seen.mail_id,
            "message_id": seen.mail.message_id,
            "raw_digest": seen.mail.digest,
            "object_key": seen.delivery.object_key,
            "verdicts": _document(seen.delivery.verdicts),
            "round": assignment.round,
        },
        effects=(EffectDraft("mail", "confirmation", assignment.address, seen.mail.message_id or ""),),
        marks=(SeenMail(request.request_id, seen.mail_id, now, Result.RECORDED.value),),
    )
