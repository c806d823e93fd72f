"""What the pages show and do."""

from __future__ import annotations

from collections import Counter
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from infra.local.mailroom.composing import BadDraft, Draft
from infra.local.mailroom.defaults import Defaults
from infra.local.mailroom.handling import Handling, UnknownHandling
from infra.local.mailroom.mailbox import StoredMail, UnknownMail
from infra.local.mailroom.mailroom import Mailroom
from infra.local.mailroom.raw_headers import split_mail
from infra.local.mailroom.reading import Content, read
from infra.local.mailroom.sending import MailRefused
from infra.local.mailroom.threads import answers_to, thread_of, threads
from infra.local.mailroom.web.forms import draft_from, handling_from, texts
from infra.local.mailroom.web.rendering import page
from infra.local.mailroom.web.shown import SHOWN_POLICY, shown_html

THREADS_ON_A_PAGE: Final = 40
VIEWS: Final = ("html", "text", "headers", "source")


def mailroom_of(request: Request) -> Mailroom:
    mailroom: Mailroom = request.app.state.mailroom
    return mailroom


async def inbox(request: Request) -> Response:
    """`GET /?to=&page=`: conversations, newest first."""
    mailroom = mailroom_of(request)
    mails = mailroom.mailbox.all()
    wanted = request.query_params.get("to", "").strip().lower()
    found = [thread for thread in threads(mails) if not wanted or any(wanted in each for each in thread.people)]
    asked = request.query_params.get("page", "")
    number = max(1, int(asked)) if asked.isdecimal() and len(asked) < 6 else 1
    start = (number - 1) * THREADS_ON_A_PAGE
    shown = found[start : start + THREADS_ON_A_PAGE]
    people = Counter(
        recipient.lower() for mail in mails if mail.direction == "to_person" for recipient in mail.recipients
    )
    return page(
        request,
        "inbox.html",
        threads=shown,
        people=people.most_common(12),
        wanted=wanted,
        total=len(found),
        page_number=number,
        has_older=len(found) > start + THREADS_ON_A_PAGE,
    )


async def mail_page(request: Request) -> Response:
    """`GET /mail/{number}?view=`: one mail and what happens around it."""
    mail, content = await _opened(request)
    mailroom = mailroom_of(request)
    view = request.query_params.get("view", "")
    available = [each for each in VIEWS if each != "html" or content.html]
    view = view if view in available else available[0]
    thread = thread_of(mailroom.mailbox.all(), mail.number)
    raw = mailroom.mailbox.raw(mail.number) if view in ("headers", "source") else b""
    return page(
        request,
        "mail.html",
        mail=mail,
        content=content,
        views=available,
        view=view,
        headers=split_mail(raw).named() if view == "headers" else [],
        source=raw.decode("utf-8", "replace") if view == "source" else "",
        thread=thread,
        answers=answers_to(mail, thread),
        shown_path=f"/mail/{mail.number}/shown",
        defaults=mailroom.defaults.current,
    )


async def mail_shown(request: Request) -> Response:
    """`GET /mail/{number}/shown`: the mail's HTML, for the sandboxed frame only."""
    mail, content = await _opened(request)
    reply_path = f"/mail/{mail.number}/reply" if mail.direction == "to_person" else ""
    shade = request.query_params.get("shade", "")
    html = shown_html(content.html, reply_path=reply_path, pictures=content.pictures, shade=shade)
    return HTMLResponse(html, headers={"Content-Security-Policy": SHOWN_POLICY})


async def mail_raw(request: Request) -> Response:
    """`GET /mail/{number}/raw`: the mail as a file."""
    mail, _ = await _opened(request)
    name = f'attachment; filename="mail-{mail.number}.eml"'
    raw = mailroom_of(request).mailbox.raw(mail.number)
    return Response(raw, media_type="message/rfc822", headers={"Content-Disposition": name})


