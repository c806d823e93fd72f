"""Which letter an effect calls for, written from the request as it is now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, cast

from nodback_core.domain.audit.trail import happening_of
from nodback_core.domain.flows.flow import Flow
from nodback_core.domain.letters.happenings import NotificationBounced, NotificationComplained, OfMail
from nodback_core.domain.letters.kinds import LetterKind, kind_named
from nodback_core.domain.letters.notifications import Notification
from nodback_core.domain.replies.happenings import ReplyRejected
from nodback_core.domain.reviews import happenings
from nodback_core.domain.reviews.contents import Shown, Words, words_of
from nodback_core.domain.reviews.requests import Effect, Request, Source, Status
from nodback_core.domain.shared.happenings import Happening
from nodback_core.domain.shared.key_ring import KeyRing
from nodback_core.domain.shared.times import moment
from nodback_core.mail.letters.kinds import (
    AutoResponded,
    BlankReply,
    BounceNotice,
    Branding,
    Cancelled,
    ClosedRequest,
    Confirmation,
    ConfirmReply,
    Escalated,
    ExpiredToken,
    Letter,
    NewerRequest,
    Reassigned,
    ReassignedToAnother,
    Reminder,
    ReviewRequest,
    TestMail,
    UnclearReply,
    UnreadableReply,
    Why,
    WrongSenderNotice,
)
from nodback_core.ports import ContentErased, Objects, Store, Vault
from nodback_core.usecases.letters.asked import AskedRequest, about, asking, branding, review_request
from nodback_core.usecases.reviews.reasons import read_reasons
from nodback_core.usecases.shared.contents import read_content

H = TypeVar("H", bound=Happening)
QUOTE = "quote"
"""The name under which the quote of an effect is sealed."""


class UnknownLetter(Exception):
    """This version writes no letter of this name about a request."""

    def __init__(self, name: str):
        super().__init__(f"there is no letter {name}")


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a letter is written from."""

    asked: AskedRequest
    effect: Effect
    shown: Shown
    store: Store
    vault: Vault
    objects: Objects
    ring: KeyRing
    domain: str
    sender_name: str

    @property
    def request(self) -> Request:
        return self.asked.request

    @property
    def branding(self) -> Branding:
        return branding(self.asked, sender_name=self.sender_name)

    def happening(self) -> Happening | None:
        """What caused the effect."""
        return happening_of(self.store.chain(self.request.subject, after_seq=self.effect.seq - 1, limit=1).items[0])

    def caused_by(self, kind: type[H]) -> H:
        """What caused the effect, which is of this class."""
        cause = self.happening()
        assert isinstance(cause, kind), cause
        return cause

    def words(self) -> Words | None:
        """The words of the answer, unless they were erased or there are none."""
        try:
            key = self.asked.data_key(self.vault)
            value = read_content(self.asked.response, key=key, vault=self.vault, objects=self.objects)
        except ContentErased:
            return None
        return None if value is None else words_of(value)

    def quote(self) -> str:
        """The sealed text that the effect carries; empty when it was erased."""
        try:
            key = self.asked.data_key(self.vault)
        except ContentErased:
            return ""
        return self.vault.unseal(key, QUOTE, bytes.fromhex(self.effect.quote)).decode()

    def reason(self) -> str | None:
        """Why somebody did what caused the effect, if they said so and it was not erased."""
        seq = self.effect.seq
        try:
            key = self.asked.data_key(self.vault)
            found = read_reasons(
                self.request.request_id, [seq], key=key, store=self.store, vault=self.vault, objects=self.objects
            )
        except ContentErased:
            return None
        return found.get(seq)

    def review_request(self) -> ReviewRequest:
        return review_request(
            self.asked,
            self.shown,
            given_at=self.effect.at,
            ring=self.ring,
            domain=self.domain,
            sender_name=self.sender_name,
        )


