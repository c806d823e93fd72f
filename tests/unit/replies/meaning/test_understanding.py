"""What a reviewer answers: read around the option, never inside it, and never guessed."""

import pytest
from support.hostile_replies import hostile_texts
from support.phrases import Phrase, phrases
from support.steps import steps_of
from support.world import REVIEWER, World

from nodback_core.domain.replies.meaning.spelling import forms_of, words_of
from nodback_core.domain.replies.meaning.understanding import Meaning, nearest_first, understand
from nodback_core.domain.replies.reading import SentMail, read_reply
from nodback_core.domain.replies.results import Result
from nodback_core.domain.reviews.contents import Content, ContentKey, ContentKind
from nodback_core.domain.reviews.contents import words_of as words_in
from nodback_core.domain.reviews.requests import Status
from nodback_core.usecases.shared.contents import open_key, read_content

OPTIONS = ("approved", "rejected", "needs_revision")
OUR_MAIL = SentMail("Nodback", "reply.example.com", ("Please review this content:", "  * Approved", "  * Rejected"))
PHRASES = tuple(phrases())
MIN_FILED_RIGHTLY = 0.97
MAX_STEPS = 4_000_000


def meaning(phrase: Phrase) -> Meaning:
    text = read_reply(phrase.text, OUR_MAIL, writer="Dana Lima").text
    return understand(text, phrase.options, writer="Dana Lima")


def filed(meant: Meaning) -> str:
    if meant.outcome is not None:
        return meant.outcome
    return "unclear" if meant.doubt is not None else "nothing" if meant.is_nothing else "words"


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: f"{phrase.text!r} {phrase.options[:1]}")
def test_no_phrase_becomes_an_option_that_a_careful_secretary_would_not_file(phrase: Phrase) -> None:
    assert meaning(phrase).outcome in (None, phrase.outcome)


def test_most_phrases_are_filed_as_a_careful_secretary_would() -> None:
    def is_right(phrase: Phrase) -> bool:
        meant = meaning(phrase)
        return filed(meant) == phrase.filed and phrase.comment in (None, meant.words)

    assert len(PHRASES) >= 450
    assert sum(map(is_right, PHRASES)) >= MIN_FILED_RIGHTLY * len(PHRASES)


def test_a_form_counts_where_it_fits_one_option_only() -> None:
    assert understand("Approve", ("approved", "rejected")).outcome == "approved"
    assert understand("Approve", ("approve", "approved")).outcome == "approve"
    assert understand("Approves", ("approve", "approved")).outcome is None
    assert understand("nee", ("need", "want")).outcome is None


def test_forms_are_those_of_one_word_at_a_time() -> None:
    assert ("approve",) in forms_of(("approved",))
    assert ("need", "revision") in forms_of(words_of("needs_revision"))
    assert ("planned",) not in forms_of(("plane",))
    assert ("plan",) in forms_of(("planned",))
    assert forms_of(("genehmigt",)).isdisjoint({("genehmig",)})
    assert forms_of(("承認",)) == frozenset()


def test_the_comment_is_exactly_what_stands_beside_the_option() -> None:
    text = "Hi,\n\nApproved - “ﬁve” stars, and  2½ times better.\n\nSee  page 2:\n  - one\n\nThanks, Dana"
    assert understand(text, OPTIONS).words == "“ﬁve” stars, and  2½ times better.\n\nSee  page 2:\n- one"


def test_an_alias_is_another_spelling_of_its_option() -> None:
    aliases = {"approved": ["LGTM", "ja", "ship it"], "rejected": ["nein"]}

    def outcome(text: str) -> str | None:
        return understand(text, OPTIONS, aliases=aliases).outcome

    assert outcome("LGTM") == outcome("lgtm, thanks!") == outcome("Ja.") == outcome("Ship it!") == "approved"
    assert outcome("Hallo,\nnein, der Preis ist zu hoch") == "rejected"
    assert outcome("ja?") is None
    assert outcome("ja oder nein") is None
    assert outcome("ja\nnein") is None
    assert outcome("not LGTM") is None
    assert understand("LGTM", OPTIONS).outcome is None


def test_an_alias_of_two_options_names_neither() -> None:
    assert understand("ok", OPTIONS, aliases={"approved": ["ok"], "rejected": ["OK"]}).outcome is None


def test_the_options_that_were_named_come_first() -> None:
    assert nearest_first("I think needs revision", OPTIONS) == ("needs_revision", "approved", "rejected")
    assert nearest_first("not rejected, approved?", OPTIONS) == ("rejected", "approved", "needs_revision")
    assert nearest_first("who knows", OPTIONS) == OPTIONS


