"""Each action that webhooks are told of becomes the very event that its class names."""

from dataclasses import replace

import pytest
from support.world import START, World
from unit.audit.test_trail import ENTRIES, entry_of

from nodback_core.domain.audit.trail import KINDS, happening_of
from nodback_core.domain.reviews.happenings import Escalated, TestOpened
from nodback_core.domain.shared.happenings import Happening
from nodback_core.domain.webhooks.events import EventType
from nodback_core.usecases.webhooks.messages import event_for

HAPPENINGS = [happening for text in ENTRIES.values() if (happening := happening_of(entry_of(text))) is not None]
TOLD = [happening for happening in HAPPENINGS if happening.webhook_event is not None]


def test_every_class_with_an_event_is_tried_here() -> None:
    assert {type(happening) for happening in TOLD} == {kind for kind in KINDS if kind.webhook}
    assert {kind.webhook for kind in KINDS} - {None} == {*EventType} - {EventType.RESUME_READY, EventType.TEST}


@pytest.mark.parametrize("happening", TOLD, ids=lambda happening: happening.action.value)
def test_an_entry_becomes_the_event_that_its_class_names(happening: Happening) -> None:
    world = World()
    request = replace(world.pause(world.deployment()).request, sla_due_at=START)

    assert event_for(happening, START, request, words=None, reason=None).type is happening.webhook_event


def test_tests_of_the_mail_and_escalations_to_nobody_new_are_no_events() -> None:
    test = TestOpened(test=True, method_name="m", assigned_to="ana@example.com")

    assert test.webhook_event is None
    assert Escalated(step="escalate", skipped="already the assignee").webhook_event is None
