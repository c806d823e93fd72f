"""One request: what is to be reviewed, all that helps to decide, and the answer."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from nodback_core.dashboard.changes import Line, compare
from nodback_core.dashboard.json_tree import tree
from nodback_core.dashboard.timeline import TimelineLine, told
from nodback_core.dashboard.visits import SEEN_HEADER, Visit
from nodback_core.dashboard.web import HttpResponse
from nodback_core.dashboard.words import duration
from nodback_core.domain.audit.trail import readable
from nodback_core.domain.reviews.deadlines import AutoRespond, Escalate, SlaBreach, coming, from_document
from nodback_core.domain.reviews.happenings import Assigned
from nodback_core.domain.reviews.requests import Request, Status
from nodback_core.domain.shared.entries import Entry
from nodback_core.domain.shared.errors import FieldError, InvalidInput, NotFound, Refused
from nodback_core.domain.webhooks.webhook import PUSH
from nodback_core.mail.letters.content import cut
from nodback_core.mail.letters.markdown import MARKDOWN_MAX_CHARS, code_to_html, to_html
from nodback_core.mail.letters.wording import clean, title
from nodback_core.statuses import status_of
from nodback_core.usecases.flows.resumes import retry_resume
from nodback_core.usecases.replies.add_sender import add_sender
from nodback_core.usecases.reviews.cancel_request import cancel_request
from nodback_core.usecases.reviews.read_review import Review, read_review
from nodback_core.usecases.reviews.reassign_request import reassign_request
from nodback_core.usecases.reviews.respond_by_person import may_answer, respond_by_person
from nodback_core.usecases.shared.reading import read_one

SHOWN_CHARACTERS = 60_000
STATES_THAT_MOVE = ("ready", "claimed", "consumed")


@dataclass(frozen=True, slots=True)
class ShownContent:
    """What the method returned, as safe HTML."""

    html: str
    is_cut: bool
    characters: int


def page(visit: Visit) -> HttpResponse:
    return _page(visit)


def answer(visit: Visit) -> HttpResponse:
    """The decision; the page that follows says what was recorded, or who was faster."""
    http_request, request_id = visit.http_request, visit.parts["request_id"]
    outcome = http_request.field("outcome")
    feedback = http_request.field("feedback")
    try:
        respond_by_person(
            request_id,
            feedback=feedback,
            outcome=outcome or None,
            form_id=http_request.field("form_id")[:100],
            identity=visit.who,
            now=visit.now,
            storage=visit.storage,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors, typed=feedback)
    except Refused as error:
        return _page(visit, status=status_of(error), lost=error.detail, typed=feedback, tried=outcome)
    return visit.redirect(f"/review/{request_id}", answered="yes")


def own_sender(visit: Visit) -> HttpResponse:
    """The assignee has written from another address: it may answer for them from now on."""
    request_id, sender = visit.parts["request_id"], visit.http_request.field("sender")
    try:
        add_sender(request_id, sender, identity=visit.who, now=visit.now, storage=visit.storage)
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors)
    return visit.redirect(f"/review/{request_id}", added=sender)


def reassign(visit: Visit) -> HttpResponse:
    request_id = visit.parts["request_id"]
    try:
        reassign_request(
            request_id,
            visit.http_request.field("to_email") or visit.who.address,
            reason=visit.http_request.field("reason") or None,
            caller=visit.who.within(_deployment_of(visit)),
            now=visit.now,
            storage=visit.storage,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors)
    except Refused as error:
        return _page(visit, status=status_of(error), lost=error.detail)
    return visit.redirect(f"/review/{request_id}")


def cancel(visit: Visit) -> HttpResponse:
    request_id = visit.parts["request_id"]
    try:
        cancel_request(
            request_id,
            reason=visit.http_request.field("reason") or None,
            caller=visit.who.within(_deployment_of(visit)),
            now=visit.now,
            storage=visit.storage,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors)
    except Refused as error:
        return _page(visit, status=status_of(error), lost=error.detail)
    return visit.redirect(f"/review/{request_id}")


def retry(visit: Visit) -> HttpResponse:
    """Hand the answer to the flow once more, after it failed."""
    request_id = visit.parts["request_id"]
    try:
        retry_resume(
            request_id,
            outcome=visit.http_request.field("outcome") or None,
            caller=visit.who.within(_deployment_of(visit)),
            store=visit.store,
            now=visit.now,
        )
    except InvalidInput as error:
        return _page(visit, status=status_of(error), errors=error.errors)
    except Refused as error:
        return _page(visit, status=status_of(error), lost=error.detail)
    return visit.redirect(f"/review/{request_id}")


def output(visit: Visit) -> HttpResponse:
    """The whole content as a file."""
    seen = read_review(visit.parts["request_id"], identity=visit.who, storage=visit.storage).view
    value = seen.shown.output if seen.shown else None
    is_text = isinstance(value, str)
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return _file(text, f"review-{seen.request.number}.{'md' if is_text else 'json'}")


def state(visit: Visit) -> HttpResponse:
    """The whole state as a file."""
    seen = read_review(visit.parts["request_id"], identity=visit.who, storage=visit.storage).view
    value = dict(seen.shown.state) if seen.shown else None
    return _file(json.dumps(value, indent=2, ensure_ascii=False), f"state-{seen.request.number}.json")


def _file(text: str, name: str) -> HttpResponse:
    data = text.encode("utf-8", "replace")
    return HttpResponse(
        200, data, "text/plain; charset=utf-8", {"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _deployment_of(visit: Visit) -> int:
    row = Request.at(visit.parts["request_id"])
    found = read_one(row, store=visit.store)
    if found is None:
        raise NotFound(f"there is no request {visit.parts['request_id']}")
    return found.deployment_id


def _page(
    visit: Visit,
    *,
    status: int = 200,
    errors: tuple[FieldError, ...] = (),
    lost: str = "",
    typed: str = "",
    tried: str = "",
) -> HttpResponse:
    after = visit.http_request.get("after")
    review = read_review(visit.parts["request_id"], identity=visit.who, cursor=after or None, storage=visit.storage)
    request, shown = review.request, review.view.shown
    seen = f"{request.version}"
    if visit.http_request.headers.get(SEEN_HEADER) == seen:
        return HttpResponse(204)
    answered = visit.http_request.get("answered") == "yes"
    return visit.page(
        "reviews/review.html",
        status=status,
        review=review,
        request=request,
        shown=shown,
        words=review.view.words,
        topic=title(shown.message, request.method_name) if shown else "Texts erased",
        content=_content(shown.output) if shown else None,
        state_html=tree(dict(shown.state)) if shown and shown.state else "",
        metadata_html=tree(dict(shown.metadata)) if shown and shown.metadata else "",
        differences=_differences(review),
        timeline=_timeline(review),
        here=visit.url(f"/review/{request.request_id}", answered="yes" if answered else "", after=after),
        first_entries=visit.url(f"/review/{request.request_id}") + "#timeline-section" if after else "",
        later_entries=_later_entries(visit, review),
        considered=_considered(review.entries),
        coming=_coming(request),
        may_answer=may_answer(request, visit.who),
        manages=visit.who.manages(request.deployment_id),
        is_open=request.status is Status.PENDING,
        unclaimed=_unclaimed(request, visit.now),
        is_moving=request.resume.status.value in STATES_THAT_MOVE,
        is_pushed=any(effect.kind == PUSH for effect in request.effects),
        answered=answered,
        added=visit.http_request.get("added") if visit.http_request.get("added") in review.own_senders else "",
        form_id=visit.service.new_id(),
        errors=errors,
        lost=lost,
        typed=typed,
        tried=tried,
        seen=seen,
    )


def _unclaimed(request: Request, now: datetime) -> str:
    """What to do where no worker takes the answer; empty while one may still come by itself."""
    since = request.resume.ready_at or request.closed_at
    if request.unclaimed_at is None or request.unclaimed_at > now or since is None:
        return ""
    waited = duration(int((now - since).total_seconds()))
    return f"No worker has taken the answer for {waited}. Start one that serves {request.flow_class}; nothing is lost."


def _content(value: object) -> ShownContent | None:
    if value is None:
        return None
    is_text = isinstance(value, str)
    whole = clean(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)).strip("\n")
    if not whole.strip():
        return None
    part = cut(whole, min(SHOWN_CHARACTERS, MARKDOWN_MAX_CHARS))
    html = to_html(part, "dashboard") if is_text else code_to_html(part, "json", "dashboard")
    return ShownContent(html, len(part) < len(whole), len(whole))


def _differences(review: Review) -> tuple[Line, ...] | None:
    """Against the round before, where one may see that and its texts are there."""
    before, shown = review.before, review.view.shown
    if before is None or before.shown is None or shown is None:
        return ()
    return compare(before.shown.output, shown.output)


def _timeline(review: Review) -> list[TimelineLine]:
    return [told(entry, review.reasons.get(entry.seq)) for entry in review.entries]


def _later_entries(visit: Visit, review: Review) -> str:
    if review.later_entries is None:
        return ""
    here = f"/review/{review.request.request_id}"
    return visit.url(here, after=review.later_entries) + "#timeline-section"


def _considered(entries: tuple[Entry, ...]) -> list[dict[str, str]]:
    """What became of each rule when the request was assigned."""
    for entry in reversed(entries):
        if isinstance(said := readable(entry), Assigned):
            return cast("list[dict[str, str]]", said.considered)
    return []


def _coming(request: Request) -> list[dict[str, object]]:
    """What will still happen by itself, in the order of time."""
    if request.status is not Status.PENDING:
        return []
    found: list[dict[str, object]] = []
    for item in coming(from_document(json.loads(request.policy)), request.opened_at, request.done_steps):
        step = item.step
        if isinstance(step, AutoRespond):
            words = f"answered automatically: {step.outcome}"
        elif isinstance(step, Escalate):
            words = f"escalated to {step.to}"
        elif isinstance(step, SlaBreach):
            words = "target time"
        else:
            words = "reminder"
        found.append({"at": item.at, "words": words})
    return found
