"""Sending the mails that an entry calls for: claimed before the mail service is called, recorded after it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from nodback_core.domain.letters import sending
from nodback_core.domain.letters.happenings import MailOutcome
from nodback_core.domain.letters.kinds import MAIL, rules_of
from nodback_core.domain.letters.notifications import SETTLED, UNSENT, Notification, NotificationStatus, tag_of
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind
from nodback_core.domain.reviews.requests import EFFECT_RETRY_SECONDS, Effect
from nodback_core.domain.shared.outcomes import Outcome, Text
from nodback_core.domain.shared.records import Rows
from nodback_core.mail.letters.own_lines import own_lines
from nodback_core.ports import ContentErased, MailNotTaken, MailRefused, Storage, Store
from nodback_core.usecases.letters.messages import Unwritable, message_for
from nodback_core.usecases.letters.post import Post
from nodback_core.usecases.letters.request_in_full import RequestInFull, fetch_in_full
from nodback_core.usecases.shared.change import change, change_once
from nodback_core.usecases.shared.contents import open_key, read_content
from nodback_core.usecases.shared.reading import read_one


def notify(
    request_id: str, seq: int, *, post: Post, now: datetime, deployment_id: int | None = None
) -> tuple[str, ...]:
    """Send what entry `seq` of the request calls for and has not been sent; returns the ids of those sent now.

    Safe to call again at any time: what is sent, or being sent by somebody else, is passed over. Whoever knows the
    deployment's id saves a read. When one fails, the others are sent before its error is raised.
    """
    full = fetch_in_full(request_id, store=post.storage.store, deployment_id=deployment_id)
    if full is None:
        return ()
    waiting = [e for e in full.request.effects if e.kind == MAIL and e.seq == seq]
    sent, failed = list[str](), list[Exception]()
    for effect in waiting:
        try:
            if _send(effect, full, post=post, now=now):
                sent.append(effect.id)
        except Exception as error:  # noqa: BLE001 - it is raised at the end
            failed.append(error)
    if failed:
        raise failed[0]
    return tuple(sent)


def _send(effect: Effect, full: RequestInFull, *, post: Post, now: datetime) -> bool:
    request = full.request
    if not sending.is_needed(effect, request):
        _skip(effect, full, post, now)
        return False
    claimed = _claim(effect, request.request_id, store=post.storage.store, now=now)
    if claimed is None:
        return False
    if claimed.status is not NotificationStatus.CLAIMED:
        # Its sender died after sending: what became of the mail is known, and only the record is missing.
        _settle(effect, full, sending.sent(effect, claimed.message_id), claimed, claimed, post, now)
        return False
    try:
        rendered, message = message_for(effect, full, post)
    except Unwritable as error:
        if not error.for_ever and effect.asked < len(EFFECT_RETRY_SECONDS):
            # A newer version of the service may be able to write it.
            _give_back(claimed, post, now)
            raise
        _fail(effect, full, claimed, error.code, str(error), post, now)
        return False
    except Exception:
        # A service was away: as nothing was sent, nobody need wait for the claim to grow old.
        _give_back(claimed, post, now)
        raise
    try:
        message_id = post.mailer.send(
            message,
            sender=post.sender.address,
            to=effect.to,
            tags={"request_id": request.request_id, "notification": tag_of(effect.id)},
        )
    except MailRefused as refusal:
        _fail(effect, full, claimed, "refused", str(refusal), post, now)
        return False
    except MailNotTaken as error:
        _wait(effect, full, claimed, error, post, now)
        raise
    taken = replace(claimed, status=NotificationStatus.SENT, message_id=message_id, sent_at=now, reason=None, code=None)
    lines = own_lines(rendered) if rules_of(effect.name).asks else ()
    _settle(effect, full, sending.sent(effect, message_id), taken, claimed, post, now, lines)
    return True


def _claim(effect: Effect, request_id: str, *, store: Store, now: datetime) -> Notification | None:
    """The notification, claimed or with feedback already; None when it is recorded or somebody else is sending it."""
    claim = sending.first_claim(effect, request_id, now=now)
    # Nearly always this is the first claim, so it is tried before anything is read.
    if (rows := change_once(Outcome(rows=(claim,)), on=store, now=now)) is not None:
        return rows.of(Notification)
    known = read_one(claim.key, store=store)
    if known is None or known.status in SETTLED:
        return None
    if known.status not in UNSENT:
        return known
    again = sending.claim_again(known, claim, now=now)
    rows = None if again is None else change_once(Outcome(rows=(again,)), on=store, now=now)
    return None if rows is None else rows.of(Notification)


def _give_back(claimed: Notification, post: Post, now: datetime) -> None:
    """Give the claim back, unless it was overtaken."""
    change_once(sending.give_back(claimed), on=post.storage.store, now=now)


def _skip(effect: Effect, full: RequestInFull, post: Post, now: datetime) -> None:
    """Nobody needs the mail any more: say so, unless somebody has sent it or is sending it at this moment."""
    row = full.request.key
    notification = Notification.at(full.request.request_id, effect.id)

    def decide(rows: Rows) -> Outcome | None:
        request = rows[row]
        return None if request is None else sending.skip(request, effect, rows[notification], now=now)

    change(decide, row, notification, on=post.storage.store, now=now)


def _wait(
    effect: Effect, full: RequestInFull, claimed: Notification, error: MailNotTaken, post: Post, now: datetime
) -> None:
    """It was certainly not sent: say why on the request, and leave it free for the next try."""
    reason = str(error) if full.is_readable else None
    refused = replace(claimed, status=NotificationStatus.NOT_TAKEN, reason=reason, code=error.code)
    if claimed.code == error.code:
        change_once(Outcome(rows=(refused,)), on=post.storage.store, now=now)
        return
    row, notification = full.request.key, claimed.key

    def decide(rows: Rows) -> Outcome | None:
        return sending.wait(rows[row], claimed, rows[notification], refused, effect)

    as_read = Rows({}).along_with((full.request, claimed))
    change(decide, row, notification, on=post.storage.store, now=now, as_read=as_read)


def _fail(
    effect: Effect, full: RequestInFull, claimed: Notification, code: str, reason: str, post: Post, now: datetime
) -> None:
    """It will never be sent: say so on the request."""
    happened = sending.failed(effect, code, creator=full.deployment.creator_email, is_test=full.request.is_test)
    reason_kept = reason if full.is_readable else None
    ended = replace(claimed, status=NotificationStatus.FAILED, reason=reason_kept, code=None)
    _settle(effect, full, happened, ended, claimed, post, now)


def _settle(
    effect: Effect,
    full: RequestInFull,
    happened: MailOutcome,
    ended: Notification,
    claimed: Notification,
    post: Post,
    now: datetime,
    lines: Sequence[str] = (),
) -> None:
    """Record what became of the effect; the request no longer owes it. `lines` are those that a reply may quote."""
    row, notification = full.request.key, claimed.key
    request_id = full.request.request_id
    key, sent = ContentKey.at(request_id), Content.at(request_id, ContentKind.SENT)
    storage = post.storage

    def decide(rows: Rows) -> Outcome | None:
        request = rows[row]
        assert request is not None
        texts = _quotable(rows[key], rows[sent], lines, storage) if lines else ()
        return sending.settle(request, effect, happened, ended, rows[notification], texts=texts)

    found = (full.request, claimed, full.content_key, full.sent)
    as_read = Rows({}).along_with(record for record in found if record is not None)
    change(decide, row, notification, key, sent, on=storage, now=now, as_read=as_read)


def _quotable(
    key_row: ContentKey | None, sent: Content | None, lines: Sequence[str], storage: Storage
) -> tuple[Text, ...]:
    """The lines that a reply may quote, those of the request's earlier mails among them; none once they were erased."""
    try:
        key = open_key(key_row, vault=storage.vault)
        known = read_content(sent, key=key, storage=storage)
    except ContentErased:
        return ()
    words = sending.quotable(str(known or ""), lines)
    return (Text(ContentKind.SENT, words, version=sent.version if sent else 0),)
