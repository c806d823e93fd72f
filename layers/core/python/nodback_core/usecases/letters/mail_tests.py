"""Testing that mail goes out and replies come back: a test review that no flow waits for, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from nodback_core.domain.audit.trail import readable
from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.letters.kinds import LetterKind
from nodback_core.domain.letters.mail_tests import open_test, tally_at
from nodback_core.domain.letters.notifications import Notification, NotificationStatus
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.replies.happenings import ReplyRejected
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind, Shown, shown_document, words_of
from nodback_core.domain.reviews.happenings import Responded
from nodback_core.domain.reviews.requests import Request, Status
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NotFound
from nodback_core.domain.shared.outcomes import Outcome, Text
from nodback_core.domain.shared.records import Rows
from nodback_core.ports import ContentErased, Storage
from nodback_core.usecases.deployments.register import deployment_in
from nodback_core.usecases.letters.notifications import notifications_of
from nodback_core.usecases.shared.change import change
from nodback_core.usecases.shared.contents import open_key, owner_of, read_content

ENTRIES_READ = 200


class Stage(StrEnum):
    """How far a test came."""

    ASKED = "asked"
    SENT = "sent"
    DELIVERED = "delivered"
    NOT_DELIVERED = "not_delivered"
    REPLY_REFUSED = "reply_refused"
    ANSWERED = "answered"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SeenReply:
    """One mail that came back: what became of it, and what SES found out about its sender."""

    at: datetime
    result: str
    """``recorded``, or the name of the check that failed."""
    verdicts: Mapping[str, str | None]
    told: str | None
    """The letter that was sent back, if any."""
    sender: str | None


@dataclass(frozen=True, slots=True)
class MailTest:
    """A test review and all that is known of it."""

    request: Request
    mail: Notification | None
    replies: tuple[SeenReply, ...]
    first_line: str | None

    @property
    def stage(self) -> Stage:
        if self.request.status is Status.RESPONDED:
            return Stage.ANSWERED
        if self.request.status is not Status.PENDING:
            return Stage.CANCELLED
        if self.replies:
            return Stage.REPLY_REFUSED
        return Stage.ASKED if self.mail is None else _STAGES[self.mail.status]


_STAGES = {
    NotificationStatus.CLAIMED: Stage.ASKED,
    NotificationStatus.NOT_TAKEN: Stage.NOT_DELIVERED,
    NotificationStatus.SENT: Stage.SENT,
    NotificationStatus.DELAYED: Stage.SENT,
    NotificationStatus.DELIVERED: Stage.DELIVERED,
    NotificationStatus.SOFT_BOUNCED: Stage.NOT_DELIVERED,
    NotificationStatus.BOUNCED: Stage.NOT_DELIVERED,
    NotificationStatus.COMPLAINED: Stage.NOT_DELIVERED,
    NotificationStatus.REJECTED: Stage.NOT_DELIVERED,
    NotificationStatus.FAILED: Stage.NOT_DELIVERED,
    NotificationStatus.SKIPPED: Stage.CANCELLED,
}


def open_mail_test(
    deployment_id: int,
    *,
    request_id: str,
    to_email: str | None,
    caller: Caller,
    storage: Storage,
    now: datetime,
) -> MailTest:
    """Ask for a test mail to an address, or to the deployment's creator.

    It is sent whatever the deployment's `email_notifications` says. Raises InvalidInput for what is no address, and
    Refused `too_many_tests` after `TESTS_PER_HOUR` within an hour.
    """
    caller.require(Scope.MANAGE, Scope.INSTALL)
    caller.check_deployment(deployment_id)
    tally, row = tally_at(deployment_id, now), Deployment.at(deployment_id)
    shown = Text(ContentKind.SHOWN, shown_document(Shown("A test review", None, {}, {}, ())))

    @cache
    def seal() -> ContentKey:
        return ContentKey(request_id, storage.vault.create(owner_of(request_id)).wrapped)

    def decide(rows: Rows) -> Outcome:
        deployment = deployment_in(rows, deployment_id)
        to = _address(to_email or deployment.creator_email)
        return open_test(
            deployment, rows[tally], request_id=request_id, to=to, shown=shown, seal=seal, by=caller.actor, now=now
        )

    rows = change(decide, row, tally, on=storage, now=now)
    return MailTest(rows.of(Request), None, (), None)


def read_mail_test(deployment_id: int, request_id: str, *, caller: Caller, storage: Storage) -> MailTest:
    """What came of a test; raises NotFound for anything that is none of this deployment's tests."""
    caller.require(Scope.MANAGE, Scope.INSTALL)
    caller.check_deployment(deployment_id)
    row, key_row = Request.at(request_id), ContentKey.at(request_id)
    words_row = Content.at(request_id, ContentKind.RESPONSE)
    fetched = storage.store.fetch(row, key_row, words_row)
    request = fetched[row]
    if request is None or not request.is_test or request.deployment_id != deployment_id:
        raise NotFound(f"there is no test {request_id} in deployment {deployment_id}")
    try:
        key = open_key(fetched[key_row], vault=storage.vault)
        words = read_content(fetched[words_row], key=key, storage=storage)
    except ContentErased:
        words = None
    mails = [n for n in notifications_of(request_id, store=storage.store) if n.letter == LetterKind.TEST_MAIL]
    entries = storage.store.chain(request.subject, limit=ENTRIES_READ).items
    return MailTest(
        request=request,
        mail=mails[-1] if mails else None,
        replies=tuple(reply for entry in entries if (reply := _reply(entry)) is not None),
        first_line=words_of(words).feedback if words is not None else None,
    )


def answer_until(request: Request) -> datetime:
    """When the reply address of a test ends."""
    return request.opened_at + timedelta(hours=request.reply_token_hours)


def _reply(entry: Entry) -> SeenReply | None:
    match readable(entry):
        case ReplyRejected() as refused:
            said = _verdicts(refused.verdicts)
            return SeenReply(entry.at, refused.check, said, told=refused.told, sender=refused.sender)
        case Responded() as answer:
            return SeenReply(entry.at, "recorded", _verdicts(answer.verdicts or {}), told=None, sender=None)
        case _:
            return None


def _verdicts(verdicts: Mapping[str, Json]) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in verdicts.items()}


def _address(text: str) -> str:
    try:
        return normalise(text)
    except InvalidAddress as error:
        raise InvalidInput((FieldError("to_email", str(error)),)) from None