def write_letter(desk: Desk) -> Letter:
    """The letter that the desk's effect names; raises UnknownLetter for a name that this version has none for."""
    kind = kind_named(desk.effect.name)
    write = None if kind is None else WRITERS.get(kind)
    if write is None:
        raise UnknownLetter(desk.effect.name)
    return write(desk)


def _review_request(desk: Desk) -> Letter:
    # Only the mail of the very reassignment that was explained carries the reason; the others need not look for one.
    reason = desk.reason() if desk.request.reason_seq == desk.effect.seq else None
    return replace(desk.review_request(), reason=reason)


def _confirmation(desk: Desk) -> Letter:
    decision, words = desk.request.decision, desk.words()
    assert decision is not None
    return Confirmation(
        about=about(desk.asked, desk.shown),
        outcome=decision.outcome,
        feedback=words.feedback if words else "",
        responder=decision.responder,
        responded_at=decision.at,
        is_test=desk.request.is_test,
        branding=desk.branding,
    )


def _closed(desk: Desk) -> Letter:
    request, decision = desk.request, desk.request.decision
    own = decision is not None and decision.responder == desk.effect.to
    words = desk.words() if own else None
    return ClosedRequest(
        about=about(desk.asked, desk.shown),
        status=_closed_status(request),
        closed_at=request.closed_at or request.opened_at,
        outcome=decision.outcome if decision else None,
        feedback=words.feedback if words else None,
        responder=decision.responder if decision and own else None,
        automatic=decision is not None and decision.source is Source.AUTO,
        newer=_newer(desk),
        branding=desk.branding,
    )


def _closed_status(request: Request) -> Literal["responded", "cancelled", "superseded"]:
    if request.status is Status.CANCELLED:
        return "cancelled"
    return "superseded" if request.status is Status.SUPERSEDED else "responded"


def _newer(desk: Desk) -> NewerRequest | None:
    """The request of the same flow that waits now, if there is a later one."""
    request = desk.request
    flow_key = Flow.at(request.deployment_id, request.flow_id)
    flow = desk.store.fetch(flow_key)[flow_key]
    if flow is None or flow.newest == request.request_id:
        return None
    newest = desk.store.fetch(Request.at(flow.newest))[Request.at(flow.newest)]
    if newest is None or newest.status is not Status.PENDING:
        return None
    return NewerRequest(newest.number, assigned_to_reader=newest.assignment.address == desk.effect.to)


def _asking_again(desk: Desk, kind: type[BlankReply] | type[UnreadableReply]) -> Letter:
    answer = asking(desk.asked, given_at=desk.effect.at, ring=desk.ring, domain=desk.domain)
    return kind(about=about(desk.asked, desk.shown), asking=answer, branding=desk.branding)


def _unclear(desk: Desk) -> Letter:
    first_line, _, later_line = desk.quote().partition("\n")
    return UnclearReply(
        about=about(desk.asked, desk.shown),
        asking=asking(desk.asked, given_at=desk.effect.at, ring=desk.ring, domain=desk.domain),
        first_line=first_line,
        later_line=later_line,
        branding=desk.branding,
    )


def _confirm(desk: Desk) -> Letter:
    refused = desk.caused_by(ReplyRejected)
    return ConfirmReply(
        about=about(desk.asked, desk.shown),
        asking=asking(desk.asked, given_at=desk.effect.at, ring=desk.ring, domain=desk.domain, is_confirming=True),
        why=cast("Why", refused.check),
        received_at=desk.effect.at,
        asked_at=desk.request.opened_at,
        written_at=moment(refused.written_at) if refused.written_at else None,
        branding=desk.branding,
    )


def _expired(desk: Desk) -> Letter:
    refused = desk.caused_by(ReplyRejected)
    assert refused.expired_at is not None
    return ExpiredToken(desk.review_request(), expired_at=moment(refused.expired_at))


