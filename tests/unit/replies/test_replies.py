"""What a reviewer typed, read from the text of a mail that answers one of ours."""

import pytest
from support.hostile_replies import hostile_texts
from support.steps import steps_of

from nodback_core.domain.replies.reading import MAX_REPLY_LINES, Reply, SentMail, read_reply
from nodback_core.domain.reviews.options import match_option

MAX_STEPS = 2_000_000
"""Far less than one for each pair of characters or lines would be."""

NOTIFICATION = """\
Ana, your review is needed: ContentApprovalFlow

generate_content waits for your answer to this question:

Please review the generated content and decide whether it can be published today.

------------------------------------------------------------
The quarterly report shows that revenue grew by twelve percent, while the cost of delivery fell for the third time.
Approval is needed before Friday.
------------------------------------------------------------

Answer by replying to this mail. Write one of these as the first line:

  * approved
  * rejected
  * needs_revision

or say in your own words what should change.

Without an answer by 2026-11-29 10:00 UTC, it is answered automatically with: rejected

Nodback · request 7 of ContentApprovalFlow · sent to ana@example.com
"""
SENT = SentMail(from_name="Nodback", reply_domain="reply.example.com", lines=tuple(NOTIFICATION.splitlines()))
OPTIONS = ("approved", "rejected", "needs_revision")
ATTRIBUTION = "On Sun, Nov 22, 2026 at 10:00 AM Nodback <nodback@example.com> wrote:"
QUOTE = "\n".join(f"> {line}".rstrip() for line in NOTIFICATION.splitlines())
OUTLOOK = (
    "________________________________\nFrom: Nodback <nodback@example.com>\nSent: Sunday, November 22, 2026 10:00 AM\n"
    "To: Ana Lima <ana@example.com>\nSubject: Review needed: ContentApprovalFlow\n\n" + NOTIFICATION
)
BLANK = Reply("", "")


def read(body: str, *, writer: str = "") -> Reply:
    return read_reply(body, SENT, writer=writer)


def test_an_empty_reply_above_a_quote_is_blank() -> None:
    assert read("") == BLANK
    assert read("\n\n \n") == BLANK
    assert read(f"\n\n{ATTRIBUTION}\n\n{QUOTE}\n") == BLANK
    assert read(f"\n\n{ATTRIBUTION}\n\n{NOTIFICATION}\n") == BLANK
    assert read(f"\n{OUTLOOK}") == BLANK
    assert read(NOTIFICATION) == BLANK
    assert read(QUOTE) == BLANK


@pytest.mark.parametrize("quoted", [f"{ATTRIBUTION}\n\n{QUOTE}", OUTLOOK])
@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAna Lima\nHead of Content\n+49 30 123456",
        "--\nAna",
        "Best regards,\nAna Lima\nHead of Content",
        "Mit freundlichen Grüßen\n\nAna Lima\n\nAcme GmbH\nHRB 1234",
        "Cordialement,\nAna",
        "Ana Lima\nHead of Content | Acme\nM: +49 170 1234567\nwww.acme.example",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "iPhoneから送信",
        "发自我的iPhone",
        "Sent from my Verizon, Samsung Galaxy smartphone",
        "This e-mail is confidential and intended only for the named addressee. If you are not the intended\n"
        "recipient please delete this message.",
    ],
)
def test_a_signature_alone_is_blank(signature: str, quoted: str) -> None:
    assert read(f"\n{signature}\n\n{quoted}", writer="Ana Lima") == BLANK


@pytest.mark.parametrize(
    "quoted", [f"{ATTRIBUTION}\n\n{QUOTE}", f"{ATTRIBUTION}\n\n{NOTIFICATION}", OUTLOOK, NOTIFICATION, ""]
)
@pytest.mark.parametrize("typed", [*OPTIONS, "Approved!", "not approved", "approved – thanks", "👍", "ok"])
def test_what_stands_on_top_is_read_even_when_our_mail_has_the_same_line(typed: str, quoted: str) -> None:
    assert read(f"{typed}\n\n{quoted}") == Reply(typed, typed)
    assert read(f"\n{typed}\n{quoted}") == Reply(typed, typed)
    assert read(f"{typed}\n\nBest regards,\nAna Lima\n\n{quoted}", writer="Ana Lima") == Reply(typed, typed)
    assert read(f"{typed}\n\nSent from my iPhone\n\n{quoted}") == Reply(typed, typed)


def test_an_answer_below_the_quote_is_read() -> None:
    assert read(f"{ATTRIBUTION}\n\n{QUOTE}\n\napproved\n") == Reply("approved", "approved")
    assert read(f"{ATTRIBUTION}\n\n{QUOTE}\napproved\n\n-- \nAna") == Reply("approved", "approved")
    assert read(f"{ATTRIBUTION}\n\n{NOTIFICATION}\n\nNeeds revision\n").first_line == "Needs revision"


