"""Which letter an effect calls for, written from the request as it is now."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal, cast

from nodback_core.domain.flows.flow import Flow
from nodback_core.domain.letters.happenings import NotificationBounced, NotificationComplained, OfMail
from nodback_core.domain.letters.kinds import LetterKind, kind_named
from nodback_core.domain.letters.notifications import Notification
from nodback_core.domain.replies.happenings import ReplyRejected
from nodback_core.domain.replies.meaning.understanding import nearest_first
from nodback_core.domain.reviews import happenings
from nodback_core.domain.reviews.requests import Request, Source, Status
from nodback_core.domain.shared.times import moment
from nodback_core.mail.letters.kinds import (
    AutoResponseNotice,
    BlankReply,
    BounceNotice,
    CancellationNotice,
    ClosedRequest,
    Confirmation,
    ConfirmReply,
    EscalatedRequest,
    ExpiredToken,
    ReassignedToAnother,
    ReassignmentNotice,
    Reminder,
    RequestLetter,
    TestMail,
    UnclearReply,
    UnprovenReply,
    UnreadableReply,
    Why,
    WrongSenderNotice,
)
from nodback_core.mail.letters.parts import NewerRequest
from nodback_core.usecases.letters.desk import Desk
from nodback_core.usecases.shared.reading import read_one

SENDERS_IN_WORDS: Mapping[str, str] = {
    "no_from": "nobody: it names no sender",
    "several_from": "several senders at once",
    "group_or_list": "a list of senders",
    "from_defect": "a sender that is written so that it cannot be told for certain",
}
"""What is wrong with a From header, as the letter about a wrong sender says it: it came from …"""


class UnknownLetter(Exception):
    """This version writes no letter of this name about a request."""

    def __init__(self, name: str):
        super().__init__(f"there is no letter {name}")


def write_letter(desk: Desk) -> RequestLetter:
    """The letter that the desk's effect names; raises UnknownLetter for a name that this version has none for."""
    kind = kind_named(desk.effect.name)
    write = None if kind is None else WRITERS.get(kind)
    if write is None:
        raise UnknownLetter(desk.effect.name)
    return write(desk)


def _confirmation(desk: Desk) -> RequestLetter:
    decision, words = desk.request.decision, desk.words()
    assert decision is not None
    return Confirmation(
        about=desk.about,
        outcome=decision.outcome,
        feedback=words.feedback if words else "",
        responder=decision.responder,
        responded_at=decision.at,
        is_test=desk.request.is_test,
        branding=desk.branding,
    )


