"""The JSON API of the mailroom: list mails, read one, reply."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from infra.local.mailroom.composing import BadDraft
from infra.local.mailroom.handling import UnknownHandling, handling_from_settings
from infra.local.mailroom.mailbox import HandOver, StoredMail, UnknownMail
from infra.local.mailroom.mailroom import Mailroom
from infra.local.mailroom.reading import read
from infra.local.mailroom.sending import MailRefused
from infra.local.mailroom.threads import answers_to, thread_of

CHANGES_WAIT_SECONDS: Final = 20.0
CHANGES_LOOK_SECONDS: Final = 0.15


class ReplyRequest(BaseModel):
    """The body of `POST /api/reply`; what is left out is as the mail client would fill it in."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    id: int
    text: str
    style: str = "gmail"
    sender: str = Field("", alias="from")
    to: str = ""
    subject: str | None = None
    quote: bool = True
    as_new: bool = False
    verdicts: dict[str, str] = Field(default_factory=dict)
    dmarc_policy: str | None = None
    delay_seconds: float = 0.0
    duplicates: int = 0
    same_event: bool = False


async def list_messages(request: Request) -> Response:
    """`GET /api/messages?to=&since=&subject=&direction=`: mails with an id greater than `since`, oldest first."""
    query = request.query_params
    try:
        since = int(query.get("since") or 0)
    except ValueError:
        return _problem(422, "since wants the id of the last mail seen")
    to, subject = query.get("to", "").lower(), query.get("subject", "").lower()
    found = [
        mail
        for mail in _mailroom(request).mailbox.all()
        if mail.number > since
        and (not to or to in (recipient.lower() for recipient in mail.recipients))
        and subject in mail.subject.lower()
        and query.get("direction", mail.direction) == mail.direction
    ]
    return JSONResponse({"messages": [summary(mail) for mail in found]})


async def show_message(request: Request) -> Response:
    """`GET /api/messages/{id}`: one mail with its parts, and the ids of the mails that came back for it."""
    mailroom = _mailroom(request)
    try:
        mail = mailroom.mailbox.get(request.path_params["number"])
    except UnknownMail as problem:
        return _problem(404, str(problem))
    content = await run_in_threadpool(lambda: read(mailroom.mailbox.raw(mail.number)))
    thread = thread_of(mailroom.mailbox.all(), mail.number)
    attachments = [{"name": each.name, "type": each.content_type, "size": each.size} for each in content.attachments]
    return JSONResponse(
        {
            **summary(mail),
            "text": content.text,
            "html": content.html,
            "attachments": attachments,
            "thread": [each.number for each in thread.mails],
            "answers": [each.number for each in answers_to(mail, thread)],
        }
    )


async def reply(request: Request) -> Response:
    """`POST /api/reply`: answer a mail over SMTP; 201 with the answer as the mailroom keeps it."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return _problem(415, "send application/json")
    try:
        wanted = ReplyRequest.model_validate_json(await request.body())
        sent = await run_in_threadpool(_send, _mailroom(request), wanted)
    except ValidationError as problem:
        errors = (f"{'.'.join(map(str, error['loc'])) or 'body'}: {error['msg']}" for error in problem.errors())
        return _problem(422, "; ".join(errors))
    except UnknownMail as problem:
        return _problem(404, str(problem))
    except (BadDraft, UnknownHandling, MailRefused) as problem:
        return _problem(422, str(problem))
    return JSONResponse(summary(sent), 201)


async def changes(request: Request) -> Response:
    """`GET /api/changes?after=`: answers as soon as the mailroom's change counter differs, at the latest in 20 s."""
    mailroom = _mailroom(request)
    after = request.query_params.get("after", "")
    end = time.monotonic() + CHANGES_WAIT_SECONDS
    while str(mailroom.mailbox.changes) == after and time.monotonic() < end and not mailroom.stopping:
        if await request.is_disconnected():
            break
        await asyncio.sleep(CHANGES_LOOK_SECONDS)
    return JSONResponse({"changes": mailroom.mailbox.changes})


def summary(mail: StoredMail) -> dict[str, Any]:
    """A mail as the list shows it."""
    return {
        "id": mail.number,
        "direction": mail.direction,
        "received_at": mail.received_at.isoformat(),
        "envelope_from": mail.envelope_from,
        "recipients": list(mail.recipients),
        "from": mail.sender,
        "to": mail.to,
        "reply_to": mail.reply_to,
        "subject": mail.subject,
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "auto_submitted": mail.auto_submitted,
        "size": mail.size,
        "deliveries": [_delivery(hand_over) for hand_over in mail.hand_overs],
    }


def _delivery(hand_over: HandOver) -> dict[str, Any]:
    return {
        "ses_message_id": hand_over.ses_message_id,
        "status": hand_over.status,
        "due": hand_over.due.isoformat(),
        "error": hand_over.error,
    }


def _send(mailroom: Mailroom, wanted: ReplyRequest) -> StoredMail:
    settings = {f"verdict-{check}": verdict for check, verdict in wanted.verdicts.items()}
    settings |= {"dmarc-policy": wanted.dmarc_policy} if wanted.dmarc_policy else {}
    if {"delay_seconds", "duplicates", "same_event"} & wanted.model_fields_set:
        settings |= {
            "delay": str(wanted.delay_seconds),
            "duplicates": str(wanted.duplicates),
            "same-event": "yes" if wanted.same_event else "no",
        }
    return mailroom.reply(
        mailroom.mailbox.get(wanted.id),
        wanted.text,
        style=wanted.style,
        sender=wanted.sender,
        to=wanted.to,
        subject=wanted.subject,
        quote=wanted.quote,
        as_new=wanted.as_new,
        handling=handling_from_settings(settings, mailroom.defaults.current.handling) if settings else None,
    )


def _mailroom(request: Request) -> Mailroom:
    mailroom: Mailroom = request.app.state.mailroom
    return mailroom


def _problem(status: int, detail: str) -> Response:
    return JSONResponse({"status": status, "detail": detail}, status, media_type="application/problem+json")
