"""Who answered: the checks between a From header and belief in it, in a fixed order, each with a code of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nodback_core.domain.deployments.sender_checks import SenderCheck
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.mail.replies.inbound import InboundMail


@dataclass(frozen=True)
class Verdicts:
    """What SES found out about a mail: PASS, FAIL, GRAY or PROCESSING_FAILED each; "" when it does not say."""

    dmarc: str = ""
    spf: str = ""
    dkim: str = ""
    spam: str = ""
    virus: str = ""

    @classmethod
    def of_receipt(cls, receipt: Mapping[str, object]) -> "Verdicts":
        """The verdicts in the `receipt` of an SES inbound event."""

        def status(name: str) -> str:
            verdict = receipt.get(name)
            return str(verdict.get("status", "")).upper() if isinstance(verdict, Mapping) else ""

        return cls(*(status(f"{name}Verdict") for name in ("dmarc", "spf", "dkim", "spam", "virus")))


@dataclass(frozen=True)
class ReceivedFrom:
    """What the checks look at."""

    sender: str | None
    sender_problem: str | None
    authorised: tuple[str, ...]
    verdicts: Verdicts
    sender_check: SenderCheck
    is_aligned: bool


def check_sender(
    mail: InboundMail, *, authorised: str | tuple[str, ...], verdicts: Verdicts, sender_check: SenderCheck = "dmarc"
) -> str | None:
    """The code of the first check that fails, or None: the mail comes from somebody that may answer.

    The codes: no_from, several_from, group_or_list, from_defect, other_sender, not_authenticated, virus, spam.

    mail: a parsed mail. authorised: the address in the record, or all that may write for it. verdicts: of SES.
    sender_check: how well the mail must prove its sender, as the deployment or the rule says; a failed DMARC is never
    accepted.
    """
    aligned = mail.heading.proof.is_aligned
    addresses = (authorised,) if isinstance(authorised, str) else authorised
    received = ReceivedFrom(mail.sender, mail.sender_problem, addresses, verdicts, sender_check, aligned)
    return next((code for code, holds in CHECKS if not holds(received)), None)


def _has_no(problem: str) -> Callable[[ReceivedFrom], bool]:
    return lambda received: received.sender_problem != problem


def _is_authorised(received: ReceivedFrom) -> bool:
    return received.sender is not None and any(_is_same(received.sender, one) for one in received.authorised)


def _is_same(sender: str, address: str) -> bool:
    try:
        return sender == normalise(address)
    except InvalidAddress:
        return False


def _is_authenticated(received: ReceivedFrom) -> bool:
    verdicts = received.verdicts
    if verdicts.dmarc == "PASS":
        return True
    if received.sender_check == "dmarc" or verdicts.dmarc == "FAIL":
        return False
    if received.is_aligned:
        return True
    has_failed = "FAIL" in (verdicts.spf, verdicts.dkim)
    return received.sender_check == "address" and verdicts.dmarc == "GRAY" and not has_failed


CHECKS: tuple[tuple[str, Callable[[ReceivedFrom], bool]], ...] = (
    ("no_from", _has_no("no_from")),
    ("several_from", _has_no("several_from")),
    ("group_or_list", _has_no("group_or_list")),
    ("from_defect", _has_no("from_defect")),
    ("other_sender", _is_authorised),
    ("not_authenticated", _is_authenticated),
    ("virus", lambda received: received.verdicts.virus != "FAIL"),
    ("spam", lambda received: received.verdicts.spam != "FAIL"),
)
