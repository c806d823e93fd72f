"""The checks of a reply in their fixed order: whose it is, whether it answers this mail of ours, whether it may still.

Each that fails has a name, which its entry holds.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nodback_core.domain.deployments.sender_checks import SenderCheck
from nodback_core.domain.replies.limits import Writer
from nodback_core.domain.replies.results import UNPROVEN, Result
from nodback_core.domain.replies.token import ReplyToken, is_signed_for
from nodback_core.domain.reviews.requests import Assignment, Request, Status
from nodback_core.domain.shared.key_ring import KeyRing
from nodback_core.mail.replies.answering import Expected, believed, doubt_about
from nodback_core.mail.replies.arrival import Arrival
from nodback_core.mail.replies.sender import check_sender


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a reply address was made for, and whether it went out to have a doubtful answer confirmed."""

    assignment: Assignment
    is_confirming: bool

    @property
    def address(self) -> str:
        return self.assignment.address


def addressee_of(token: ReplyToken, request: Request, ring: KeyRing) -> Addressee | None:
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


def failed_check(
    arrival: Arrival,
    request: Request,
    addressee: Addressee | None,
    *,
    is_used: bool,
    sender_check: SenderCheck,
    senders: tuple[str, ...],
    now: datetime,
) -> Failed | None:
    """The first check that does not hold; None when the reply may be read.

    `is_used` says that its Message-ID came with another mail; `sender_check` how well it must prove its
    sender; `senders` are the addresses that may answer for the addressee.
    """
    if arrival.mail.automatic:
        return Failed(Result.AUTOMATIC, Writer.STRANGER)
    if addressee is None:
        return Failed(Result.FORGED_TOKEN, Writer.STRANGER)
    stranger = _not_theirs(arrival, senders, sender_check=sender_check)
    if stranger is not None:
        return Failed(stranger, Writer.STRANGER)
    doubt = doubt_about(
        arrival.mail.heading,
        Expected(
            address=arrival.address,
            opened_at=request.opened_at,
            now=now,
            is_used=is_used,
            # Only the assignee's mailbox knows a confirming address. Where the address suffices, nothing may be proved.
            needs_proof=not addressee.is_confirming
            and (sender_check != "address" or arrival.delivery.verdicts.dmarc == "PASS"),
        ),
    )
    writer = Writer.PERSON if doubt is None else Writer.DOUBTFUL
    if addressee.assignment.round != request.assignment.round:
        return Failed(Result.REASSIGNED, writer)
    if request.status is not Status.PENDING:
        return Failed(Result.CLOSED, writer)
    if doubt is not None:
        return Failed(doubt, writer)
    if arrival.token.expires_at <= now:
        return Failed(Result.EXPIRED_TOKEN)
    return None if arrival.readable else Failed(Result.UNREADABLE)


def _not_theirs(arrival: Arrival, senders: tuple[str, ...], *, sender_check: SenderCheck) -> Result | None:
    """Why a mail cannot count as one of the addressee's, if it cannot."""
    code = check_sender(
        arrival.mail,
        authorised=senders,
        verdicts=arrival.delivery.verdicts,
        sender_check=sender_check,
    )
    if code is None:
        return None
    return Result(code) if code in UNPROVEN else Result.OTHER_SENDER


Voucher = Literal["dkim", "spf", "confirmation", "nothing"]


def what_authenticates(arrival: Arrival) -> Literal["dmarc", "aligned", "nothing"]:
    """What proves that the mail comes from the address that it names."""
    if arrival.delivery.verdicts.dmarc == "PASS":
        return "dmarc"
    return "aligned" if arrival.mail.heading.proof.is_aligned else "nothing"


def what_vouches(arrival: Arrival, addressee: Addressee) -> Voucher:
    """What tells that the mail was written to this reply address."""
    heading = arrival.mail.heading
    if what_authenticates(arrival) == "nothing":
        return "nothing"
    covering = heading.proof.covering(believed(heading, arrival.address))
    return covering or ("confirmation" if addressee.is_confirming else "nothing")
