"""Patterns for method names, compared with an independent reading of the same rules."""

import fnmatch
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.steps import steps_of

from nodback_core.domain.deployments.globs import matches_glob


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("approve_*", ["approve_payment", "approve_vendor", "approve_"], ["approve", "Approve_x", "re_approve_x"]),
        ("review_?", ["review_a", "review_1"], ["review_", "review_ab", "review_article"]),
        ("validate_payment", ["validate_payment"], ["validate_payment2", "validate_paymen", "xvalidate_payment"]),
        ("*", ["anything", ""], []),
        ("*_final", ["a_final", "_final", "_final_final"], ["a_final2"]),
        ("a*b*c", ["abc", "a1b2c", "abbc", "abcc"], ["acb", "ab", "c"]),
        ("?*", ["a", "ab"], [""]),
        ("a*?b", ["axb", "axxb"], ["ab"]),
        ("[a]*", ["[a]b"], ["ab"]),
        ("a.c", ["a.c"], ["abc"]),
        ("", [""], ["a"]),
    ],
)
def test_star_is_any_characters_and_question_mark_is_one(pattern: str, fits: list[str], does_not: list[str]):
    assert [name for name in fits if not matches_glob(pattern, name)] == []
    assert [name for name in does_not if matches_glob(pattern, name)] == []


@given(st.text("ab_*?", max_size=12), st.text("ab_\n", max_size=16))
@example("*a?*b*", "xaabab")
def test_every_pattern_means_what_the_standard_library_says(pattern: str, name: str):
    assert matches_glob(pattern, name) is fnmatch.fnmatchcase(name, pattern)


def test_a_pattern_made_to_be_slow_is_not():
    for pattern, name in (
        ("*a" * 100 + "*", "a" * 99 + "b" * 5000),
        ("*a?" * 60 + "*c", "a" * 5000),
        ("*a?b*" * 20, "a" * 5000),
        ("*" + "a?" * 60 + "b*", "a" * 500),
    ):
        assert not matches_glob(pattern, name)
        # A step of the comparison is up to three lines.
        steps_of(partial(matches_glob, pattern, name), limit=3 * len(pattern) * len(name))