def _closed(desk: Desk) -> RequestLetter:
    request, decision = desk.request, desk.request.decision
    own = decision is not None and decision.responder == desk.effect.to
    words = desk.words() if own else None
    return ClosedRequest(
        about=desk.about,
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
    flow = read_one(flow_key, store=desk.store)
    if flow is None or flow.newest == request.request_id:
        return None
    newest = read_one(Request.at(flow.newest), store=desk.store)
    if newest is None or newest.status is not Status.PENDING:
        return None
    return NewerRequest(newest.number, assigned_to_reader=newest.assignment.address == desk.effect.to)


def _asking_again(desk: Desk, kind: type[BlankReply] | type[UnreadableReply]) -> RequestLetter:
    return kind(about=desk.about, asking=desk.asking(), branding=desk.branding)


def _unclear(desk: Desk) -> RequestLetter:
    first_line, _, later_line = desk.quote().partition("\n")
    answer = desk.asking()
    return UnclearReply(
        about=desk.about,
        # What the reviewer seems to mean comes first.
        asking=replace(answer, options=nearest_first(first_line, answer.options)),
        first_line=first_line,
        later_line=later_line,
        branding=desk.branding,
    )


def _confirm(desk: Desk) -> RequestLetter:
    refused = desk.caused_by(ReplyRejected)
    return ConfirmReply(
        about=desk.about,
        asking=desk.asking(is_confirming=True),
        why=cast("Why", refused.check),
        received_at=desk.effect.at,
        asked_at=desk.request.opened_at,
        written_at=moment(refused.written_at) if refused.written_at else None,
        branding=desk.branding,
    )


def _expired(desk: Desk) -> RequestLetter:
    refused = desk.caused_by(ReplyRejected)
    assert refused.expired_at is not None
    return ExpiredToken(desk.review_request(), expired_at=moment(refused.expired_at))


def _wrong_sender(desk: Desk) -> RequestLetter:
    return WrongSenderNotice(
        about=desk.about,
        attempted_from=_named(desk.caused_by(ReplyRejected).sender),
        received_at=desk.effect.at,
        branding=desk.branding,
    )


def _named(sender: str | None) -> str:
    """A sender as the entry of a refused reply holds it, an address or what is wrong with From, in words."""
    return SENDERS_IN_WORDS.get(sender or "", sender or "an unreadable sender")


def _unproven(desk: Desk) -> RequestLetter:
    return UnprovenReply(
        about=desk.about,
        why=cast("Literal['not_authenticated', 'virus', 'spam']", desk.caused_by(ReplyRejected).check),
        received_at=desk.effect.at,
        branding=desk.branding,
    )


def _reassigned(desk: Desk) -> RequestLetter:
    handed = desk.happening()
    is_explained = isinstance(handed, happenings.Reassigned) and handed.reason_digest is not None
    return ReassignmentNotice(
        about=desk.about,
        reassigned_at=desk.effect.at,
        by_escalation=isinstance(handed, happenings.Escalated),
        reason=desk.reason() if is_explained else None,
        branding=desk.branding,
    )


def _auto_responded(desk: Desk) -> RequestLetter:
    decision = desk.request.decision
    assert decision is not None
    return AutoResponseNotice(
        about=desk.about,
        outcome=decision.outcome or "",
        responded_at=decision.at,
        branding=desk.branding,
    )


def _bounce_notice(desk: Desk) -> RequestLetter:
    lost = desk.happening()
    assert isinstance(lost, OfMail), lost
    return BounceNotice(
        about=desk.about,
        failed_address=lost.to,
        loss=_loss(lost),
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
    known = read_one(address, store=desk.store)
    return known.reason if known is not None else None


def _previous(request: Request) -> str:
    return request.earlier[-1].address if request.earlier else request.assignment.address


def _test_mail(desk: Desk) -> RequestLetter:
    return TestMail(
        deployment_name=desk.full.deployment.name,
        asking=desk.asking(),
        requested_at=desk.request.opened_at,
        branding=desk.branding,
    )


WRITERS: Mapping[LetterKind, Callable[[Desk], RequestLetter]] = {
    LetterKind.REVIEW_REQUEST: lambda desk: desk.review_request(),
    LetterKind.REMINDER: lambda desk: Reminder(desk.review_request(), sent_at=desk.effect.at),
    LetterKind.ESCALATED: lambda desk: EscalatedRequest(desk.review_request(), previous_email=_previous(desk.request)),
    LetterKind.EXPIRED_TOKEN: _expired,
    LetterKind.CONFIRMATION: _confirmation,
    LetterKind.CLOSED_REQUEST: _closed,
    LetterKind.REASSIGNED_TO_ANOTHER: lambda desk: ReassignedToAnother(desk.about, branding=desk.branding),
    LetterKind.WRONG_SENDER_NOTICE: _wrong_sender,
    LetterKind.UNPROVEN_REPLY: _unproven,
    LetterKind.BLANK_REPLY: lambda desk: _asking_again(desk, BlankReply),
    LetterKind.UNREADABLE_REPLY: lambda desk: _asking_again(desk, UnreadableReply),
    LetterKind.UNCLEAR_REPLY: _unclear,
    LetterKind.CONFIRM_REPLY: _confirm,
    LetterKind.REASSIGNED: _reassigned,
    LetterKind.CANCELLED: lambda desk: CancellationNotice(
        desk.about, cancelled_at=desk.effect.at, reason=desk.reason(), branding=desk.branding
    ),
    LetterKind.AUTO_RESPONDED: _auto_responded,
    LetterKind.BOUNCE_NOTICE: _bounce_notice,
    LetterKind.TEST_MAIL: _test_mail,
}
"""How each letter about a request is written."""
