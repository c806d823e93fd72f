"""The example flow as its readers run it: unchanged, in a process that Nodback was switched on in."""

import importlib

import pytest

import nodback
from tests.sdk.service import FLOW_KEY

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def example(crewai, url, monkeypatch):
    monkeypatch.setenv("NODBACK_URL", url)
    monkeypatch.setenv("NODBACK_API_KEY", FLOW_KEY)
    module = importlib.reload(importlib.import_module("examples.content_approval"))
    yield module
    nodback.disable()


def answer_next(example, service, outcome, feedback):
    from nodback.enabling import enabled_service
    from nodback.worker import Worker

    service.answer(list(service.rows)[-1], outcome=outcome, feedback=feedback)
    return Worker(enabled_service(), [example.ContentApprovalFlow], name="test:1").once().ending


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        ("approved", "Publishing approved content. Reviewer notes: Nice"),
        ("rejected", "Content rejected. Reason: Nice"),
    ],
)
def test_the_example_publishes_or_archives(example, service, capsys, outcome, line):
    example.ContentApprovalFlow().kickoff()
    assert answer_next(example, service, outcome, "Nice") == "succeeded"
    assert line in capsys.readouterr().out


def test_the_example_asks_again_after_a_revision(example, service, capsys):
    example.ContentApprovalFlow().kickoff()
    assert answer_next(example, service, "needs_revision", "Shorter") == "paused again"
    assert answer_next(example, service, "needs_revision", "Shorter still") == "paused again"
    assert answer_next(example, service, "approved", "Now it is good") == "succeeded"
    assert "Reviewer notes: Now it is good" in capsys.readouterr().out
    assert [row.number for row in service.rows.values()] == [1, 2, 3]
    assert len({row.body["flow_id"] for row in service.rows.values()}) == 1