def test_an_answer_between_quoted_lines_is_read() -> None:
    lines = QUOTE.splitlines()
    body = "\n".join(
        [ATTRIBUTION, "", *lines[:7], "", "Only twelve? Please check.", "", *lines[7:12], "rejected", *lines[12:]]
    )

    assert read(body) == Reply("Only twelve? Please check.", "Only twelve? Please check.\n\nrejected")


def test_answers_above_between_and_below_are_one_reply() -> None:
    lines = QUOTE.splitlines()
    body = "\n".join(["See below.", "", ATTRIBUTION, *lines[:7], "first", *lines[7:], "second"])

    assert read(body) == Reply("See below.", "See below.\n\nfirst\n\nsecond")


@pytest.mark.parametrize(
    "headers",
    [
        "From: Nodback <nodback@example.com>\nSent: Sunday\nTo: Ana\nSubject: Review",
        "Von: Nodback\nGesendet: Sonntag, 22. November 2026 10:00\nAn: Ana\nBetreff: Review",
        "*From:* Nodback <nodback@example.com>\n*Sent:* Sunday\n*To:* Ana\n*Subject:* Review",
        "差出人: Nodback <nodback@example.com>\n送信日時: 2026年11月22日 10:00\n宛先: Ana\n件名: Review",
        "Wotfrom: Nodback <nodback@example.com>\nWotsent: 2026-11-22 10:00\nWotto: ana@example.com",
        "-----Original Message-----\nFrom: Nodback\nSent: Sunday\nTo: Ana",
        "________________________________\nDe : Nodback <nodback@example.com>\nEnvoyé : dim. 22 novembre 2026 10:00",
    ],
)
def test_options_listed_in_an_outlook_block_never_count(headers: str) -> None:
    assert read(f"\n{headers}\n\n{NOTIFICATION}") == BLANK
    assert read(f"\n{headers}\n\nWrite one of these:\n\napproved\n\nrejected\n") == BLANK
    assert read(f"Rejected\n\n{headers}\n\napproved\n") == Reply("Rejected", "Rejected")


@pytest.mark.parametrize(
    "banner",
    [
        "[EXTERNAL]",
        "[EXTERNAL] Caution: this mail comes from outside. Do not click links.",
        "CAUTION: This email originated from outside of the organization. Do not click links or open attachments "
        "unless you recognize\nthe sender and know the content is safe.",
        "ACHTUNG: Diese E-Mail kommt von einem externen Absender.",
        "ATTENTION : ce message provient de l'extérieur. Ne cliquez pas sur les liens.",
        "【外部】このメールは社外から送信されています。注意してください。",
        "You don't often get email from ana@example.com. Caution: learn why this is important",
    ],
)
def test_a_gateway_banner_is_skipped(banner: str) -> None:
    assert read(f"{banner}\n\napproved\n\n{ATTRIBUTION}\n{QUOTE}") == Reply("approved", "approved")
    assert read(f"{banner}\napproved\n\n{ATTRIBUTION}\n{QUOTE}") == Reply("approved", "approved")
    assert read(f"{banner}\n\n{ATTRIBUTION}\n{QUOTE}") == BLANK


def test_a_tag_before_the_text_is_not_part_of_it() -> None:
    assert read("[EXTERNAL] approved") == Reply("approved", "approved")


@pytest.mark.parametrize(
    "attribution",
    [
        "On Sun, Nov 22, 2026 at 10:00 AM Nodback <\nr-abc@reply.example.com> wrote:",
        "On Nov 22, 2026, at 10:00 AM, Nodback\n<nodback@example.com>\nwrote:",
        "On Nov 22, 2026,\nat 10:00,\nNodback <nodback@example.com> wrote:",
        "Am So., 22. Nov. 2026 um 10:00 Uhr schrieb Nodback <nodback@example.com>:",
        "Le dim. 22 nov. 2026 à 10:00, Nodback <nodback@example.com> a écrit :",
        "2026年11月22日(日) 10:00 Nodback <nodback@example.com>:",
        "Nodback <nodback@example.com> 于2026年11月22日周日 10:00写道：",
        "2026년 11월 22일 (일) 오전 10:00, Nodback <nodback@example.com>님이 작성:",
        "вс, 22 нояб. 2026 г. в 10:00, Nodback <nodback@example.com>:",
        "في الأحد، 22 نوفمبر 2026 في 10:00 ص تمت كتابة ما يلي بواسطة Nodback <nodback@example.com>:",
        "‫בתאריך יום א׳, 22 בנוב׳ 2026 ב-10:00 מאת ‪Nodback‬‏ <‪nodback@example.com‬‏>:‬",
        "Blip blop 22/11/2026 Nodback blarg:",
        "---- On Sun, 22 Nov 2026 10:00:00 +0100 Nodback <nodback@example.com> wrote ----",
        "Somebody Renamed <r-abc@reply.example.com>",
    ],
)
def test_an_attribution_in_any_language_is_not_text(attribution: str) -> None:
    assert read(f"{attribution}\n\n{QUOTE}") == BLANK
    assert read(f"{attribution}\n\n{NOTIFICATION}") == BLANK
    assert read(f"needs revision\n\n{attribution}\n\n{QUOTE}") == Reply("needs revision", "needs revision")


