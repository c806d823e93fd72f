"""Every mail that goes out: what it says, how big it is, and that it loads nothing."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import cast, get_args

import pytest
from selectolax.lexbor import LexborHTMLParser

from nodback_core.domain.letters.kinds import LetterKind
from nodback_core.domain.replies.reading import SentMail, read_reply
from nodback_core.domain.reviews.options import match_option
from nodback_core.mail.letters import kinds as letter_kinds
from nodback_core.mail.letters.compose import Envelope, Rendered, compose
from nodback_core.mail.letters.content import CONTENT_MAX_CHARS, context_of
from nodback_core.mail.letters.kinds import Letter, ReviewRequest, UnreadableReply
from nodback_core.mail.letters.own_lines import own_lines
from nodback_core.mail.letters.parts import Branding, Deadline, JsonValue, NewerRequest
from nodback_core.mail.letters.render import HTML_MAX_BYTES, render
from nodback_core.mail.letters.samples import letters, samples

LETTERS = dict(letters())
REVIEW = cast("ReviewRequest", LETTERS["review request"])
every_letter = pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS.keys())

GMAIL_CLIPS_AT_BYTES = 102_000


def words_of(html: str) -> str:
    page = LexborHTMLParser(html)
    assert page.body is not None
    return " ".join(page.body.text(separator=" ").split())


def links_of(html: str) -> list[str]:
    return [str(node.attributes["href"]) for node in LexborHTMLParser(html).css("a[href]")]


def on_the_wire(rendered: Rendered) -> bytes:
    return compose(Envelope("Nodback", "nodback@nodback.test", "ana@example.com"), replace(rendered, attachment=None))


def test_there_is_a_sample_of_every_kind() -> None:
    classes = get_args(letter_kinds.Letter)

    assert {type(letter) for letter in LETTERS.values()} == set(classes)
    assert sorted(one.kind for one in classes) == sorted(LetterKind)
    assert [name for name, _ in samples()] == list(LETTERS)


@every_letter
def test_it_has_words_in_both_parts_and_fits(letter: Letter) -> None:
    rendered = render(letter)

    assert rendered.subject == " ".join(rendered.subject.split())
    assert "{{" not in rendered.text + rendered.html
    assert "\n\n\n\n" not in rendered.text
    assert len(rendered.html.encode()) <= HTML_MAX_BYTES
    assert len(on_the_wire(rendered)) - len(rendered.text) < GMAIL_CLIPS_AT_BYTES


@every_letter
def test_it_loads_nothing_and_runs_nothing(letter: Letter) -> None:
    html = render(letter).html
    page = LexborHTMLParser(html)

    assert not page.css("img, script, link, iframe, object, embed, svg, form, input, video, audio, base")
    assert not page.css("[src], [srcset], [background], [onclick], [onload], [onerror]")
    assert "url(" not in html
    assert "@import" not in html


@every_letter
def test_it_suits_dark_screens_and_narrow_ones(letter: Letter) -> None:
    html = render(letter).html

    assert '<meta name="color-scheme" content="light dark">' in html
    assert "prefers-color-scheme:dark" in html
    assert "max-width:480px" in html
    assert '<html lang="en"' in html


@every_letter
def test_its_prose_needs_no_scrolling(letter: Letter) -> None:
    for line in render(letter).text.split("\n"):
        assert len(line) <= 72 or "://" in line or line.startswith("|")


HOSTILE = (
    "</td></table>\"'><script>alert(1)</script><img src=//evil.example onerror=alert(1)>\r\nBcc: a@b.c\u202e{{7*7}}"
)


def poisoned(value: object) -> object:
    """The same letter with an attack in every text."""
    if isinstance(value, str):
        return value if value in ("first_line", "pass", "ask", "whole") else HOSTILE
    if isinstance(value, tuple):
        return tuple(map(poisoned, value))
    if is_dataclass(value) and not isinstance(value, type):
        kept = {"kind", "loss", "status"} | ({"reason"} if isinstance(value, UnreadableReply) else set())
        changes = {
            field.name: poisoned(getattr(value, field.name))
            for field in fields(value)
            if field.name not in kept and not isinstance(getattr(value, field.name), datetime)
        }
        return replace(value, **changes)
    return value


@every_letter
def test_an_attack_in_every_field_stays_text(letter: Letter) -> None:
    rendered = render(cast("Letter", poisoned(letter)))
    page = LexborHTMLParser(rendered.html)

    assert not page.css("script, img, [onerror], [onclick]")
    assert all(link.startswith(("mailto:", "https:")) for link in links_of(rendered.html) if link)
    assert len(page.css("body > table")) == 1
    assert "49" not in rendered.subject
    assert "\n" not in rendered.subject
    assert b"\nBcc:" not in on_the_wire(rendered).partition(b"\r\n\r\n")[0]


def test_a_link_to_the_review_leads_to_the_web_or_nowhere() -> None:
    asking = replace(REVIEW.asking, review_url="javascript:alert(1)")

    assert not [link for link in links_of(render(replace(REVIEW, asking=asking)).html) if link.startswith("javascript")]


def test_a_review_says_what_how_and_until_when() -> None:
    rendered = render(REVIEW)

    for part in (" ".join(rendered.text.split()), words_of(rendered.html)):
        assert "Please review this content for brand compliance" in part
        assert "Meet the new Field Notebook" in part
        assert "Reply to this mail with one of these on the first line." in part
        assert "An answer is due in 2 days (Tuesday 10:00 UTC)." in part
        assert "If nobody has answered by Tuesday, 24 November 2026, 10:00 UTC, “Needs revision” is recorded" in part
        assert "This mail can be answered until Sunday, 29 November 2026, 10:00 UTC" in part
        assert "marta@example.com" in part


def test_a_review_that_comes_once_more_still_says_why_it_was_given_to_its_reader() -> None:
    given = replace(REVIEW, reason="You know the campaign best.")
    reminder = replace(cast("letter_kinds.Reminder", LETTERS["reminder"]), request=given)
    rendered = render(reminder)
    for part in (rendered.text, words_of(rendered.html)):
        assert part.index("A reminder") < part.index("You know the campaign best.")


def test_a_deadline_that_has_passed_is_named_by_its_date() -> None:
    late = replace(REVIEW, asking=replace(REVIEW.asking, asked_at=REVIEW.created_at + timedelta(days=3)))
    assert "Please answer by Tuesday, 24 November 2026, 10:00 UTC." in words_of(render(late).html)


def test_there_is_one_button_for_each_option() -> None:
    answers = [link for link in links_of(render(REVIEW).html) if link.startswith("mailto:")]

    assert len(answers) == 3
    assert all(link.startswith(f"mailto:{REVIEW.asking.reply_address}?subject=Re%3A%20Review") for link in answers)
    assert [link.rpartition("body=")[2] for link in answers] == [
        "approved%0D%0A",
        "rejected%0D%0A",
        "needs_revision%0D%0A",
    ]


def test_more_options_than_buttons_are_all_named() -> None:
    many = replace(REVIEW, asking=replace(REVIEW.asking, options=tuple(f"Option {n}" for n in range(30))))
    rendered = render(many)

    assert "Option 29" in words_of(rendered.html)
    assert "* Option 29" in rendered.text


@pytest.mark.parametrize(
    ("free_text", "reply_feedback", "expected"),
    [
        ("ask", "first_line", "Where no answer comes first, we ask you again."),
        ("pass", "first_line", "in your own words: the first line of your reply is passed on."),
        ("pass", "whole", "in your own words: your whole reply is passed on."),
    ],
)
def test_it_says_what_becomes_of_other_words(free_text: str, reply_feedback: str, expected: str) -> None:
    asking = replace(REVIEW.asking, free_text=free_text, reply_feedback=reply_feedback)  # type: ignore[arg-type]
    rendered = render(replace(REVIEW, asking=asking))

    assert expected in words_of(rendered.html)
    assert expected in " ".join(rendered.text.split())


def test_an_escalation_names_who_is_next() -> None:
    deadline = Deadline(at=REVIEW.created_at + timedelta(hours=1), kind="escalation", to_email="cfo@example.com")
    rendered = render(replace(REVIEW, asking=replace(REVIEW.asking, deadlines=(deadline,))))

    assert "11:00 UTC, the request goes to cfo@example.com." in words_of(rendered.html)


@pytest.mark.parametrize(
    "piece", ["word ", "界", "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 50, "`x` ", "🙂", "&", "- "]
)
def test_long_content_is_cut_and_goes_along_whole(piece: str) -> None:
    content = piece * (60_000 // len(piece))
    rendered = render(replace(REVIEW, content=content))

    assert rendered.attachment is not None
    assert rendered.attachment.text.strip() == content.strip()
    assert rendered.attachment.filename == "review-2.md"
    assert "Shown in part: the first" in words_of(rendered.html)
    assert "The whole is attached as review-2.md." in " ".join(rendered.text.split())
    assert len(rendered.html.encode()) <= HTML_MAX_BYTES
    assert len(on_the_wire(replace(rendered, text=""))) < GMAIL_CLIPS_AT_BYTES


def test_a_long_mail_says_on_top_where_the_answers_are() -> None:
    hint = "You will find how to answer at the end of this mail."

    assert hint in words_of(render(LETTERS["review request: long content, shown in part"]).html)
    assert hint not in words_of(render(REVIEW).html)


def test_content_that_fits_goes_without_a_file() -> None:
    assert render(replace(REVIEW, content="x " * (CONTENT_MAX_CHARS // 2 - 10))).attachment is None


def test_very_long_content_goes_along_in_part_and_says_so() -> None:
    rendered = render(replace(REVIEW, content="line\n" * 300_000))

    assert rendered.attachment is not None
    assert len(rendered.attachment.text) == 1_000_000
    assert "The first 1,000,000 characters are attached as review-2.md." in words_of(rendered.html)


def test_an_open_code_block_is_closed_where_the_content_is_cut() -> None:
    rendered = render(replace(REVIEW, content="```python\n" + "x = 1\n" * 10_000))

    assert rendered.text.count("```") == 2


@pytest.mark.parametrize(
    ("content", "shown"),
    [({"a": [1, None, True]}, '"a"'), ([1, 2], "1,"), (42, "42"), (True, "true"), ("plain", "plain"), ("été", "été")],
)
def test_content_of_any_type_is_shown(content: JsonValue, shown: str) -> None:
    rendered = render(replace(REVIEW, content=content))

    assert shown in rendered.text
    assert shown in words_of(rendered.html)


@pytest.mark.parametrize("content", [None, "", " \n "])
def test_no_content_leaves_no_gap(content: JsonValue) -> None:
    rendered = render(replace(REVIEW, content=content, context=()))
    assert "From the flow" not in rendered.text + rendered.html


def test_context_is_what_helps_and_no_secret() -> None:
    state: JsonValue = {
        "id": "9b", "customer_name": "Ada", "amount": 12.5, "api_key": "sk-1", "db_password": "x", "nested": {"a": 1},
        "draft": "x" * 500, "empty": "", "ready": True, "_private": "y",
    }  # fmt: skip

    assert context_of(state) == (("Customer name", "Ada"), ("Amount", "12.5"))
    assert context_of(["no", "mapping"]) == ()


IMITATION = cast("ReviewRequest", LETTERS["review request: content that imitates us"])
ABOVE_CONTENT = "From the flow (each of its lines begins with “|”)"


def without_the_frame(html: str) -> tuple[LexborHTMLParser, str]:
    """The mail without what stands in the flow's frame, and the words of the frame.

    The words that an inbox shows below the subject are labelled too.
    """
    page = LexborHTMLParser(html)
    preview = page.css("body > div")[0]
    assert preview.text().startswith("From the flow: ")
    preview.decompose()
    (frame,) = page.css("td.frame")
    words = " ".join(frame.text(separator=" ").split())
    frame.decompose()
    return page, words


class TestWhatTheFlowSays:
    """Nothing of the flow's passes for ours: it stands in a frame with a label, and its links say where they lead."""

    def test_stands_in_one_frame_and_nowhere_else(self) -> None:
        page, framed = without_the_frame(render(IMITATION).html)
        assert framed.startswith("From the flow All is well")
        assert page.body is not None
        outside = page.body.text(separator=" ")
        for drawn in ("evil.example", "Deadline", "nothing to see", "YOUR ANSWER"):
            assert drawn in framed
            assert drawn not in outside
        assert outside.count("Your answer") == 1

    def test_has_no_link_that_writes_a_mail(self) -> None:
        rendered = render(replace(IMITATION, about=replace(IMITATION.about, message="Title\n\n[x](MAILTO:a@evil.co)")))
        mails = [link for link in links_of(rendered.html) if not link.startswith("https:")]
        assert len(mails) == 3
        assert all(link.startswith(f"mailto:{IMITATION.asking.reply_address}?") for link in mails)

    def test_says_where_its_links_lead(self) -> None:
        _, framed = without_the_frame(render(IMITATION).html)
        assert "Rejected (https://evil.example/rejected?from=nodback)" in framed
        assert "answer in the browser (https://nodback.example.com.evil.example/review/550e8400)" in framed

    def test_is_marked_line_by_line_in_the_text(self) -> None:
        text = render(IMITATION).text
        above, below = text.split(f"{ABOVE_CONTENT}\n\n")
        frame, _, rest = below.partition("\n\n")
        assert all(line.startswith("|") for line in frame.split("\n"))
        assert "evil.example" not in above + rest
        assert (above + rest).count("YOUR ANSWER") == 1
        assert frame.endswith("\n| Reply to: approvals@evil.example\n| Deadline: none")

    @pytest.mark.parametrize("end", ["\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\n\n"])
    def test_leaves_its_frame_by_no_kind_of_line_end(self, end: str) -> None:
        drawn = f"fine{end}YOUR ANSWER{end}Reply elsewhere"
        letter = replace(REVIEW, content=drawn, about=replace(REVIEW.about, message=f"Title\n\n{drawn}"))
        lines = render(letter).text.splitlines()
        assert lines.count("YOUR ANSWER") == 1
        assert not [line for line in lines if "elsewhere" in line and not line.startswith("| ")]
        assert not [line for line in render(replace(letter, content={"a": drawn})).text.splitlines() if line == drawn]

    @pytest.mark.parametrize("content", ["- approved\n- rejected", "| approved |\n|---|\n| rejected |", "approved"])
    def test_is_never_read_as_the_answer_of_somebody_who_quotes_it(self, content: str) -> None:
        rendered = render(replace(REVIEW, content=content))
        sent = SentMail("Nodback", "reply.example.com", own_lines(rendered))
        for line in (line for line in rendered.text.split("\n") if line.startswith("| ")):
            quoted = f"> An answer is due in 2 days (Tuesday 10:00 UTC).\n{line}\n"
            assert match_option(read_reply(quoted, sent).first_line, REVIEW.asking.options) is None, line
        for line in ("* approved", "- approved", "rejected"):
            answered = read_reply(f"{line}\n\n{rendered.text}", sent).first_line
            assert match_option(answered, REVIEW.asking.options) is not None


