"""A word that happens to be our name, an address or a digit never takes what a reviewer typed away."""

import pytest

from nodback_core.domain.replies.reading import SentMail, read_reply

NOTIFICATION = """\
Please review this content for brand compliance:

A notebook for people who work outdoors, bound in linen, and made by hand in Porto since 1931.

YOUR ANSWER

Reply to this mail with one of these on the first line.

  * Approved
  * Rejected

Asked Sunday, 22 November 2026, 10:00 UTC by step review_content of Content Review Flow.
"""
QUOTE = "\n".join(f"> {line}".rstrip() for line in NOTIFICATION.splitlines())


def read(body: str, name: str = "Nodback") -> str:
    sent = SentMail(name, "reply.example.com", tuple(NOTIFICATION.splitlines()))
    return read_reply(body, sent, writer="Dana Lima").text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("IT", "Please send it to bob@example.com first"),
        ("IT", "Please send it to bob@example.com with these points:\n- one"),
        ("IT", "I need it by 10:30 with these points:\n- one"),
        ("IT", "IT wants it by 10:30 with these points:\n- one"),
        ("IT", "From: IT\nTo whom it may concern"),
        ("IT", "Ask IT <it@example.com>\nThey know more."),
        ("Legal", "approved\nlegal@example.com was consulted. They want a disclaimer"),
        ("Legal", "approved\nLegal (legal@example.com) was consulted.\nThey want a disclaimer"),
        ("Legal", "From: Legally nothing has changed\nStill, please ask Bo"),
        ("Ana", "Banana <fruit@example.com> wrote:\nwe have none"),
    ],
)
def test_our_name_in_a_sentence_takes_nothing_away(name: str, text: str) -> None:
    attribution = f"On Sun, Nov 22, 2026 at 10:00 AM {name} <{name.lower()}@example.com> wrote:"
    assert read(text, name) == text
    assert read(f"{text}\n\n{attribution}\n\n{QUOTE}", name) == text
    assert read(f"{text}\n\n{attribution}\n\n{NOTIFICATION}", name) == text


@pytest.mark.parametrize("typed", ["Please shorten section 2", "variant 2", "Please do it by 10:30", "Ship 2 of 3"])
@pytest.mark.parametrize(
    "attribution",
    [
        "On Nov 22, 2026 at 10:00 AM +0100, Nodback <nodback@example.com>, wrote:",
        "On Sun, Nov 22, 2026 at 10:00 AM Nodback <\nr-abc@reply.example.com> wrote:",
        "Am 22.11.2026 um 10:00 schrieb Nodback <nodback@example.com>:",
        "On Nov 22, 2026,\nat 10:00,\nNodback <nodback@example.com> wrote:",
        "Nodback <nodback@example.com> wrote:",
        "Nodback wrote:",
    ],
)
@pytest.mark.parametrize("quote", [QUOTE, NOTIFICATION])
def test_a_digit_right_above_an_attribution_is_text(typed: str, attribution: str, quote: str) -> None:
    assert read(f"{typed}\n{attribution}\n{quote}") == typed
    assert read(f"{typed}\n\n{attribution}\n\n{quote}") == typed


@pytest.mark.parametrize(
    "attribution",
    ["Nodback wrote:", "Nodback schrieb:", "Nodback a écrit :", "Nodback писал:", "* Nodback <nodback@example.com>:"],
)
def test_an_attribution_without_a_date_is_not_text(attribution: str) -> None:
    assert read(f"{attribution}\n{QUOTE}") == ""
    assert read(f"{attribution}\n\n{NOTIFICATION}") == ""
    assert read(f"fine\n\n{attribution}\n{QUOTE}") == "fine"
    assert read(f"{attribution}\nthat we must pay") == f"{attribution}\nthat we must pay"


@pytest.mark.parametrize(
    "tip",
    [
        "You don't often get email from nodback@example.com. Learn why this is important",
        "You don't often get email from r-abc@reply.example.com. Learn why this is important",
        "Some people who received this message don't often get email from nodback@example.com. Learn why this is "
        "important<https://aka.ms/LearnAboutSenderIdentification>",
        "[You don't often get email from nodback@example.com. Learn why this is important at "
        "https://aka.ms/LearnAboutSenderIdentification ]",
        "Sie erhalten nicht oft E-Mails von nodback@example.com. Erfahren Sie, warum dies wichtig ist",
        "Jelek egy ismeretlen nyelven nodback@example.com <https://aka.ms/LearnAboutSenderIdentification>",
    ],
)
def test_outlooks_tip_about_a_rare_sender_is_not_text_and_hides_none(tip: str) -> None:
    assert read(f"{tip}\n\napproved\n\n{QUOTE}") == "approved"
    assert read(f"{tip}\napproved\nThe price is right.\n\n{QUOTE}") == "approved\nThe price is right."
    assert read(f"{tip}\n\n{QUOTE}") == ""
