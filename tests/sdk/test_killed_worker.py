"""Workers as processes of their own, killed at the worst moments, with the real crewai."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sdk.service import FLOW_KEY, Service

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 90


@pytest.fixture
def service():
    return Service(lease_seconds=6.0)


@pytest.fixture
def start(url, tmp_path):
    """Starts a process of the SDK; all are killed in the end."""
    environment = {
        **os.environ,
        "NODBACK_URL": url,
        "NODBACK_API_KEY": FLOW_KEY,
        "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT / "sdk/src"), str(ROOT)])),
        "PYTHONWARNINGS": "ignore",
    }
    processes = []

    def run(*arguments, **variables):
        output = (tmp_path / f"{len(processes)}.log").open("w+")
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=environment | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        processes.append((process, output))
        process.log = Path(output.name)
        return process

    yield run
    for process, output in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
        output.close()


def until(what, process=None):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if what():
            return
        if process is not None and process.poll() is not None:
            pytest.fail(f"the process ended early:\n{process.log.read_text()}")
        time.sleep(0.02)
    pytest.fail(f"waited in vain{':' if process else ''}\n{process.log.read_text() if process else ''}")


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def worker(start, *options, **variables):
    return start("nodback.cli", "worker", "tests.sdk.flows:ContentFlow", *options, **variables)


@pytest.mark.filterwarnings("default")
@pytest.mark.timeout(300)
def test_workers_killed_before_and_after_consumed_and_one_that_is_told_to_stop(
    service, start, tmp_path, flows, enabled
):
    # Given a flow that paused, and its answer.
    flows.ContentFlow().kickoff()
    [row] = service.rows.values()
    service.answer(row.body["request_id"], outcome="approved", feedback="Good")

    # When a worker is killed just before it would have consumed the answer,
    reached = []
    service.before["consumed"] = lambda: (reached.append(True), time.sleep(PATIENCE_SECONDS))
    first = worker(start)
    until(lambda: reached, first)
    kill(first)
    del service.before["consumed"]
    assert row.resume == "claimed"

    # then another one takes over once the lease has ended, and runs the listener,
    marker = tmp_path / "listener-runs"
    second = worker(start, TEST_HANG_MARKER=str(marker))
    until(marker.exists, second)
    assert row.history == ["ready", "claimed", "ready", "claimed", "consumed"]

    # and when that one is killed while the listener runs, nobody takes over by itself:
    kill(second)
    service.expire_leases()
    assert row.resume == "failed"
    assert "went away" in row.error

    # a person looks at it and retries,
    retried = start("nodback.cli", "resumes", "retry", row.body["request_id"])
    until(lambda: retried.poll() is not None)
    assert retried.returncode == 0, retried.log.read_text()

    # and a worker that is told to stop in the middle of it finishes the flow first.
    reached.clear()
    service.before["consumed"] = lambda: (reached.append(True), time.sleep(0.5))
    third = worker(start)
    until(lambda: reached, third)
    third.send_signal(signal.SIGTERM)
    until(lambda: third.poll() is not None)
    assert third.returncode == 0, third.log.read_text()
    assert row.resume == "succeeded"
    for said in ("SIGTERM: finishing", "finished in", "stopped"):
        assert said in third.log.read_text()

    # One that is told to stop while the service does not answer at all ends before a supervisor would kill it.
    reached.clear()
    service.before["claim"] = lambda: (reached.append(True), time.sleep(PATIENCE_SECONDS))
    fourth = worker(start)
    until(lambda: reached, fourth)
    told_at = time.monotonic()
    fourth.send_signal(signal.SIGTERM)
    until(lambda: fourth.poll() is not None)
    assert time.monotonic() - told_at < 10
    assert fourth.returncode == 0, fourth.log.read_text()
