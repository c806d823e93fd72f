"""Each letter has all that belongs to it: rules, templates, a class, a sample, and a writer."""

from pathlib import Path

from nodback_core.domain.letters.kinds import LetterKind, kind_named, rules_of
from nodback_core.mail.letters import render
from nodback_core.usecases.letters.writing import WRITERS

TEMPLATES = Path(render.__file__).parent / "templates"


def test_each_letter_about_a_request_has_a_writer() -> None:
    assert set(WRITERS) == set(LetterKind) - {LetterKind.SIGN_IN}


def test_each_letter_has_a_folder_of_templates_and_each_folder_a_letter() -> None:
    assert {folder.name for folder in TEMPLATES.iterdir() if folder.is_dir()} == set(LetterKind)
    for kind in LetterKind:
        assert {file.name for file in (TEMPLATES / kind).iterdir()} == {"subject.txt", "body.txt", "body.html"}


def test_the_rules_are_these() -> None:
    asks = {kind.value for kind in LetterKind if kind.rules.asks}
    assert asks == {
        "review_request",
        "reminder",
        "escalated",
        "test_mail",
        "expired_token",
        "blank_reply",
        "unclear_reply",
        "unreadable_reply",
        "confirm_reply",
    }
    assert {kind.value for kind in LetterKind if kind.rules.while_pending} == asks | {"bounce_notice", "unproven_reply"}
    assert {kind.value for kind in LetterKind if kind.rules.answers_a_mail} == {
        "expired_token",
        "blank_reply",
        "unclear_reply",
        "unreadable_reply",
        "confirm_reply",
        "confirmation",
        "closed_request",
        "reassigned_to_another",
    }


def test_whatever_asks_for_an_answer_is_needed_only_while_the_request_is_pending() -> None:
    assert [kind for kind in LetterKind if kind.rules.asks and not kind.rules.while_pending] == []


def test_a_letter_of_another_version_is_unknown_and_has_no_rules() -> None:
    assert kind_named("greeting_card") is None
    assert not rules_of("greeting_card").asks
    assert not rules_of("greeting_card").while_pending
    assert kind_named("reminder") is LetterKind.REMINDER
