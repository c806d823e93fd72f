"""A reply arrives: named checks in a fixed order, then the one arbiter, then one mail back or silence.

Every check that fails is an entry of the request with the check's name. What the sender is told is an effect of that
entry, so that it is mailed by the same way as everything else.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Literal

from nodback_core.domain.letters.notifications import SeenMail, UsedMessageId
from nodback_core.domain.replies.reading import Reply, read_reply
from nodback_core.domain.replies.token import ReplyToken, is_signed_for, parse, reply_address, token_of, tokens_of
from nodback_core.domain.replies.votes import later_doubt
from nodback_core.domain.reviews.closing import EffectDraft, record
from nodback_core.domain.reviews.options import match_option
from nodback_core.domain.reviews.requests import Assignment, Request, Source, Status
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import SERVICE, Action, Actor, NewEntry
from nodback_core.domain.shared.key_ring import KeyRing
from nodback_core.domain.shared.records import Record
from nodback_core.domain.shared.times import stamp
from nodback_core.mail.replies.answering import CHECKS, Expected, believed, doubt_about
from nodback_core.mail.replies.inbound import InboundMail, UnreadableMail, parse_headers, parse_mail
from nodback_core.mail.replies.sender import Verdicts, check_sender
from nodback_core.ports import Objects, Store, Vault
from nodback_core.usecases.letters.asked import AskedRequest, fetch_asked, sent_mail
from nodback_core.usecases.letters.writing import QUOTE
from nodback_core.usecases.replies.limits import Writer, allow
from nodback_core.usecases.reviews.respond import Answer, AsRead, Recorded, respond
from nodback_core.usecases.shared.attempts import until_written

MAX_MAIL_BYTES = 40 * 1024 * 1024
"""SES's own limit for a mail that it receives."""
MAX_QUOTE_CHARACTERS = 200
IDENTITY = "signed reply address, sender authenticated by DMARC"
CONFIRMED_IDENTITY = f"{IDENTITY}; confirmed at a fresh address"
UNPROVED_IDENTITY = "signed reply address; the sender's domain proves nothing, which the deployment accepts"
_IDENTITIES = {
    "dkim": IDENTITY,
    "spf": IDENTITY,
    "confirmation": CONFIRMED_IDENTITY,
    "nothing": UNPROVED_IDENTITY,
}
"""What the trail says of who answered, by what vouches for the headers of the mail."""


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
    AMBIGUOUS_HEADERS = "ambiguous_headers"
    SEVERAL_REVIEWS = "several_reviews"
    NOT_ADDRESSED = "not_addressed"
    MISDATED = "misdated"
    REUSED_MESSAGE_ID = "reused_message_id"
    NOT_COVERED = "not_covered"
    UNREADABLE = "unreadable"
    BLANK = "blank"
    UNCLEAR = "unclear"
    MISSING = "missing"


