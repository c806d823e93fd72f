"""A reply arrives: named checks in a fixed order, then the one arbiter, then one mail back or silence.

Every check that fails is an entry of the request with the check's name. What the sender is told is an effect of that
entry, so it is mailed in the same way as everything else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from nodback_core.domain.deployments.deployment import Deployment
from nodback_core.domain.letters.kinds import LetterKind
from nodback_core.domain.letters.kinds import mail as letter_to
from nodback_core.domain.letters.notifications import SeenMail, UsedMessageId
from nodback_core.domain.replies.happenings import ReplyRejected
from nodback_core.domain.replies.limits import Writer, empty_tally, tally_at
from nodback_core.domain.replies.meaning.understanding import Meaning, understand
from nodback_core.domain.replies.reading import Reply, SentMail, read_reply
from nodback_core.domain.replies.refusing import refuse
from nodback_core.domain.replies.results import UNPROVEN, Result
from nodback_core.domain.replies.token import token_of, tokens_of
from nodback_core.domain.reviews.answering import Taken, answer
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind
from nodback_core.domain.reviews.happenings import Responded
from nodback_core.domain.reviews.requests import Request, Source, Status
from nodback_core.domain.shared.entries import Actor
from nodback_core.domain.shared.happenings import Digested
from nodback_core.domain.shared.key_ring import KeyRing
from nodback_core.domain.shared.outcomes import Outcome
from nodback_core.domain.shared.records import Record, Rows
from nodback_core.domain.shared.times import stamp
from nodback_core.mail.replies.arrival import Arrival, ArrivedMail
from nodback_core.mail.replies.checks import (
    Addressee,
    Failed,
    addressee_of,
    failed_check,
    what_authenticates,
    what_vouches,
)
from nodback_core.mail.replies.inbound import InboundMail, UnreadableMail, parse_headers, parse_mail
from nodback_core.mail.replies.mime import Form
from nodback_core.ports import ContentErased, Storage
from nodback_core.usecases.deployments.register import settings_of
from nodback_core.usecases.letters.desk import QUOTE
from nodback_core.usecases.shared.change import change
from nodback_core.usecases.shared.contents import open_key, read_content

MAX_MAIL_BYTES = 40 * 1024 * 1024
"""SES's own limit for a mail that it receives."""
MAX_QUOTE_CHARACTERS = 200
_PROVED = {
    "dmarc": "sender authenticated by DMARC",
    "aligned": "sender authenticated by DKIM or SPF of their domain, which the deployment accepts",
}


def identity_of(arrival: Arrival, addressee: Addressee) -> str:
    """What the trail says of how it is known who answered."""
    sender = arrival.mail.sender
    whose = f"; {sender} for {addressee.address}" if sender != addressee.address else ""
    proved = _PROVED.get(what_authenticates(arrival))
    if proved is None:
        return f"signed reply address; the sender's domain proves nothing, which the deployment accepts{whose}"
    confirmed = what_vouches(arrival, addressee) == "confirmation"
    return f"signed reply address, {proved}{'; confirmed at a fresh address' if confirmed else ''}{whose}"


