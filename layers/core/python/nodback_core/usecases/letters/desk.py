"""What a letter about a request is written from: the request as it is now, its texts, and how it can be answered."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast
from uuid import UUID

from nodback_core.domain.audit.trail import happening_of
from nodback_core.domain.replies.token import issue, reply_address
from nodback_core.domain.reviews.contents import Shown, Words, shown_of, words_of
from nodback_core.domain.reviews.deadlines import AutoRespond, Escalate, ReminderDue, from_document, schedule
from nodback_core.domain.reviews.requests import Effect, Request
from nodback_core.domain.shared.happenings import Happening
from nodback_core.mail.letters.content import context_of
from nodback_core.mail.letters.kinds import ReviewRequest
from nodback_core.mail.letters.parts import About, Asking, Branding, Deadline, JsonValue
from nodback_core.ports import ContentErased, Store
from nodback_core.usecases.letters.post import Post
from nodback_core.usecases.letters.request_in_full import RequestInFull
from nodback_core.usecases.reviews.reasons import read_reasons
from nodback_core.usecases.shared.contents import read_content

ERASED = Shown("(the text of this request was erased)", None, {}, {}, ())
H = TypeVar("H", bound=Happening)
QUOTE = "quote"
"""The name under which the quote of an effect is sealed."""


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a letter is written from; the same letter whenever it is written again for the same effect."""

    full: RequestInFull
    effect: Effect
    post: Post
    shown: Shown

    @property
    def request(self) -> Request:
        return self.full.request

    @property
    def store(self) -> Store:
        return self.post.storage.store

    @property
    def branding(self) -> Branding:
        settings = self.full.settings
        return Branding(settings.sender_name or self.post.sender.name, settings.subject_prefix, settings.footer or None)

    @property
    def about(self) -> About:
        request = self.request
        return About(
            self.full.deployment.name, request.flow_id, request.method_name, request.number, self.shown.message
        )

    def asking(self, *, is_confirming: bool = False) -> Asking:
        """How to answer: a reply address that was given out when the effect was caused."""
        request = self.request
        expires_at = self.effect.at + timedelta(hours=request.reply_token_hours)
        token = issue(
            request_id=UUID(request.request_id),
            round_number=request.assignment.round,
            address=request.assignment.address,
            expires_at=expires_at,
            ring=self.post.ring,
            is_confirming=is_confirming,
        )
        return Asking(
            reply_address=reply_address(token, self.post.sender.reply_domain),
            token_expires_at=expires_at,
            options=request.emit,
            free_text="ask" if request.free_text == "ask" else "pass",
            reply_feedback="whole" if request.reply_feedback == "whole" else "first_line",
            deadlines=_deadlines(request),
            asked_at=self.effect.at,
        )

    def review_request(self) -> ReviewRequest:
        """The letter that asks, with the reason why the request was given to its assignee, if somebody said one."""
        seq = self.request.reason_seq
        return ReviewRequest(
            about=self.about,
            asking=self.asking(),
            content=cast("JsonValue", self.shown.output),
            created_at=self.request.opened_at,
            context=context_of(self.shown.state),
            earlier_rounds=len(self.request.earlier),
            reason=None if seq is None else self._reason_at(seq),
            branding=self.branding,
        )

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
            key = self.full.data_key(self.post.storage.vault)
            value = read_content(self.full.response, key=key, storage=self.post.storage)
        except ContentErased:
            return None
        return None if value is None else words_of(value)

    def quote(self) -> str:
        """The sealed text that the effect carries; empty when it was erased."""
        try:
            key = self.full.data_key(self.post.storage.vault)
        except ContentErased:
            return ""
        return self.post.storage.vault.unseal(key, QUOTE, bytes.fromhex(self.effect.quote)).decode()

    def reason(self) -> str | None:
        """Why somebody did what caused the effect, if they said so and it was not erased."""
        return self._reason_at(self.effect.seq)

    def _reason_at(self, seq: int) -> str | None:
        post = self.post
        try:
            key = self.full.data_key(post.storage.vault)
            found = read_reasons(self.request.request_id, [seq], key=key, storage=post.storage)
        except ContentErased:
            return None
        return found.get(seq)


def desk_for(effect: Effect, full: RequestInFull, post: Post) -> Desk:
    """The desk at which the letter of an effect is written; texts that were erased are replaced by a note."""
    try:
        key = full.data_key(post.storage.vault)
        value = read_content(full.shown, key=key, storage=post.storage)
    except ContentErased:
        value = None
    return Desk(full, effect, post, ERASED if value is None else shown_of(value))


def _deadlines(request: Request) -> tuple[Deadline, ...]:
    """What will still happen by itself, in order."""
    policy = from_document(json.loads(request.policy))
    coming: list[Deadline] = []
    for item in schedule(policy, request.opened_at):
        if item.step.name in request.done_steps:
            continue
        if isinstance(item.step, AutoRespond):
            coming.append(Deadline(item.at, "auto_response", outcome=item.step.outcome))
        elif isinstance(item.step, Escalate):
            coming.append(Deadline(item.at, "escalation", to_email=item.step.to))
        elif isinstance(item.step, ReminderDue):
            coming.append(Deadline(item.at, "reminder"))
    return tuple(coming)