@pytest.mark.parametrize(
    "text",
    [
        "Nodback is great, but the report is wrong",
        "On the surface this is fine.",
        "From what I see, to be honest: no.",
        "I told Nodback 3 things: none was done.",
        "The date 2026-11-22 10:00 is wrong.",
        "Please ask bo@example.com about it",
        "Sent from my desk, is much easier then my mobile phone.",
        "Caution: the numbers are old.",
        "From: blue\nTo: red",
        "Best regards to the team, but no.",
        "-- see the second point",
        "Attention: the external API is missing from the list",
        "Title: too long\nDate: 2026 is wrong\nTone: fine",
        "Title: the Nodback guide\nDate: 2026 is wrong",
        "On 2026-11-22 at 10:00 we wrote to bo@example.com:\n- nothing came back",
        "Please fix it by 10:30 and\nsend bo@example.com these points:\n- one",
        "Approval is needed before Monday, not Friday.",
    ],
)
def test_sentences_that_look_like_headers_are_text(text: str) -> None:
    assert read(f"{text}\n\n{ATTRIBUTION}\n{QUOTE}") == Reply(text.splitlines()[0], text)


def test_a_copied_sentence_of_ours_with_a_remark_leaves_the_remark() -> None:
    copied = "The quarterly report shows that revenue grew by twelve percent, while the cost of delivery fell"

    assert read(f"{copied}\nThat is not true.\n\n{ATTRIBUTION}\n{QUOTE}").first_line == "That is not true."


def test_a_quoted_line_that_was_wrapped_without_its_mark_is_not_an_answer() -> None:
    wrapped = QUOTE.replace("while the cost of delivery fell", "while the cost of delivery\nfell")

    assert read(f"{ATTRIBUTION}\n{wrapped}") == BLANK


def test_an_option_of_our_list_that_lost_its_quote_mark_is_not_an_answer() -> None:
    torn = QUOTE.replace(">   * approved", "  * approved")

    assert "\n  * approved" in torn
    assert read(f"{ATTRIBUTION}\n{torn}") == BLANK


def test_the_signature_is_not_part_of_the_reply_but_a_postscript_makes_it_text() -> None:
    assert read("Too long.\nCut it.\n\nBest regards,\nAna Lima\nHead of Content").text == "Too long.\nCut it."
    assert "PS" in read("Too long.\n\nBest,\nAna\n\nPS Cut the second half.").text


def test_a_disclaimer_below_the_quote_is_not_an_answer() -> None:
    disclaimer = (
        "This message and its attachments are confidential and intended solely for the addressee. If you are not the "
        "intended recipient, please notify the sender."
    )
    assert read(f"{ATTRIBUTION}\n{QUOTE}\n\n{disclaimer}\n") == BLANK
    assert read(f"approved\n\n{disclaimer}\n\n{ATTRIBUTION}\n{QUOTE}").text == "approved"


def test_a_cut_line_is_never_an_option() -> None:
    reply = read("approved" + " " * 5000 + "only if the numbers are right")

    assert match_option(reply.first_line, OPTIONS) is None


def test_invisible_characters_are_not_text() -> None:
    assert read("\u200b\ufeff\u2060\u00ad\u3164\u2800\n" + QUOTE) == BLANK
    assert read("\ufeffapproved\u200b") == Reply("approved", "approved")
    assert read("approved\u2028but not today") == Reply("approved", "approved\nbut not today")


def test_signs_alone_are_blank_and_emoji_are_not() -> None:
    assert read("...") == BLANK
    assert read("----------\n═════") == BLANK
    assert read("👍🏽") == Reply("👍🏽", "👍🏽")
    assert read("+1") == Reply("+1", "+1")


def test_a_long_reply_is_cut_and_says_so() -> None:
    reply = read("\n".join(f"point {number}" for number in range(1000)))

    assert reply.first_line == "point 0"
    assert len(reply.text.splitlines()) == MAX_REPLY_LINES + 1
    assert reply.text.endswith("[cut]")


def test_a_long_quote_does_not_hide_the_answer_below_it() -> None:
    long_quote = "\n".join(f"> line {number}" for number in range(1500))

    assert read(f"{ATTRIBUTION}\n{long_quote}\n\napproved") == Reply("approved", "approved")


@pytest.mark.parametrize("hostile", hostile_texts(NOTIFICATION), ids=range(20))
def test_no_text_takes_many_steps_to_read(hostile: str) -> None:
    steps_of(lambda: read(hostile), limit=MAX_STEPS)
