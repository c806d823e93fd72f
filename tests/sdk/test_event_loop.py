"""Flows in an asyncio application: while the service thinks, the application's loop goes on."""

import asyncio
import inspect
import re
import threading
import time
from pathlib import Path

import pytest

import nodback

pytestmark = pytest.mark.filterwarnings("default")

BEATS = 20
FROZEN_AFTER_SECONDS = 5.0


class Heart:
    """Beats in a loop; the service holds back its answer until it has beaten on for a while, or is found frozen."""

    def __init__(self):
        self.beats = 0
        self.frozen = []

    async def beat(self):
        while True:
            self.beats += 1
            await asyncio.sleep(0.001)

    def holds_up(self, service, *routes):
        for route in routes:
            service.before[route] = lambda route=route: self._wait(route)
        return self

    def _wait(self, route):
        wanted, deadline = self.beats + BEATS, time.monotonic() + FROZEN_AFTER_SECONDS
        while self.beats < wanted:
            if time.monotonic() > deadline:
                self.frozen.append(route)
                return
            time.sleep(0.001)

    async def beside(self, flow):
        """What the flow returns, run in the loop in which this heart beats."""
        beating = asyncio.create_task(self.beat())
        try:
            return await flow
        finally:
            beating.cancel()


@pytest.mark.parametrize("how", ["kickoff_async", "akickoff"])
def test_a_pause_does_not_stop_the_loop(flows, service, enabled, how):
    heart = Heart().holds_up(service, "open_request")
    paused = asyncio.run(heart.beside(getattr(flows.ContentFlow(), how)()))
    assert type(paused).__name__ == "HumanFeedbackPending"
    assert len(service.rows) == 1
    assert heart.frozen == []


def test_a_persisted_state_is_read_and_written_beside_the_loop(flows, service, enabled):
    kind = flows.persisted_flow()
    flow_id = kind().kickoff().context.flow_id
    heart = Heart().holds_up(service, "load_state", "save_state", "open_request")
    again = kind()
    asyncio.run(heart.beside(again.kickoff_async(inputs={"id": flow_id})))
    assert heart.frozen == []
    assert again.state["when"].year == 2026
    assert service.calls["load_state"] == 1


def test_a_fork_reads_the_state_of_the_other_flow_beside_the_loop(flows, service, enabled):
    kind = flows.persisted_flow()
    if "restore_from_state_id" not in inspect.signature(kind.kickoff_async).parameters:
        pytest.skip("this crewAI knows no forks")
    flow_id = kind().kickoff().context.flow_id
    heart = Heart().holds_up(service, "load_state")
    fork = kind()
    asyncio.run(heart.beside(fork.kickoff_async(restore_from_state_id=flow_id)))
    assert heart.frozen == []
    assert (fork.state["when"].year, fork.flow_id != flow_id) == (2026, True)


def test_a_resume_that_pauses_again_does_not_stop_what_runs_beside_it(flows, service, enabled):
    from nodback.worker import Worker

    flows.TwiceFlow().kickoff()
    service.answer(next(iter(service.rows)), outcome="go")
    heart = Heart().holds_up(service, "open_request")
    flows.TwiceFlow.heart = heart
    assert Worker(enabled, [flows.TwiceFlow], name="test:1").once().ending == "paused again"
    assert heart.frozen == []


def test_a_worker_in_a_thread_of_an_application_leaves_its_loop_alone(flows, service, enabled):
    from nodback.worker import Worker

    flows.ContentFlow().kickoff()
    service.answer(next(iter(service.rows)), outcome="approved")
    heart = Heart().holds_up(service, "claim", "consumed", "result")
    worker = Worker(enabled, [flows.ContentFlow], name="test:1")
    assert asyncio.run(heart.beside(asyncio.to_thread(worker.once))).ending == "succeeded"
    assert heart.frozen == []


def test_a_refused_pause_raises_from_the_coroutine(flows, service, enabled):
    service.failures.extend([(503, {})] * 50)

    async def start():
        await flows.ContentFlow().kickoff_async()

    with pytest.raises(nodback.NotPaused, match="gave up after"):
        asyncio.run(start())
    assert service.rows == {}


def test_many_flows_of_one_loop_pause_side_by_side(flows, service, enabled):
    together = threading.Barrier(3)
    service.before["open_request"] = lambda: together.wait(10)

    async def start():
        return await asyncio.gather(*(flows.ContentFlow().kickoff_async() for _ in range(3)))

    paused = asyncio.run(start())
    assert len({value.context.flow_id for value in paused}) == 3
    assert len(service.rows) == 3


def test_a_cancelled_kickoff_does_not_wait_for_the_service(flows, service, enabled):
    came, may_go, waited = threading.Event(), threading.Event(), []
    service.before["open_request"] = lambda: (came.set(), waited.append(may_go.wait(FROZEN_AFTER_SECONDS)))

    async def start():
        running = asyncio.create_task(flows.ContentFlow().kickoff_async())
        while not came.is_set():
            await asyncio.sleep(0.001)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    try:
        asyncio.run(start())
        assert waited == [], "the loop was closed while the service still thought"
    finally:
        may_go.set()


def test_the_application_of_the_page_for_authors_runs(flows, service, enabled):
    page = (Path(__file__).parents[2] / "docs/flow-authors.md").read_text()
    (snippet,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "async def" in block]
    names = {"ContentApprovalFlow": flows.ContentFlow}
    exec(snippet, names)
    asyncio.run(names["application"]())
    assert len(service.rows) == 1


def test_disabling_gives_crewai_its_own_methods_back(crewai, url):
    from crewai.flow.flow import Flow

    from tests.sdk.service import FLOW_KEY

    before = Flow.kickoff_async, Flow.resume_async
    nodback.enable(url, FLOW_KEY)
    nodback.enable(url, FLOW_KEY)
    assert Flow.kickoff_async is not before[0]
    nodback.disable()
    assert (Flow.kickoff_async, Flow.resume_async) == before