async def reply_page(request: Request) -> Response:
    """`GET /mail/{number}/reply`: the form, filled in as a mail client would; `as=assistant` answers for somebody."""
    mail, _ = await _opened(request)
    fields = texts(request.query_params)
    suggested = mailroom_of(request).draft(mail)
    if fields.pop("as", "") == "assistant":
        fields.setdefault("from", f"Assistant <assistant@{mail.recipients[0].rpartition('@')[2]}>")
    return _reply_form(request, mail, draft_from(fields, suggested), mailroom_of(request).defaults.current.handling)


async def send_reply(request: Request) -> Response:
    """`POST /mail/{number}/reply`: compose and send, then show the answer and what follows."""
    mail, _ = await _opened(request)
    mailroom = mailroom_of(request)
    fields = texts(await request.form())
    draft = draft_from(fields, mailroom.draft(mail))
    handling = mailroom.defaults.current.handling
    try:
        handling = handling_from(fields, handling)
        sent = await run_in_threadpool(mailroom.post, mail, draft, handling)
    except (BadDraft, UnknownHandling, MailRefused) as problem:
        return _reply_form(request, mail, draft, handling, str(problem))
    return _see(sent)


async def send_out_of_office(request: Request) -> Response:
    """`POST /mail/{number}/out-of-office`"""
    mail, _ = await _opened(request)
    return _see(await run_in_threadpool(mailroom_of(request).answer_out_of_office, mail))


async def send_bounce(request: Request) -> Response:
    """`POST /mail/{number}/bounce`"""
    mail, _ = await _opened(request)
    return _see(await run_in_threadpool(mailroom_of(request).bounce, mail))


async def deliver_again(request: Request) -> Response:
    """`POST /mail/{number}/again`: SES delivers the same mail once more."""
    mail, _ = await _opened(request)
    if mail.direction != "to_service":
        raise HTTPException(409, "Only a mail to the service can be delivered again.")
    return _see(mailroom_of(request).deliver_again(mail))


async def handling_page(request: Request) -> Response:
    """`GET /handling`: the defaults for mail to the service."""
    defaults = mailroom_of(request).defaults.current
    saved = "saved" in request.query_params
    return page(request, "handling.html", defaults=defaults, handling=defaults.handling, saved=saved, problem="")


async def save_handling(request: Request) -> Response:
    """`POST /handling`"""
    mailroom = mailroom_of(request)
    fields = texts(await request.form())
    try:
        handling = Handling() if "reset" in fields else handling_from(fields, mailroom.defaults.current.handling)
    except UnknownHandling as problem:
        defaults = mailroom.defaults.current
        return page(
            request,
            "handling.html",
            422,
            defaults=defaults,
            handling=defaults.handling,
            saved=False,
            problem=str(problem),
        )
    sender = "" if "reset" in fields else " ".join(fields.get("from", "").split())
    mailroom.defaults.replace(Defaults(sender, handling))
    return RedirectResponse("/handling?saved=yes", 303)


async def not_found(request: Request, problem: Exception) -> Response:
    """The answer for pages that do not exist and for requests that cannot be met."""
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    detail = problem.detail if isinstance(problem, HTTPException) else "Something went wrong."
    if request.url.path.startswith("/api/"):
        return PlainTextResponse(detail, status)
    return page(request, "problem.html", status, status=status, detail=detail)


def _reply_form(request: Request, mail: StoredMail, draft: Draft, handling: Handling, problem: str = "") -> Response:
    status = 422 if problem else 200
    return page(request, "reply.html", status, mail=mail, draft=draft, handling=handling, problem=problem)


async def _opened(request: Request) -> tuple[StoredMail, Content]:
    mailbox = mailroom_of(request).mailbox
    try:
        mail = mailbox.get(request.path_params["number"])
    except UnknownMail as problem:
        raise HTTPException(404, f"T{str(problem)[1:]}.") from problem
    return mail, await run_in_threadpool(lambda: read(mailbox.raw(mail.number)))


def _see(mail: StoredMail) -> Response:
    return RedirectResponse(f"/mail/{mail.number}", 303)
