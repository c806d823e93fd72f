"""Trying the way of the mail: a test review that no flow waits for, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from nodback_core.domain.audit.trail import readable
from nodback_core.domain.deployments.deployment import Deployment, Scope
from nodback_core.domain.letters.kinds import LetterKind
from nodback_core.domain.letters.notifications import Notification, NotificationStatus
from nodback_core.domain.people.callers import Caller
from nodback_core.domain.people.sessions import Tally
from nodback_core.domain.replies.happenings import ReplyRejected
from nodback_core.domain.reviews.closing import mail, record
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind, Shown, shown_document, words_of
from nodback_core.domain.reviews.happenings import Responded
from nodback_core.domain.reviews.requests import Assignment, Request, Status
from nodback_core.domain.shared.addresses import InvalidAddress, normalise
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import Action, Entry, NewEntry
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NotFound, Refused
from nodback_core.ports import ContentErased, Objects, Store, Vault
from nodback_core.usecases.deployments.register import find_deployment
from nodback_core.usecases.letters.notifications import notifications_of
from nodback_core.usecases.shared.attempts import until_written
from nodback_core.usecases.shared.contents import open_key, owner_of, read_content, seal_content

TEST_METHOD = "test_request"
TEST_OPTIONS = ("it_works",)
TEST_TOKEN_HOURS = 24
TESTS_PER_HOUR = 20
"""Of one deployment: whoever holds its key must not be able to flood an address."""
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
    store: Store,
    vault: Vault,
    objects: Objects,
    now: datetime,
) -> MailTest:
    """Ask for a test mail to an address, or to the deployment's creator.

    It is sent whatever the deployment's `email_notifications` says. Raises InvalidInput for what is no address, and
    Refused `too_many_tests` after `TESTS_PER_HOUR` within an hour.
    """
    caller.require(Scope.MANAGE, Scope.INSTALL)
    caller.check_deployment(deployment_id)

    def write() -> MailTest:
        window = int(now.timestamp()) // 3600
        name = f"mail-tests/{deployment_id}"
        tally_row = Tally.at(name, window)
        tally = store.fetch(tally_row)[tally_row] or Tally(name, window, _hour_after(window))
        deployment = find_deployment(deployment_id, store=store)
        address = _address(to_email or deployment.creator_email)
        if tally.count >= TESTS_PER_HOUR:
            raise Refused(f"{TESTS_PER_HOUR} tests were asked for within this hour: wait", code="too_many_tests")
        key = vault.create(owner_of(request_id))
        shown = seal_content(
            ContentKind.SHOWN,
            shown_document(Shown("A test review", None, {}, {}, ())),
            request_id=request_id,
            key=key,
            vault=vault,
            objects=objects,
        )
        data: dict[str, Json] = {"test": True, "method_name": TEST_METHOD, "assigned_to": address}
        happening = NewEntry(Action.REQUEST_OPENED, caller.actor, data)
        drafts = (mail(LetterKind.TEST_MAIL, address),)
        request, entries = record(_request(request_id, deployment, address, now), happening, drafts, now=now)
        store.commit([request, ContentKey(request_id, key.wrapped), shown, tally.once_more()], entries)
        return MailTest(request, None, (), None)

    return until_written(write)


def _request(request_id: str, deployment: Deployment, address: str, now: datetime) -> Request:
    return Request(
        request_id=request_id,
        organization_id=deployment.organization_id,
        deployment_id=deployment.deployment_id,
        flow_id=f"test-{request_id}",
        flow_name="nodback",
        flow_class="nodback",
        method_name=TEST_METHOD,
        number=1,
        opened_at=now,
        body_digest="",
        assignment=Assignment(1, address),
        emit=TEST_OPTIONS,
        reply_token_hours=TEST_TOKEN_HOURS,
        is_test=True,
    )


def read_mail_test(
    deployment_id: int, request_id: str, *, caller: Caller, store: Store, vault: Vault, objects: Objects
) -> MailTest:
    """What came of a test; raises NotFound for anything that is none of this deployment's tests."""
    caller.require(Scope.MANAGE, Scope.INSTALL)
    caller.check_deployment(deployment_id)
    row, key_row = Request.at(request_id), ContentKey.at(request_id)
    words_row = Content.at(request_id, ContentKind.RESPONSE)
    fetched = store.fetch(row, key_row, words_row)
    request = fetched[row]
    if request is None or not request.is_test or request.deployment_id != deployment_id:
        raise NotFound(f"there is no test {request_id} in deployment {deployment_id}")
    try:
        key = open_key(fetched[key_row], vault=vault)
        words = read_content(fetched[words_row], key=key, vault=vault, objects=objects)
    except ContentErased:
        words = None
    mails = [n for n in notifications_of(request_id, store=store) if n.letter == LetterKind.TEST_MAIL]
    entries = store.chain(request.subject, limit=ENTRIES_READ).items
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


def _hour_after(window: int) -> datetime:
    return datetime.fromtimestamp((window + 2) * 3600, UTC)