def test_all_mails_about_one_question_share_a_subject() -> None:
    subject = render(REVIEW).subject

    assert subject == "Review: Please review this content for brand compliance · Content Review Flow"
    for name in ("reminder", "confirmation", "blank reply", "closed request: answered", "cancelled", "expired token"):
        assert render(LETTERS[name]).subject == f"Re: {subject}"


def test_prefix_and_footer_are_the_owners() -> None:
    branding = Branding(sender_name="Harbour", subject_prefix="[Books]", footer="Rua do Almada 12")
    rendered = render(replace(REVIEW, branding=branding))

    assert rendered.subject.startswith("[Books] Review: ")
    assert "Rua do Almada 12" in rendered.text
    assert "Harbour" in words_of(rendered.html)


def test_a_late_answer_hears_whether_there_is_a_newer_review() -> None:
    closed = cast("letter_kinds.ClosedRequest", LETTERS["closed request: answered"])

    assert "No review of this flow is waiting for an answer now" in words_of(render(closed).html)
    mine, anothers = (replace(closed, newer=NewerRequest(3, assigned_to_reader=mine)) for mine in (True, False))
    assert "is waiting for you" in words_of(render(mine).html)
    assert "sent to somebody else" in words_of(render(anothers).html)


def test_a_confirmation_reads_like_this() -> None:
    assert render(LETTERS["confirmation: own words"]).text == (
        "Your answer is recorded\n\n"
        "Thank you. We recorded your words, and the flow goes on with them. There\n"
        "is nothing more to do.\n\n"
        "    Please make the headline shorter, then it is fine.\n\n"
        "Another reply will not change this answer.\n\n"
        "Recorded on Monday, 23 November 2026, 12:14 UTC, from a mail by\n"
        "ana@example.com.\n\n"
        "About “Please review this content for brand compliance”: review 2 of\n"
        "Content Review Flow, flow 5c3e0e6f-7c3b-4f0e-9d1d-2a1f1f6f2b11.\n"
    )


