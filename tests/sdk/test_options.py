"""The SDK refuses the options that the service refuses, in the same words, before anything is sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.options import ALIKE, APART, BLANK

from nodback.errors import FlowRefused
from nodback.options import option_problems
from nodback_core.domain.reviews import options as service
from nodback_core.domain.reviews.opening import check_options as check_at_service
from nodback_core.domain.shared.errors import InvalidInput

pytestmark = pytest.mark.filterwarnings("default")
CASES = {**ALIKE, **APART, **{f"blank {number}": ("x", text) for number, text in enumerate(BLANK)}}
CHARACTERS = st.one_of(st.sampled_from(sorted({c for pair in CASES.values() for text in pair for c in text})))


@pytest.mark.parametrize("name", CASES)
def test_author_and_api_are_told_the_same_sentence(name):
    from nodback.provider import check_options

    emit = CASES[name]
    if name in APART:
        check_at_service(emit, None)
        check_options("ReviewFlow.review", emit, None)
        return
    with pytest.raises(InvalidInput) as refused:
        check_at_service(emit, None)
    with pytest.raises(FlowRefused) as told:
        check_options("ReviewFlow.review", emit, None)
    assert str(told.value) == f"ReviewFlow.review: {refused.value.detail}."


@given(st.lists(st.text(CHARACTERS, max_size=6), max_size=4))
@settings(deadline=None, max_examples=300, database=None)
def test_both_find_the_same_in_whatever_is_declared(emit):
    assert option_problems(emit) == service.option_problems(emit)


@given(st.text(CHARACTERS, max_size=6), st.text(CHARACTERS, max_size=6))
@settings(deadline=None, max_examples=300, database=None)
def test_options_between_which_a_reply_could_not_choose_are_never_taken_together(one, other):
    if service.fold(one) and service.fold(one) == service.fold(other):
        assert service.option_problems([one, other])
