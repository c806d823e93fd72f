"""What the timeline says of a reply that was refused."""

from dataclasses import replace

import pytest
from support.browse import Browser
from support.world import PASS, REVIEWER, World
from unit.audit.test_trail import ENTRIES, entry_of

from nodback_core.dashboard.timeline import told
from nodback_core.domain.audit.trail import class_of
from nodback_core.domain.replies.results import Result
from nodback_core.domain.shared.entries import Action, Entry
from nodback_core.usecases.replies.words import WORDS


@pytest.fixture
def world() -> World:
    return World()


def a_refusal(world: World) -> Entry:
    request = world.pause(world.deployment()).request
    world.deliver()
    world.reply("approved", to=world.reply_address(), sender="mallory@example.com")
    (entry,) = [e for e in world.store.chain(request.subject).items if e.action is Action.REPLY_REJECTED]
    return entry


def test_the_timeline_says_why_a_reply_was_refused_and_who_sent_it(world: World) -> None:
    entry = a_refusal(world)

    shown = Browser(world).sign_in(REVIEWER).get(f"/review/{entry.subject.removeprefix('request/')}").text

    assert (
        "A reply was refused because it came from another address than the one that is asked: mallory@example.com"
        in shown
    )


def test_a_reply_without_proof_of_its_sender_is_told_so(world: World) -> None:
    request = world.pause(world.deployment()).request
    world.deliver()
    world.reply("approved", to=world.reply_address(), verdicts=replace(PASS, dmarc="FAIL"))

    shown = Browser(world).sign_in(REVIEWER).get(f"/review/{request.request_id}").text

    assert "A reply was refused because nothing proves that it came from the address that it names" in shown


def test_a_check_without_words_is_told_by_its_name(world: World) -> None:
    entry = a_refusal(world)

    unknown = replace(entry, data={**entry.data, "check": "sent_by_pigeon", "sender": None})

    assert told(unknown).detail == "because of the check “Sent by pigeon”"


@pytest.mark.parametrize("result", Result)
def test_every_result_of_a_mail_has_its_words(result: Result) -> None:
    assert result.value in WORDS, f"say in usecases/replies/words.py what {result.value!r} means to a person"
    assert not WORDS[result.value].endswith("."), "a clause, which goes on a sentence"


@pytest.mark.parametrize("text", ENTRIES.values(), ids=ENTRIES)
def test_every_line_has_the_words_and_the_tone_of_its_class(text: str) -> None:
    entry = entry_of(text)
    line, kind = told(entry), class_of(entry)

    assert kind is not None
    assert (line.what, line.tone) == (kind.words, kind.tone)
    assert "None" not in line.detail


def test_an_entry_that_cannot_be_read_shows_its_words_alone(world: World) -> None:
    older = replace(a_refusal(world), data={"check": "wrong_sender"})

    line = told(older)

    assert (line.what, line.detail, line.tone) == ("A reply was refused", "", "bad")


def test_an_action_of_a_newer_version_is_told_by_its_name(world: World) -> None:
    newer = replace(a_refusal(world), action=Action("request.put_off"))

    assert (told(newer).what, told(newer).detail) == ("Request put off", "")


def test_an_escalation_that_went_to_nobody_new_says_why(world: World) -> None:
    data = {"step": "escalate", "skipped": "already the assignee"}
    skipped = replace(a_refusal(world), action=Action.REQUEST_ESCALATED, data=data)

    assert told(skipped).detail == "already the assignee"
