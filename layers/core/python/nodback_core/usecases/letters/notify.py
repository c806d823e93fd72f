"""Sending the mails that an entry calls for: claimed before the mail service is called, recorded after it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from nodback_core.domain.letters.kinds import MAIL, LetterKind, rules_of
from nodback_core.domain.letters.notifications import (
    CLAIM_SECONDS,
    UNSENT,
    Notification,
    NotificationStatus,
    tag_of,
)
from nodback_core.domain.reviews.closing import EffectDraft, mail, record
from nodback_core.domain.reviews.contents import Content, ContentKind
from nodback_core.domain.reviews.requests import EFFECT_RETRY_SECONDS, Effect, Request, Status
from nodback_core.domain.shared.canonical import Json
from nodback_core.domain.shared.entries import SERVICE, Action, NewEntry
from nodback_core.domain.shared.records import Record
from nodback_core.mail.letters.own_lines import own_lines
from nodback_core.ports import Changed, MailNotTaken, MailRefused, Store
from nodback_core.usecases.letters.asked import AskedRequest, fetch_asked
from nodback_core.usecases.letters.messages import Post, Unwritable, written
from nodback_core.usecases.shared.attempts import until_written
from nodback_core.usecases.shared.contents import read_content, seal_content

MAX_SENT_LINES = 4000
"""How many lines of our own mails are kept for telling quotes from answers."""
SETTLED = (NotificationStatus.SENT, NotificationStatus.FAILED, NotificationStatus.SKIPPED)
"""What is written together with the end of the effect: such a notification is owed no more."""


def notify(
    request_id: str, seq: int, *, post: Post, now: datetime, deployment_id: int | None = None
) -> tuple[str, ...]:
    """Send what entry `seq` of the request calls for and has not been sent; returns the ids of those sent now.

    Safe to call again at any time: what is sent, or being sent by somebody else, is passed over. Whoever knows the
    deployment's id saves a read. When one fails, the others are sent before its error is raised.
    """
    asked = fetch_asked(request_id, store=post.store, deployment_id=deployment_id)
    if asked is None:
        return ()
    waiting = [e for e in asked.request.effects if e.kind == MAIL and e.seq == seq]
    sent, failed = list[str](), list[Exception]()
    for effect in waiting:
        try:
            if _send(effect, asked, post=post, now=now):
                sent.append(effect.id)
        except Exception as error:  # noqa: BLE001 - it is raised at the end
            failed.append(error)
    if failed:
        raise failed[0]
    return tuple(sent)


def _useless(effect: Effect, request: Request) -> dict[str, Json] | None:
    """Why nobody needs the letter any more, as a code and a sentence; None while it is of use."""
    if rules_of(effect.name).while_pending and request.status is not Status.PENDING:
        return {"code": "request_closed", "reason": f"the request is {request.status}"}
    if rules_of(effect.name).asks and effect.to != request.assignment.address:
        return {"code": "assigned_to_another", "reason": "the request waits for somebody else"}
    return None


def _send(effect: Effect, asked: AskedRequest, *, post: Post, now: datetime) -> bool:
    request = asked.request
    if (useless := _useless(effect, request)) is not None:
        _skip(effect, request, useless, post, now)
        return False
    claimed = _claim(effect, request.request_id, store=post.store, now=now)
    if claimed is None:
        return False
    if claimed.status is not NotificationStatus.CLAIMED:
        # Its sender died after sending: what became of the mail is known, and only the record is missing.
        _settle(effect, request, Action.NOTIFICATION_SENT, {"message_id": claimed.message_id}, post, now, claimed)
        return False
    try:
        rendered, message = written(effect, asked, post)
    except Unwritable as error:
        if not error.for_ever and effect.asked < len(EFFECT_RETRY_SECONDS):
            # A newer version of the service may be able to write it.
            _release(claimed, store=post.store)
            raise
        _failed(effect, asked, claimed, error.code, str(error), post, now)
        return False
    except Exception:
        # A service was away: as nothing was sent, nobody need wait for the claim to grow old.
        _release(claimed, store=post.store)
        raise
    try:
        message_id = post.mailer.send(
            message,
            sender=post.sender.address,
            to=effect.to,
            tags={"request_id": request.request_id, "notification": tag_of(effect.id)},
        )
    except MailRefused as refusal:
        _failed(effect, asked, claimed, "refused", str(refusal), post, now)
        return False
    except MailNotTaken as error:
        _not_taken(effect, asked, claimed, error, post, now)
        raise
    sent = replace(claimed, status=NotificationStatus.SENT, message_id=message_id, sent_at=now, reason=None, code=None)
    text = None
    if rules_of(effect.name).asks and asked.is_readable:
        text = _sent_text(asked, own_lines(rendered), post)
    _settle(effect, request, Action.NOTIFICATION_SENT, {"message_id": message_id}, post, now, sent, text)
    return True


def _claim(effect: Effect, request_id: str, *, store: Store, now: datetime) -> Notification | None:
    """The claimed notification, one of which feedback came already, or None when it is recorded or another is at it."""
    first = Notification(request_id, effect.id, effect.to, NotificationStatus.CLAIMED, now)
    try:
        # Nearly always this is the first claim, so it is tried before anything is read.
        store.commit([first])
        return replace(first, version=1)
    except Changed:
        known = store.fetch(first.key)[first.key]
    if known is None or known.status in SETTLED:
        return None
    if known.status not in UNSENT:
        return known
    if _is_being_sent(known, now):
        return None
    again = replace(first, version=known.version, reason=known.reason, code=known.code)
    try:
        store.commit([again])
    except Changed:
        return None
    return replace(again, version=known.version + 1)


def _release(claimed: Notification, *, store: Store) -> None:
    """Give the claim back, unless it was overtaken; why an earlier try was not taken stays to be read."""
    with suppress(Changed):
        if claimed.code is None:
            store.commit([], removals=[claimed])
        else:
            store.commit([replace(claimed, status=NotificationStatus.NOT_TAKEN)])


def _sent_text(asked: AskedRequest, lines: Sequence[str], post: Post) -> Content:
    """The lines that a reply may quote, those of the request's earlier mails among them, sealed."""
    key = asked.data_key(post.vault)
    before = read_content(asked.sent, key=key, vault=post.vault, objects=post.objects)
    newest = set(lines)
    # The newest mail's come last: its end is where a quote of it ends.
    known = [*(line for line in str(before or "").splitlines() if line not in newest), *lines]
    return seal_content(
        ContentKind.SENT,
        "\n".join(known[-MAX_SENT_LINES:]),
        request_id=asked.request.request_id,
        key=key,
        vault=post.vault,
        objects=post.objects,
        version=asked.sent.version if asked.sent else 0,
    )


