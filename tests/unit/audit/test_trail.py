"""Each action has one class, and the class knows every fact that its entries hold."""

import json

import pytest
from golden.test_golden import golden

from nodback_core.domain.audit.trail import BY_ACTION, KINDS, happening_of, is_event
from nodback_core.domain.letters.happenings import NotificationSent
from nodback_core.domain.people.happenings import SignedOut
from nodback_core.domain.reviews.happenings import Reminded
from nodback_core.domain.shared import labels
from nodback_core.domain.shared.entries import Action, Actor, Entry
from nodback_core.domain.shared.happenings import EffectDraft, UnreadableHappening
from nodback_core.domain.shared.times import moment
from nodback_core.domain.webhooks.webhook import WEBHOOKS

ENTRIES = golden()[labels.FAMILY]["entries"]


def entry_of(text: str) -> Entry:
    document = json.loads(text)
    document |= {
        "at": moment(document["at"]),
        "action": Action(document["action"]),
        "actor": Actor(**document["actor"]),
    }
    return Entry(**document)


def test_every_action_has_one_class() -> None:
    assert set(BY_ACTION) == set(Action)
    assert len(KINDS) == len(BY_ACTION)
    assert all(kind.words for kind in KINDS)


@pytest.mark.parametrize("kind", ENTRIES)
def test_what_is_read_from_an_entry_writes_the_same_entry(kind: str) -> None:
    entry = entry_of(ENTRIES[kind])
    happening = happening_of(entry)
    assert happening is not None
    assert happening.by == entry.actor
    assert happening.facts() == {name: value for name, value in entry.data.items() if (name, value) != (WEBHOOKS, True)}


def test_an_entry_without_a_fact_that_it_always_has_is_unreadable() -> None:
    entry = entry_of(next(text for kind, text in ENTRIES.items() if kind.startswith("request.responded")))
    with pytest.raises(UnreadableHappening, match="decision_id"):
        happening_of(Entry(**{**vars_of(entry), "data": {}}))


def vars_of(entry: Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in Entry.__dataclass_fields__}


def test_a_happening_that_calls_for_a_mail_says_so_on_its_class() -> None:
    a_mail = EffectDraft("mail", "reminder", "ana@example.com")

    assert Reminded(step="reminder:1", to="ana@example.com", calls_for=(a_mail,)).calls_for == (a_mail,)
    with pytest.raises(TypeError, match="nothing would send"):
        SignedOut(session_id="s", calls_for=(a_mail,))


def test_what_a_newer_version_wrote_is_told_and_bookkeeping_is_not() -> None:
    assert is_event(Action("request.weighed"))
    assert is_event(Reminded.action)
    assert not is_event(NotificationSent.action)
