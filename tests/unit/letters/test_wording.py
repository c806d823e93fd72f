"""How values read in a mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodback_core.domain.reviews.options import match_option
from nodback_core.mail.letters.wording import (
    below_title,
    choices,
    clean,
    due,
    label,
    moment,
    one_line,
    title,
    wrap,
    wrap_markdown,
)


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("approved", "Approved"),
        ("needs_revision", "Needs revision"),
        ("ask the supplier", "Ask the supplier"),
        ("LGTM", "LGTM"),
        ("v2.1-beta", "v2.1-beta"),
        ("承認", "承認"),
        ("a\r\nb", "A b"),
    ],
)
def test_an_option_is_shown_as_a_person_would_write_it(option: str, shown: str) -> None:
    assert label(option) == shown


@given(st.from_regex(r"[a-z][a-z0-9]{0,9}(_[a-z0-9]{1,9}){0,3}", fullmatch=True))
def test_what_is_shown_is_a_valid_answer(option: str) -> None:
    assert match_option(label(option), [option]) == option


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Please review this content:", "Please review this content"),
        ("\n\n## **Check** the `price`\n\nmore", "Check the price"),
        ("Is 2 * 3 = 6?", "Is 2 * 3 = 6?"),
        ("snake_case_name stays", "snake_case_name stays"),
        ("", "Approve payment"),
        ("x" * 200, "x" * 89 + "…"),
    ],
)
def test_a_title_is_the_first_line_without_marks(message: str, expected: str) -> None:
    assert title(message, "approve_payment") == expected


def test_the_rest_of_a_message_stands_below_its_title() -> None:
    assert below_title("Check this:") == ""
    assert below_title("Check this:\n\n- a\n- b") == "- a\n- b"
    assert below_title("x" * 200) == "x" * 200


def test_a_moment_names_day_date_time_and_zone() -> None:
    assert moment(datetime(2026, 11, 4, 9, 5, tzinfo=UTC)) == "Wednesday, 4 November 2026, 09:05 UTC"
    assert moment(datetime(2026, 11, 4, 9, 5, tzinfo=timezone(timedelta(hours=2)))).endswith("09:05 UTC+02:00")
    with pytest.raises(ValueError, match="zone"):
        moment(datetime(2026, 11, 4, 9, 5))  # noqa: DTZ001


def test_a_list_reads_as_in_a_sentence() -> None:
    assert choices(["A"]) == "“A”"
    assert choices(["A", "B", "C"]) == "“A”, “B” or “C”"


@given(st.text())
def test_one_line_is_one_line_and_clean_text_is_valid(text: str) -> None:
    assert len(one_line(text, 50)) <= 50
    assert len(one_line(text).splitlines()) <= 1
    assert "\r" not in clean(text)
    clean(text).encode()


def test_a_character_that_turns_text_around_is_not_shown() -> None:
    assert one_line("invoice\u202egpj.exe") == "invoice gpj.exe"
    assert clean("a\u202eb") == "ab"


def test_prose_is_wrapped_and_code_and_tables_are_not() -> None:
    prose, code = "word " * 30, "x" * 100
    source = f"{prose}\n\n- {prose}\n\n> {prose}\n\n```\n{code} {code}\n```\n\n| {prose} | {prose} |"

    wrapped = wrap_markdown(source).split("\n")
    assert all(len(line) <= 72 for line in wrapped if not line.startswith(("|", "x")))
    assert f"{code} {code}" in wrapped
    assert any(line.startswith("  word") for line in wrapped)
    assert sum(line.startswith("> ") for line in wrapped) == 3


def test_a_link_of_markdown_stays_whole() -> None:
    link = "[the campaign page of the spring](https://example.com/campaigns)"
    assert any(link in line for line in wrap_markdown(f"{'word ' * 12}{link} and {'word ' * 12}").split("\n"))


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(seconds=20), "in 1 minute (Sunday 10:00 UTC)"),
        (timedelta(minutes=45), "in 45 minutes (Sunday 10:45 UTC)"),
        (timedelta(minutes=89), "in 89 minutes (Sunday 11:29 UTC)"),
        (timedelta(hours=4), "in 4 hours (Sunday 14:00 UTC)"),
        (timedelta(hours=24), "in 24 hours (Monday 10:00 UTC)"),
        (timedelta(hours=35, minutes=59), "in 36 hours (Monday 21:59 UTC)"),
        (timedelta(hours=36), "in 2 days (Monday 22:00 UTC)"),
        (timedelta(days=6), "in 6 days (Saturday 10:00 UTC)"),
        (timedelta(days=7), "in 7 days (Sunday, 29 November, 10:00 UTC)"),
    ],
)
def test_a_deadline_is_said_as_people_say_it(ahead: timedelta, said: str) -> None:
    now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    assert due(now + ahead, now) == said


def test_an_address_stays_whole() -> None:
    address = "https://example.com/" + "a-b/" * 40
    assert address in wrap(f"See {address} for more").split("\n")