def test_an_answer_is_not_said_twice() -> None:
    assert "Approved." not in render(LETTERS["confirmation"]).text


@pytest.mark.parametrize("name", ["review request", "reminder", "blank reply", "unclear reply"])
def test_a_reply_that_only_quotes_our_mail_is_blank(name: str) -> None:
    rendered = render(LETTERS[name])
    sent = SentMail(from_name="Nodback", reply_domain="reply.example.com", lines=own_lines(rendered))
    shown = [line for line in own_lines(rendered) if line in words_of(rendered.html)]

    for quoted in (rendered.text, "\n".join(shown)):
        for reply in (quoted, f"\n\n{quoted}", "\n".join(f"> {line}" for line in quoted.split("\n"))):
            assert match_option(read_reply(reply, sent).first_line, REVIEW.asking.options) is None
            assert read_reply(f"approved\n\n{reply}", sent).first_line == "approved"


@pytest.mark.parametrize("reason", ["approved", "see below\napproved\nthanks"])
def test_the_reason_of_a_reassignment_is_never_taken_for_the_readers_answer(reason: str) -> None:
    rendered = render(replace(REVIEW, reason=reason))
    sent = SentMail(from_name="Nodback", reply_domain="reply.example.com", lines=own_lines(rendered))

    for quoted in (rendered.text, "\n".join(own_lines(rendered))):
        assert match_option(read_reply(quoted, sent).first_line, REVIEW.asking.options) is None
        assert read_reply(f"rejected\n\n{quoted}", sent).first_line == "rejected"
        assert read_reply(f"approved\n\n{quoted}", sent).first_line == "approved"


def test_no_line_of_the_html_part_is_an_option() -> None:
    only_html = [line for line in own_lines(render(REVIEW)) if line not in render(REVIEW).text]

    assert "Reply Approved" in only_html
    assert not [line for line in only_html if match_option(line, REVIEW.asking.options)]


@every_letter
def test_name_prefix_and_footer_of_the_owner_stand_in_every_mail(letter: Letter) -> None:
    branding = Branding(sender_name="Harbour Ltd", subject_prefix="[Books]", footer="Rua do Almada 12")
    if hasattr(letter, "request"):
        branded = replace(letter, request=replace(letter.request, branding=branding))
    else:
        branded = replace(letter, branding=branding)  # type: ignore[call-arg]
    mail = render(branded)
    assert "Rua do Almada 12" in mail.text
    assert "Rua do Almada 12" in mail.html
    assert "Harbour Ltd" in mail.html
    assert "[Books]" in mail.subject or isinstance(letter, letter_kinds.SignInLetter)