@pytest.mark.parametrize("hostile", [*hostile_texts("approved"), "approved, " * 6_000, "approved not " * 5_000])
def test_no_text_takes_many_steps_to_understand(hostile: str) -> None:
    text = read_reply(hostile, OUR_MAIL).text
    steps_of(lambda: understand(text, OPTIONS), limit=MAX_STEPS)
    steps_of(lambda: understand(f"approved\n{text}", OPTIONS), limit=MAX_STEPS)


# What becomes of it, from the mail to the flow.


def answered(text: str, **settings: object) -> tuple[World, str, Result]:
    world = World()
    request_id = world.pause(world.deployment(**settings)).request.request_id
    world.deliver()
    result = world.reply(text, to=world.reply_address())
    world.deliver()
    return world, request_id, result


def handed_on(world: World, request_id: str) -> tuple[str | None, str, str]:
    """Outcome, feedback and the whole reply, as the flow gets them."""
    decision = world.request(request_id).decision
    assert decision is not None
    address = Content.at(request_id, ContentKind.RESPONSE)
    rows = world.store.fetch(address, ContentKey.at(request_id))
    key = open_key(rows[ContentKey.at(request_id)], vault=world.vault)
    value = read_content(rows[address], key=key, storage=world.storage)
    assert value is not None
    words = words_in(value)
    return decision.outcome, words.feedback, words.reply_text or ""


def letter(world: World) -> str:
    body = world.mails_to(REVIEWER)[-1].get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def test_a_comment_below_the_option_reaches_the_flow_and_the_confirmation() -> None:
    text = "approved\nPlease charge it to cost centre 4711"
    world, request_id, result = answered(text)
    assert result is Result.RECORDED
    assert handed_on(world, request_id) == ("approved", "Please charge it to cost centre 4711", text)
    assert "We recorded “Approved”" in letter(world)
    assert "Please charge it to cost centre 4711" in letter(world)


@pytest.mark.parametrize("free_text", ["pass", "ask"])
def test_a_greeting_and_thanks_around_the_option_are_no_feedback(free_text: str) -> None:
    world, request_id, result = answered("Hi,\nApproved.\nThanks, Dana", free_text=free_text)
    assert result is Result.RECORDED
    assert handed_on(world, request_id)[:2] == ("approved", "Approved.")


@pytest.mark.parametrize("label", ["Hi,", "Thank you.", "Classification: Internal", "[INTERNAL]"])
def test_what_says_nothing_is_skipped_in_free_text(label: str) -> None:
    world, request_id, _ = answered(f"{label}\nPlease shorten section 2.\nThanks, Dana")
    assert handed_on(world, request_id)[:2] == (None, "Please shorten section 2.")


@pytest.mark.parametrize(
    "text", ["Hi,", "Thank you.", "👍", ":)", "Classification: Internal", "Decision:", "Hi\nThanks"]
)
@pytest.mark.parametrize("free_text", ["pass", "ask"])
def test_a_greeting_an_emoji_or_a_label_alone_closes_nothing(text: str, free_text: str) -> None:
    world, request_id, result = answered(text, free_text=free_text)
    assert result is Result.BLANK
    assert world.request(request_id).status is Status.PENDING
    assert "We found no answer in your mail" in letter(world)


@pytest.mark.parametrize("text", ["approved if legal agrees", "approved?", "approved or rejected", "Approved: not yet"])
@pytest.mark.parametrize("free_text", ["pass", "ask"])
def test_a_doubted_option_is_asked_back_in_every_mode(text: str, free_text: str) -> None:
    world, request_id, result = answered(text, free_text=free_text)
    assert result is Result.UNCLEAR
    assert world.request(request_id).status is Status.PENDING
    assert text in letter(world)
    assert "We cannot tell from it which answer you mean" in letter(world)


def test_words_of_ones_own_are_handed_on_or_asked_back_as_the_deployment_says() -> None:
    world, request_id, result = answered("not approved")
    assert result is Result.RECORDED
    assert handed_on(world, request_id)[:2] == (None, "not approved")
    world, request_id, result = answered("I would say it needs revision", free_text="ask")
    assert result is Result.UNCLEAR
    options = letter(world)
    assert options.index("* Needs revision") < options.index("* Approved")


def test_the_aliases_of_the_deployment_are_read_in_replies() -> None:
    aliases = [{"option": "approved", "words": ["LGTM", "ship it"]}, {"option": "elsewhere", "words": ["ja"]}]
    world, request_id, result = answered("LGTM, thanks!\nThe price is right.", aliases=aliases)
    assert result is Result.RECORDED
    assert handed_on(world, request_id)[:2] == ("approved", "The price is right.")
    assert handed_on(*answered("ja", aliases=aliases)[:2])[:2] == (None, "ja")
    assert answered("LGTM?", aliases=aliases)[2] is Result.UNCLEAR