def _wrong_sender(desk: Desk) -> Letter:
    return WrongSenderNotice(
        about=about(desk.asked, desk.shown),
        attempted_from=desk.caused_by(ReplyRejected).sender or "an unreadable sender",
        received_at=desk.effect.at,
        branding=desk.branding,
    )


def _reassigned(desk: Desk) -> Letter:
    handed = desk.happening()
    is_explained = isinstance(handed, happenings.Reassigned) and handed.reason_digest is not None
    return Reassigned(
        about=about(desk.asked, desk.shown),
        reassigned_at=desk.effect.at,
        because="escalated" if isinstance(handed, happenings.Escalated) else "reassigned",
        reason=desk.reason() if is_explained else None,
        branding=desk.branding,
    )


def _auto_responded(desk: Desk) -> Letter:
    decision = desk.request.decision
    assert decision is not None
    return AutoResponded(
        about=about(desk.asked, desk.shown),
        outcome=decision.outcome or "",
        responded_at=decision.at,
        branding=desk.branding,
    )


def _bounce_notice(desk: Desk) -> Letter:
    lost = desk.happening()
    assert isinstance(lost, OfMail), lost
    return BounceNotice(
        about=about(desk.asked, desk.shown),
        failed_address=lost.to,
        kind=_loss(lost),
        diagnostic=_what_was_said(desk, lost),
        failed_at=desk.effect.at,
        branding=desk.branding,
    )


def _loss(lost: OfMail) -> Literal["bounce", "complaint", "rejected"]:
    if isinstance(lost, NotificationBounced):
        return "bounce"
    return "complaint" if isinstance(lost, NotificationComplained) else "rejected"


def _what_was_said(desk: Desk, lost: OfMail) -> str | None:
    """The words of the mail service or the reader's server: on the notification, which can forget them."""
    address = Notification.at(desk.request.request_id, lost.notification_id)
    known = desk.store.fetch(address)[address]
    return known.reason if known is not None else None


def _previous(request: Request) -> str:
    return request.earlier[-1].address if request.earlier else request.assignment.address


def _test_mail(desk: Desk) -> Letter:
    return TestMail(
        deployment_name=desk.asked.deployment.name,
        asking=asking(desk.asked, given_at=desk.effect.at, ring=desk.ring, domain=desk.domain),
        requested_at=desk.request.opened_at,
        branding=desk.branding,
    )


WRITERS: Mapping[LetterKind, Callable[[Desk], Letter]] = {
    LetterKind.REVIEW_REQUEST: _review_request,
    LetterKind.REMINDER: lambda desk: Reminder(desk.review_request(), sent_at=desk.effect.at),
    LetterKind.ESCALATED: lambda desk: Escalated(desk.review_request(), previous_email=_previous(desk.request)),
    LetterKind.EXPIRED_TOKEN: _expired,
    LetterKind.CONFIRMATION: _confirmation,
    LetterKind.CLOSED_REQUEST: _closed,
    LetterKind.REASSIGNED_TO_ANOTHER: lambda desk: ReassignedToAnother(about(desk.asked, desk.shown), desk.branding),
    LetterKind.WRONG_SENDER_NOTICE: _wrong_sender,
    LetterKind.BLANK_REPLY: lambda desk: _asking_again(desk, BlankReply),
    LetterKind.UNREADABLE_REPLY: lambda desk: _asking_again(desk, UnreadableReply),
    LetterKind.UNCLEAR_REPLY: _unclear,
    LetterKind.CONFIRM_REPLY: _confirm,
    LetterKind.REASSIGNED: _reassigned,
    LetterKind.CANCELLED: lambda desk: Cancelled(
        about(desk.asked, desk.shown), cancelled_at=desk.effect.at, reason=desk.reason(), branding=desk.branding
    ),
    LetterKind.AUTO_RESPONDED: _auto_responded,
    LetterKind.BOUNCE_NOTICE: _bounce_notice,
    LetterKind.TEST_MAIL: _test_mail,
}
"""How each letter about a request is written."""
