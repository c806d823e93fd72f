"""What would wait at a console that a worker does not have is refused, and only that."""

import asyncio
import builtins

import pytest

import nodback
from nodback.crew import crewai_version

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def no_console(monkeypatch):
    def read(*_):
        raise AssertionError("the console was read")

    monkeypatch.setattr(builtins, "input", read)


@pytest.fixture
def asking(crewai):
    from crewai.flow.flow import Flow, start

    if not hasattr(Flow, "ask"):
        pytest.skip("Flow.ask came with crewAI 1.10")

    class Asking(Flow):
        @start()
        def begin(self):
            return self.ask("Which topic?")

    return Asking


class Scripted:
    def request_input(self, message, flow, metadata=None):
        return "cats"


def test_ask_is_refused_with_what_to_do(asking, enabled, no_console):
    with pytest.raises(nodback.FlowRefused, match=r"Asking: self.ask\(\) would wait at the console.*@human_feedback"):
        asking().kickoff()


def test_ask_with_an_input_provider_works_as_ever(asking, enabled, no_console):
    flow = asking()
    flow.input_provider = Scripted()
    assert flow.kickoff() == "cats"


def test_ask_is_crewais_own_again_afterwards(asking, url, monkeypatch):
    from tests.sdk.service import FLOW_KEY

    nodback.enable(url, FLOW_KEY)
    nodback.enable(url, FLOW_KEY)
    nodback.disable()
    monkeypatch.setattr(builtins, "input", lambda *_: "dogs")
    assert asking().kickoff() == "dogs"


def crew_flow(flows, human_input):
    from crewai import Agent, Crew, Task
    from crewai.flow.flow import Flow, start

    class WithCrew(Flow):
        def crew(self):
            writer = Agent(role="Writer", goal="Write", backstory="Writes", llm=flows.LLM, max_retry_limit=0)
            task = Task(description="Write", expected_output="A text", agent=writer, human_input=human_input)
            return Crew(agents=[writer], tasks=[task])

        @start()
        def begin(self):
            return self.crew().kickoff().raw

    class WithAsyncCrew(WithCrew):
        @start()
        async def begin(self):
            return (await self.crew().kickoff_async()).raw

    return WithCrew, WithAsyncCrew


@pytest.mark.parametrize("kind", [0, 1])
def test_a_task_that_reads_the_console_is_refused_before_the_agent_works(flows, enabled, no_console, kind):
    flows.LLM.says = "Thought: I know.\nFinal Answer: A text"
    flow = crew_flow(flows, True)[kind]()
    with pytest.raises(nodback.FlowRefused, match=r"human_input=True would wait at the console.*@human_feedback"):
        asyncio.run(flow.kickoff_async())
    # Up to 1.15.0 crewAI tells the provider of the task only when the agent has worked.
    assert flows.ran == [] or crewai_version() <= (1, 15, 0)


def test_a_task_without_it_is_left_alone(flows, enabled, no_console):
    flows.LLM.says = "Thought: I know.\nFinal Answer: A text"
    assert crew_flow(flows, False)[0]().kickoff() == "A text"


def test_a_crew_outside_of_a_flow_may_read_the_console(enabled, crewai):
    human_input = pytest.importorskip("crewai.core.providers.human_input", reason="it came with crewAI 1.10")
    assert type(human_input.get_provider()) is human_input.SyncHumanInputProvider