def receive_mail(
    delivery: ArrivedMail,
    *,
    storage: Storage,
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
    raw = storage.objects.get(delivery.object_key, limit=MAX_MAIL_BYTES)
    if raw is None:
        raise LookupError(f"there is no message under {delivery.object_key}")
    mail, readable = _read(raw)
    intake = _Intake(storage, ring, domain, sender_name, now)
    arrivals = [Arrival.at(token, domain.lower(), delivery, mail, readable=readable) for token in tokens]
    results = [intake.receive(arrival) for arrival in arrivals]
    return next((result for result in results if result is not Result.UNKNOWN_REQUEST), results[0])


def _read(raw: bytes) -> tuple[InboundMail, bool]:
    """The mail, or only its headers when it is too large or too deep to be read."""
    try:
        return parse_mail(raw), True
    except UnreadableMail:
        return parse_headers(raw), False


def _told(check: Result, request: Request, addressee: Addressee | None) -> str | None:
    """Whom a letter about a refused reply goes to, if to anybody.

    A reply whose sender is not proved concerns only whoever can still answer.
    """
    if addressee is None:
        return None
    is_asked = addressee.assignment.round == request.assignment.round and request.status is Status.PENDING
    return None if check in UNPROVEN and not is_asked else addressee.address


@dataclass(frozen=True, slots=True)
class _Intake:
    """Where mails are received: with what, and as of when."""

    storage: Storage
    ring: KeyRing
    domain: str
    sender_name: str
    now: datetime

    def receive(self, arrival: Arrival) -> Result:
        """Decide over the rows that are written: if one has changed meanwhile, all checks are made again."""
        result = Result.UNKNOWN_REQUEST

        def decide(rows: Rows) -> Outcome | None:
            nonlocal result
            result, outcome = self._decide(arrival, rows)
            return outcome

        request_id = arrival.request_id
        change(
            decide,
            Request.at(request_id),
            ContentKey.at(request_id),
            Content.at(request_id, ContentKind.SENT),
            SeenMail.at(request_id, arrival.mail_id),
            UsedMessageId.at(arrival.mail.heading.message_id),
            on=self.storage,
            now=self.now,
            more=lambda rows: self._surroundings(arrival, rows),
        )
        return result

    def _surroundings(self, arrival: Arrival, rows: Rows) -> Iterable[Record]:
        """The deployment, and how many mails the addressee was sent within this hour."""
        request = rows[Request.at(arrival.request_id)]
        if request is None:
            return ()
        deployment = Deployment.at(request.deployment_id)
        addressee = addressee_of(arrival.token, request, self.ring)
        if addressee is None:
            return self.storage.store.fetch(deployment).found.values()
        return self.storage.store.fetch(deployment, tally_at(addressee.address, self.now)).found.values()

    def _decide(self, arrival: Arrival, rows: Rows) -> tuple[Result, Outcome | None]:
        request = rows[Request.at(arrival.request_id)]
        deployment = None if request is None else rows[Deployment.at(request.deployment_id)]
        if request is None or deployment is None:
            return Result.UNKNOWN_REQUEST, None
        used = rows[UsedMessageId.at(arrival.mail.heading.message_id)]
        if rows[SeenMail.at(arrival.request_id, arrival.mail_id)] is not None:
            return Result.DUPLICATE, None
        if used is not None and used.stands_for(arrival.request_id, arrival.mail_id):
            return Result.DUPLICATE, None
        settings = settings_of(deployment)
        addressee = addressee_of(arrival.token, request, self.ring)
        failed = failed_check(
            arrival,
            request,
            addressee,
            is_used=used is not None,
            sender_check=settings.sender_check_of(addressee.assignment.rule if addressee else None),
            senders=settings.senders_for(addressee.address) if addressee else (),
            now=self.now,
        )
        if failed is not None:
            return failed.check, self._refuse(arrival, request, failed, addressee, rows)
        assert addressee is not None
        sent = self._sent(arrival, settings.sender_name, rows)
        reply = read_reply(arrival.mail.text, sent, writer=arrival.mail.sender_name)
        meant = understand(
            reply.text,
            request.emit,
            aliases={alias.option: alias.words for alias in settings.aliases},
            writer=arrival.mail.sender_name,
        )
        if arrival.mail.form in (Form.REACTION, Form.CALENDAR):
            # A click on an emoji or in a calendar: what it shows is quoted, and never an answer.
            meant = Meaning(words=reply.first_line or arrival.mail.subject, doubt=reply.first_line)
        elif meant.is_nothing and arrival.mail.form is Form.SEALED:
            return Result.UNREADABLE, self._refuse(arrival, request, Failed(Result.UNREADABLE), addressee, rows)
        if meant.is_nothing:
            return Result.BLANK, self._refuse(arrival, request, Failed(Result.BLANK), addressee, rows)
        if meant.doubt is not None or (meant.outcome is None and request.emit and request.free_text == "ask"):
            quote = self._quote(request, meant, rows)
            unclear = Failed(Result.UNCLEAR)
            return Result.UNCLEAR, self._refuse(arrival, request, unclear, addressee, rows, quote=quote)
        return Result.RECORDED, self._answer(arrival, request, addressee, reply, meant)

    def _answer(
        self, arrival: Arrival, request: Request, addressee: Addressee, reply: Reply, meant: Meaning
    ) -> Outcome | None:
        whole = meant.outcome is None and request.reply_feedback == "whole"
        message_id = arrival.mail.message_id
        sender = arrival.mail.sender or addressee.address

        def understand(taken: Taken) -> Responded:
            return Responded(
                **taken,
                **arrival.evidence,
                by=Actor("reviewer", sender),
                calls_for=(letter_to(LetterKind.CONFIRMATION, addressee.address, about=message_id or ""),),
                source=Source.EMAIL,
                responder=sender,
                answered_for=addressee.address if sender != addressee.address else None,
                identity=identity_of(arrival, addressee),
                outcome=meant.outcome,
                feedback_digest=Digested(reply.text if whole else meant.words),
                reply_text_digest=Digested(reply.text),
                message_id=message_id,
                headers_vouched_by=what_vouches(arrival, addressee),
                round=addressee.assignment.round,
            )

        seen = arrival.seen(Result.RECORDED, is_believed=True, now=self.now)
        return answer(request, f"mail:{arrival.mail_id}", understand, now=self.now, also=(seen,))

    def _refuse(
        self,
        arrival: Arrival,
        request: Request,
        failed: Failed,
        addressee: Addressee | None,
        rows: Rows,
        *,
        quote: str = "",
    ) -> Outcome | None:
        mail, check = arrival.mail, failed.check

        def say(letter: str | None) -> ReplyRejected:
            written_at = mail.heading.date
            return ReplyRejected(
                **arrival.evidence,
                check=check.value,
                told=letter,
                automatic=mail.automatic or None,
                expired_at=stamp(arrival.token.expires_at) if check is Result.EXPIRED_TOKEN else None,
                sender=(mail.sender or mail.sender_problem) if check is Result.OTHER_SENDER else None,
                written_at=stamp(written_at) if check is Result.MISDATED and written_at else None,
            )

        to = _told(check, request, addressee)
        return refuse(
            request,
            check,
            say,
            writer=failed.writer,
            to=to,
            tally=None if to is None else rows[tally_at(to, self.now)] or empty_tally(to, self.now),
            about=mail.message_id or "",
            quote=quote,
            seen=arrival.seen(check, is_believed=failed.writer is Writer.PERSON, now=self.now),
        )

    def _sent(self, arrival: Arrival, sender_name: str | None, rows: Rows) -> SentMail:
        """What the reader of a reply must know of our own mail: its sender's name, and its lines if they are kept."""
        try:
            key = open_key(rows[ContentKey.at(arrival.request_id)], vault=self.storage.vault)
            content = rows[Content.at(arrival.request_id, ContentKind.SENT)]
            lines = read_content(content, key=key, storage=self.storage)
        except ContentErased:
            lines = None
        return SentMail(sender_name or self.sender_name, self.domain, tuple(str(lines or "").splitlines()))

    def _quote(self, request: Request, meant: Meaning, rows: Rows) -> str:
        """What was said, and a later line that speaks against it: sealed, for the letter that asks back."""
        against = () if meant.doubt in (None, meant.words) else (meant.doubt,)
        said = "\n".join(str(line)[:MAX_QUOTE_CHARACTERS] for line in (meant.words, *against))
        key = open_key(rows[ContentKey.at(request.request_id)], vault=self.storage.vault)
        return self.storage.vault.seal(key, QUOTE, said.encode()).hex()
