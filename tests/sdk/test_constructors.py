"""Flow classes that want something when they are made, and flows that are started inside of others."""

import sys
from typing import Any

import pytest

import nodback

pytestmark = pytest.mark.filterwarnings("default")

FLOWS = """
from crewai.flow.flow import Flow, listen, start
from crewai.flow.human_feedback import human_feedback

class Needing(Flow):
    def __init__(self, printer, colour=None, **kwargs):
        super().__init__(**kwargs)
        self.printer, self.colour = printer, colour

    @start()
    @human_feedback(message="?", emit=["yes", "no"])
    def ask(self):
        return "?"

    @listen("yes")
    def go(self):
        return f"{self.printer} in {self.colour}"

def make(flow_class):
    assert flow_class is Needing
    return {"printer": "laser", "colour": "red"}

def too_little(flow_class):
    return {"colour": "red"}

def too_much(flow_class):
    return {"printer": 1, "size": 2}

def broken(flow_class):
    raise LookupError("no printer")

def wrong(flow_class):
    return Needing

made = 7
"""


@pytest.fixture
def module(crewai, tmp_path, monkeypatch):
    """A module of an author, in the folder where the command is started."""
    (tmp_path / "needing_flows.py").write_text(FLOWS)
    monkeypatch.syspath_prepend(tmp_path)
    import needing_flows

    yield needing_flows
    sys.modules.pop("needing_flows")


@pytest.fixture
def answered(module, service, enabled):
    module.Needing("inkjet").kickoff()
    (row,) = service.rows.values()
    service.answer(row.body["request_id"], outcome="yes")
    return row


def said(result):
    return " ".join(result.output.replace("│", " ").split())


def test_a_worker_gives_the_constructor_what_its_factory_makes(module, enabled, answered):
    from nodback.worker import Worker

    resumed = Worker(enabled, [module.Needing], name="test:1", factory=module.make).once()
    assert (resumed.ending, resumed.value) == ("succeeded", "laser in red")


def test_the_command_takes_a_factory(module, answered, command):
    done = command("worker", "needing_flows", "--once", "--factory", "needing_flows:make")
    assert (done.exit_code, answered.resume) == (0, "succeeded"), done.output


@pytest.mark.parametrize(
    ("factory", "told"),
    [
        (None, "its constructor needs printer. Give them by --factory"),
        ("needing_flows:too_little", "its constructor needs printer. The factory must give them"),
        ("needing_flows:broken", "The factory broken failed for Needing: LookupError: no printer"),
        ("needing_flows:wrong", "it must give a dict of constructor arguments"),
        ("needing_flows:missing", "needing_flows has no function 'missing'"),
        ("needing_flows:made", "needing_flows has no function 'made'"),
        ("needing_flows", "is not package.module:function"),
        ("no_such_module:make", "no module 'no_such_module'"),
    ],
)
def test_what_cannot_be_made_is_found_before_any_answer_is_claimed(module, service, answered, command, factory, told):
    given = ["--factory", factory] if factory else []
    done = command("worker", "needing_flows", "--once", *given)
    assert done.exit_code == 2
    assert told in said(done)
    assert service.calls["claim"] == 0
    assert answered.resume == "ready"


def test_a_constructor_without_room_for_the_persistence_is_found_too(crewai):
    from crewai.flow.flow import Flow, start
    from crewai.flow.human_feedback import human_feedback

    from nodback.testing import MemoryService
    from nodback.worker import Worker

    class Closed(Flow):
        def __init__(self, printer=None):
            super().__init__()

        @start()
        @human_feedback(message="?")
        def ask(self):
            return "?"

    class Declared(Flow):
        printer: Any

        @start()
        @human_feedback(message="?")
        def ask(self):
            return "?"

    class Unreviewed(Flow):
        printer: Any

        @start()
        def ask(self):
            return "?"

    with pytest.raises(nodback.BadSetting, match="takes no `persistence`"):
        Worker(MemoryService(), [Closed], name="test:1")
    with pytest.raises(nodback.BadSetting, match="needs printer"):
        Worker(MemoryService(), [Declared], name="test:1")
    Worker(MemoryService(), [Declared], name="test:1", factory=lambda _: {"printer": 1})
    Worker(MemoryService(), [Unreviewed], name="test:1")
    with pytest.raises(nodback.BadSetting, match="knows no size"):
        Worker(MemoryService(), [narrow()], name="test:1", factory=lambda _: {"printer": 1, "size": 2})


def narrow():
    from crewai.flow.flow import Flow, start
    from crewai.flow.human_feedback import human_feedback

    class Narrow(Flow):
        def __init__(self, printer, persistence=None):
            super().__init__(persistence=persistence)

        @start()
        @human_feedback(message="?")
        def ask(self):
            return "?"

    return Narrow


def test_nodback_testing_takes_a_factory_as_the_worker_does(module):
    import nodback.testing

    with nodback.testing.reviewer(["yes"]) as review:
        assert review.run(module.Needing("inkjet"), factory=module.make) == "laser in red"
    with pytest.raises(nodback.FlowNotRestored, match="printer"), nodback.testing.reviewer(["yes"]) as review:
        review.run(module.Needing("inkjet"))


@pytest.fixture
def family(crewai):
    """A parent that starts a child with a review in one of its methods, in three ways."""
    import asyncio
    import contextvars

    from crewai.flow.flow import Flow, listen, start
    from crewai.flow.human_feedback import human_feedback

    class Child(Flow):
        @start()
        @human_feedback(message="?", emit=["yes", "no"])
        def ask(self):
            return "?"

    class Parent(Flow):
        @start()
        def begin(self):
            return Child().kickoff()

        @listen(begin)
        def end(self, result):
            return result

    class AsyncParent(Flow):
        @start()
        async def begin(self):
            return await Child().kickoff_async()

    class Starter(Flow):
        @start()
        def begin(self):
            contextvars.Context().run(Child().kickoff)
            return "started"

    return Parent, AsyncParent, Starter, asyncio


def test_a_review_in_a_child_flow_stops_the_parent_with_the_reason(family, service, enabled):
    parent, async_parent, _, asyncio = family
    for start in (parent().kickoff, lambda: asyncio.run(async_parent().kickoff_async())):
        with pytest.raises(nodback.FlowRefused, match=r"started inside of .*Parent\.begin, which would take the pause"):
            start()
    assert service.rows == {}


def test_a_flow_that_nobody_waits_for_may_be_started_from_a_flow(family, service, enabled):
    _, _, starter, _ = family
    assert starter().kickoff() == "started"
    assert len(service.rows) == 1