def _skip(effect: Effect, request: Request, why: dict[str, Json], post: Post, now: datetime) -> None:
    """The mail is of no use any more: say so, unless somebody has sent it or is sending it at this moment."""
    skipped = Notification(request.request_id, effect.id, effect.to, NotificationStatus.SKIPPED, now)
    known = post.store.fetch(skipped.key)[skipped.key]
    if known is not None and _is_being_sent(known, now):
        return
    if known is not None and known.status not in UNSENT:
        # Feedback tells that it went out; only the record is missing.
        _settle(effect, request, Action.NOTIFICATION_SENT, {"message_id": known.message_id}, post, now, known)
        return
    skipped = replace(skipped, version=known.version if known else 0)
    _settle(effect, request, Action.NOTIFICATION_SKIPPED, why, post, now, skipped)


def _is_being_sent(known: Notification, now: datetime) -> bool:
    """Whether it is claimed by a sender that may still be at it."""
    claimed = known.status is NotificationStatus.CLAIMED
    return claimed and now - known.claimed_at < timedelta(seconds=CLAIM_SECONDS)


def _not_taken(
    effect: Effect, asked: AskedRequest, claimed: Notification, error: MailNotTaken, post: Post, now: datetime
) -> None:
    """It was surely not sent: say why on the request, and let whoever tries next begin at once.

    The entry of a refusal is written once for each change of its class, since a try may come every minute.
    """
    reason = str(error) if asked.is_readable else None
    waiting = replace(claimed, status=NotificationStatus.NOT_TAKEN, reason=reason, code=error.code)
    if claimed.code == error.code:
        with suppress(Changed):
            post.store.commit([waiting])
        return
    data: dict[str, Json] = {"letter": effect.name, "to": effect.to, "for_seq": effect.seq, "code": error.code}
    request, is_first = asked.request, True

    def write() -> None:
        nonlocal request, is_first
        if not is_first:
            fetched = post.store.fetch(request.key, claimed.key)
            current, stored = fetched[request.key], fetched[claimed.key]
            if current is None or stored is None or stored.version != claimed.version:
                # Feedback or another sender knows more.
                return
            request = current
        is_first = False
        changed, entries = record(request, NewEntry(Action.NOTIFICATION_NOT_TAKEN, SERVICE, data), now=now)
        post.store.commit([changed, waiting], entries)

    until_written(write)


def _failed(
    effect: Effect, asked: AskedRequest, claimed: Notification, code: str, reason: str, post: Post, now: datetime
) -> None:
    """It will never be sent: say so on the request, and tell the creator if an asking mail is lost."""
    creator = asked.deployment.creator_email
    tell = rules_of(effect.name).asks and effect.to != creator and not asked.request.is_test
    effects = (mail(LetterKind.BOUNCE_NOTICE, creator),) if tell else ()
    failed = replace(claimed, status=NotificationStatus.FAILED, reason=reason if asked.is_readable else None, code=None)
    _settle(effect, asked.request, Action.NOTIFICATION_FAILED, {"code": code}, post, now, failed, effects=effects)


def _settle(
    effect: Effect,
    request: Request,
    action: Action,
    facts: dict[str, Json],
    post: Post,
    now: datetime,
    outcome: Notification,
    text: Content | None = None,
    effects: tuple[EffectDraft, ...] = (),
) -> None:
    """Record what became of the effect; the request no longer owes it."""
    data: dict[str, Json] = {"letter": effect.name, "to": effect.to, "for_seq": effect.seq, **facts}
    stored: Notification | None = outcome
    first = True

    def write() -> None:
        nonlocal request, stored, text, first
        if not first:
            # Another mail of this request, its feedback or another sender of this mail may have been faster.
            sent = Content.at(request.request_id, ContentKind.SENT)
            fetched = post.store.fetch(request.key, outcome.key, sent)
            current, stored, known_text = fetched[request.key], fetched[outcome.key], fetched[sent]
            assert current is not None
            request = current
            text = replace(text, version=known_text.version if known_text else 0) if text else None
        first = False
        if all(e.id != effect.id for e in request.effects):
            return
        if outcome.status is NotificationStatus.SKIPPED and stored is not None and _is_being_sent(stored, now):
            return
        changed, entries = record(request.without_effect(effect.id), NewEntry(action, SERVICE, data), effects, now=now)
        noted = _noted(outcome, stored)
        records: list[Record] = [changed, *((noted,) if noted else ()), *((text,) if text else ())]
        post.store.commit(records, entries)

    until_written(write)


def _noted(outcome: Notification, stored: Notification | None) -> Notification | None:
    """The notification to write over what is stored; None when feedback has said more already."""
    if stored is None:
        return replace(outcome, version=0)
    if stored is not outcome and stored.status not in UNSENT:
        return None
    return replace(outcome, version=stored.version)