DOUBTS = frozenset(Result(code) for code, _ in CHECKS)
"""Checks that fail when an authentic mail may not be an answer to this review, but a copy of another mail."""
LETTERS: Mapping[Result, str] = {
    **dict.fromkeys(sorted(DOUBTS), "confirm_reply"),
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
class ArrivedMail:
    """A mail as the mail service reports it: where it lies, whom it is for, and what was found about its sender."""

    object_key: str
    recipients: tuple[str, ...]
    verdicts: Verdicts


def receive_mail(
    delivery: ArrivedMail,
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
    tokens = tokens_of(delivery.recipients, domain)
    if not tokens:
        return Result.NO_TOKEN if token_of(delivery.recipients, domain) is None else Result.MALFORMED_TOKEN
    raw = objects.get(delivery.object_key, limit=MAX_MAIL_BYTES)
    if raw is None:
        raise LookupError(f"there is no message under {delivery.object_key}")
    mail, readable = _read(raw)
    results = [
        until_written(
            partial(
                _receive,
                Seen(
                    parse(text),
                    reply_address(text, domain.lower()),
                    delivery,
                    mail,
                    readable,
                    mail_id_of(mail, text, delivery.verdicts),
                ),
                store=store,
                vault=vault,
                objects=objects,
                ring=ring,
                sender_name=sender_name,
                domain=domain,
                now=now,
            )
        )
        for text in tokens
    ]
    return next((result for result in results if result is not Result.UNKNOWN_REQUEST), results[0])


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail on its way through the checks."""

    token: ReplyToken
    address: str
    """The reply address that it came to."""
    delivery: ArrivedMail
    mail: InboundMail
    readable: bool
    mail_id: str

    @property
    def request_id(self) -> str:
        return str(self.token.request_id)


def mail_id_of(mail: InboundMail, token: str, verdicts: Verdicts) -> str:
    """What makes a mail the same: Message-ID, date, text, sender, reply address, and how far it is authenticated.

    A server that sends a mail again adds lines of its own, so the bytes do not count; a mail that only claims another's
    Message-ID or sender is authenticated otherwise. Without a Message-ID the bytes are all there is.
    """
    heading = mail.heading
    if not heading.message_id:
        return hashlib.sha256(f"{mail.digest}\n{token}".encode()).hexdigest()[:40]
    parts = (
        token,
        heading.message_id,
        mail.sender or mail.sender_problem or "",
        verdicts.dmarc,
        mail.automatic or "",
        heading.date.isoformat() if heading.date else "",
        *heading.to,
        *sorted(heading.proof.signed),
        str(heading.proof.spf),
        mail.text,
    )
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]


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
    marks = SeenMail.at(seen.request_id, seen.mail_id), UsedMessageId.at(seen.mail.heading.message_id)
    asked = fetch_asked(seen.request_id, *marks, store=store)
    if asked is None:
        return Result.UNKNOWN_REQUEST
    known, used = asked.more
    if known is not None or (isinstance(used, UsedMessageId) and used.stands_for(seen.request_id, seen.mail_id)):
        return Result.DUPLICATE
    request = asked.request
    addressee = _signed_for(seen.token, request, ring)
    failed = _failed_check(seen, asked, addressee, is_used=used is not None, now=now)
    if failed is not None:
        return _reject(seen, request, failed, addressee, store=store, now=now)
    assert addressee is not None
    sent = sent_mail(asked, sender_name=sender_name, domain=domain, vault=vault, objects=objects)
    reply = read_reply(seen.mail.text, sent, writer=seen.mail.sender_name)
    outcome = match_option(reply.first_line, request.emit)
    if not reply.first_line:
        return _reject(seen, request, Failed(Result.BLANK), addressee, store=store, now=now)
    against = later_doubt(reply.text, outcome, request.emit) if outcome is not None else None
    if against is not None or (outcome is None and request.emit and request.free_text == "ask"):
        said = "\n".join(line[:MAX_QUOTE_CHARACTERS] for line in (reply.first_line, against) if line is not None)
        quote = vault.seal(asked.data_key(vault), QUOTE, said.encode()).hex()
        return _reject(seen, request, Failed(Result.UNCLEAR), addressee, store=store, now=now, quote=quote)
    answer = _answer(seen, request, addressee, reply, outcome, now=now)
    rows = AsRead(request, asked.content_key)
    # Written over the rows that were checked: if they have moved, all checks are made again.
    told = respond(rows, answer, store=store, vault=vault, objects=objects, now=now)
    if isinstance(told, Recorded):
        return Result.RECORDED
    return _reject(seen, told.request, Failed(Result.CLOSED), addressee, store=store, now=now)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a reply address was made for, and whether it went out to have a doubtful answer confirmed."""

    assignment: Assignment
    is_confirming: bool


def _signed_for(token: ReplyToken, request: Request, ring: KeyRing) -> Addressee | None:
    """The assignment, of now or of an earlier round, whose address this token was made for."""
    for assignment in (request.assignment, *reversed(request.earlier)):
        for is_confirming in (False, True):
            if is_signed_for(
                token,
                round_number=assignment.round,
                address=assignment.address,
                ring=ring,
                is_confirming=is_confirming,
            ):
                return Addressee(assignment, is_confirming)
    return None


@dataclass(frozen=True, slots=True)
class Failed:
    """A check that does not hold, and who has written the mail as far as the checks tell."""

    check: Result
    writer: Writer = Writer.PERSON


def _failed_check(
    seen: Seen, asked: AskedRequest, addressee: Addressee | None, *, is_used: bool, now: datetime
) -> Failed | None:
    """The first check that does not hold, in the fixed order; None when the reply may be read."""
    stranger = _not_theirs(seen, asked, addressee)
    if stranger is not None:
        return Failed(stranger, Writer.STRANGER)
    assert addressee is not None
    request = asked.request
    doubt = doubt_about(
        seen.mail.heading,
        Expected(
            address=seen.address,
            opened_at=request.opened_at,
            now=now,
            is_used=is_used,
            # Only the assignee's mailbox knows a confirming address. Where DMARC proves nothing, nothing can.
            needs_proof=not addressee.is_confirming and seen.delivery.verdicts.dmarc == "PASS",
        ),
    )
    writer = Writer.PERSON if doubt is None else Writer.DOUBTFUL
    if addressee.assignment.round != request.assignment.round:
        return Failed(Result.REASSIGNED, writer)
    if request.status is not Status.PENDING:
        return Failed(Result.CLOSED, writer)
    if doubt is not None:
        return Failed(Result(doubt), writer)
    if seen.token.expires_at <= now:
        return Failed(Result.EXPIRED_TOKEN)
    return None if seen.readable else Failed(Result.UNREADABLE)


def _not_theirs(seen: Seen, asked: AskedRequest, addressee: Addressee | None) -> Result | None:
    """Why a mail cannot count as one of the addressee's, if it cannot."""
    if seen.mail.automatic:
        return Result.AUTOMATIC
    if addressee is None:
        return Result.FORGED_TOKEN
    sender = check_sender(
        seen.mail,
        authorised=addressee.assignment.address,
        verdicts=seen.delivery.verdicts,
        allow_unauthenticated_domains=asked.accepts_unauthenticated,
    )
    if sender.code is None:
        return None
    return Result.NOT_AUTHENTICATED if sender.code == "not_authenticated" else Result.OTHER_SENDER


def _reject(
    seen: Seen,
    request: Request,
    failed: Failed,
    addressee: Addressee | None,
    *,
    store: Store,
    now: datetime,
    quote: str = "",
) -> Result:
    """Write down which check failed, with the mail back as an effect; the request stays as it is."""
    check = failed.check
    letter = LETTERS.get(check)
    tell = addressee.assignment.address if letter is not None and addressee is not None else None
    allowed = allow(request, writer=failed.writer, tell=tell, store=store, now=now)
    if allowed is None:
        return check
    effects: tuple[EffectDraft, ...] = ()
    if letter is not None and tell is not None and allowed.mail:
        # A wrong sender is told nothing; the person whose address was used is.
        about = "" if check is Result.OTHER_SENDER else seen.mail.message_id or ""
        effects = (EffectDraft("mail", letter, tell, about, quote),)
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
    if check is Result.MISDATED:
        written_at = seen.mail.heading.date
        data["written_at"] = stamp(written_at) if written_at else None
    changed, entries = record(allowed.request, NewEntry(Action.REPLY_REJECTED, SERVICE, data), effects, now=now)
    mark = _mark(seen, request, check, now=now, is_believed=failed.writer is Writer.PERSON)
    store.commit([changed, mark, *([allowed.tally] if allowed.tally else [])], entries)
    return check


def _mark(seen: Seen, request: Request, result: Result, *, now: datetime, is_believed: bool) -> Record:
    """That the mail was processed; only a believed one uses up its Message-ID."""
    if not is_believed:
        return SeenMail(request.request_id, seen.mail_id, now, result.value)
    digest = UsedMessageId.digest_of(seen.mail.heading.message_id)
    return UsedMessageId(digest, request.request_id, seen.mail_id, now, result.value)


def _document(verdicts: Verdicts) -> dict[str, Json]:
    return {
        "dmarc": verdicts.dmarc,
        "spf": verdicts.spf,
        "dkim": verdicts.dkim,
        "spam": verdicts.spam,
        "virus": verdicts.virus,
    }


def _answer(
    seen: Seen, request: Request, addressee: Addressee, reply: Reply, outcome: str | None, *, now: datetime
) -> Answer:
    assignment = addressee.assignment
    vouched = _what_vouches(seen, addressee)
    whole = outcome is None and request.reply_feedback == "whole"
    return Answer(
        decision_id=f"mail:{seen.mail_id}",
        source=Source.EMAIL,
        actor=Actor("reviewer", assignment.address),
        responder=assignment.address,
        identity=_IDENTITIES[vouched],
        outcome=outcome,
        feedback=reply.text if whole else reply.first_line,
        reply_text=reply.text,
        evidence={
            "mail_id": seen.mail_id,
            "message_id": seen.mail.message_id,
            "raw_digest": seen.mail.digest,
            "object_key": seen.delivery.object_key,
            "verdicts": _document(seen.delivery.verdicts),
            "headers_vouched_by": vouched,
            "round": assignment.round,
        },
        effects=(EffectDraft("mail", "confirmation", assignment.address, seen.mail.message_id or ""),),
        marks=(_mark(seen, request, Result.RECORDED, now=now, is_believed=True),),
    )


def _what_vouches(seen: Seen, addressee: Addressee) -> Literal["dkim", "spf", "confirmation", "nothing"]:
    """What tells that the mail was written to this reply address."""
    heading = seen.mail.heading
    if seen.delivery.verdicts.dmarc != "PASS":
        return "nothing"
    covering = heading.proof.covering(believed(heading, seen.address))
    return covering or ("confirmation" if addressee.is_confirming else "nothing")
