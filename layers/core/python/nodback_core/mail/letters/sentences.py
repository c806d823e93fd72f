"""Sentences that the text and the HTML of a mail share word for word."""

from __future__ import annotations

from nodback_core.mail.letters.content import MailContent
from nodback_core.mail.letters.kinds import (
    ConfirmReply,
    EscalatedRequest,
    ExpiredToken,
    Reminder,
    ReviewRequest,
    UnprovenReply,
)
from nodback_core.mail.letters.parts import Asking, Deadline
from nodback_core.mail.letters.wording import due, label, moment, one_line

LONG_CONTENT_CHARS = 3_000  # about two screens of a laptop


def how_to_answer(asking: Asking) -> str:
    """What a reply may say, in the terms of the deployment's settings."""
    passed_on = {
        "first_line": "the first line of your reply is passed on.",
        "whole": "your whole reply is passed on.",
    }[asking.reply_feedback]
    if not asking.options:
        return f"Reply to this mail in your own words: {passed_on}"
    which = "one of these" if len(asking.options) > 1 else f"“{label(asking.options[0])}”"
    start = f"Reply to this mail with {which} on the first line. You can add a comment below it."
    if asking.free_text == "ask":
        return f"{start} Where no answer comes first, we ask you again."
    return f"{start} You can also answer in your own words: {passed_on}"


def on_top(asking: Asking, shown: MailContent | None) -> str:
    """What a reader wants to know before the content: until when an answer decides, and where a long mail says how.

    Empty when nothing but a reminder is due and the content is short.
    """
    moments = [deadline.at for deadline in asking.deadlines if deadline.kind != "reminder"]
    by = f"Please answer by {moment(min(moments))}." if moments else ""
    if moments and asking.asked_at is not None and min(moments) > asking.asked_at:
        by = f"An answer is due {due(min(moments), asking.asked_at)}."
    long = shown is not None and shown.shown_chars > LONG_CONTENT_CHARS
    return f"{by} You will find how to answer at the end of this mail.".strip() if long else by


def what_happens(asking: Asking) -> tuple[str, ...]:
    """What happens by itself, in the order of time."""
    return tuple(_sentence(deadline) for deadline in sorted(asking.deadlines, key=lambda deadline: deadline.at))


def _sentence(deadline: Deadline) -> str:
    at = moment(deadline.at)
    match deadline.kind:
        case "reminder":
            return f"If you have not answered by {at}, we will remind you."
        case "escalation":
            whom = one_line(deadline.to_email, 120) if deadline.to_email else "somebody else"
            return f"If you have not answered by {at}, the request goes to {whom}."
        case "auto_response":
            what = f"“{label(deadline.outcome)}”" if deadline.outcome else "the default answer"
            return f"If nobody has answered by {at}, {what} is recorded and the flow goes on."


def why_this_mail(request: ReviewRequest) -> str:
    """Who asks, since when, and how long and by whom the mail can be answered."""
    about, until = request.about, moment(request.asking.token_expires_at)
    before = " It was assigned to somebody else before." if request.earlier_rounds else ""
    return (
        f"Asked on {moment(request.created_at)} by step {one_line(about.method_name, 80)} of "
        f"{one_line(about.deployment_name, 80)}, flow {one_line(about.flow_id, 60)}.{before} "
        f"This mail can be answered until {until}, from the address it was sent to."
    )


def notice_of(letter: Reminder | EscalatedRequest | ExpiredToken) -> str:
    """Why a request comes once more."""
    asked = moment(letter.request.created_at)
    if isinstance(letter, Reminder):
        return f"A reminder: this review is still waiting for your answer. We first asked on {asked}."
    if isinstance(letter, EscalatedRequest):
        return (
            f"This review has been passed on to you because {one_line(letter.previous_email, 120)} "
            f"did not answer in time. We first asked on {asked}."
        )
    return (
        f"Your reply was not recorded: the address it went to was only valid until {moment(letter.expired_at)}. "
        "The review is still waiting for you. Please answer this mail instead: it has a new address."
    )


def why_not_taken(letter: ConfirmReply) -> str:
    """Why a mail that comes from the reader was not taken for their answer."""
    match letter.why:
        case "ambiguous_headers":
            return (
                "Its To, Date or Message-ID line is missing or appears more than once, "
                "so we cannot be sure what it says."
            )
        case "several_reviews":
            return (
                "It is addressed to more than one review, so we cannot tell which one it is about. "
                "Please answer each review with a mail of its own."
            )
        case "not_addressed":
            return (
                "It is not addressed to this review: our reply address is in neither its To nor its Cc line. "
                "A mail that was written to somebody else looks like this when it is forwarded."
            )
        case "misdated" if letter.written_at is None:
            return "It has no date that we can read, so we cannot tell when it was written."
        case "misdated":
            assert letter.written_at is not None
            return (
                f"It is dated {moment(letter.written_at)}, which cannot be right for an answer to this review: "
                f"we asked on {moment(letter.asked_at)}. "
                "If you have just written it, please set the clock of your device first."
            )
        case "reused_message_id":
            return (
                "It has the same Message-ID as an earlier mail from you, as a copy would. "
                "Please write a new mail instead of sending that one again."
            )
        case _:
            return (
                "Your mail server vouches for your address, but not for the lines that say when the mail was written "
                "and to whom, so it could be a copy of another mail of yours."
            )


def why_not_proved(letter: UnprovenReply) -> str:
    """Why a reply in the reader's name was not taken."""
    match letter.why:
        case "virus":
            return "The mail service found a virus in it, so nobody opened it."
        case "spam":
            return "The mail service took it for spam."
        case _:
            return (
                "Nothing proves that it came from you: anybody can write your address into the From line of a mail. "
                "Your domain should have its mails signed (DKIM) and publish a DMARC record."
            )


def way_out_of(letter: UnprovenReply) -> str:
    """What the reader can do, when the reply was theirs."""
    browser = "answer in the browser, which works in any case" if letter.review_url else ""
    match letter.why:
        case "virus":
            other = "write a new answer without the file that was attached"
        case "spam":
            other = "write a new, plain answer"
        case _:
            other = "ask whoever manages this deployment for the setting sender_check, which says what proof is needed"
    return f"If it was you: {browser or other}{f', or {other}' if browser else ''}."


def part_of(shown: MailContent, asking: Asking) -> str:
    """That a mail shows a part only, and where the whole is."""
    start = f"Shown in part: the first {shown.shown_chars:,} of {shown.total_chars:,} characters."
    places = []
    if shown.attachment:
        size = len(shown.attachment.text)
        whole = "The whole is" if size == shown.total_chars else f"The first {size:,} characters are"
        places.append(f"{whole} attached as {shown.attachment.filename}.")
    if asking.review_url:
        places.append("You can also read all of it in the browser.")
    return " ".join([start, *places])
