"""Two departments, one class name, one deployment: the approval of an offer erases nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from flows.broken import Bench
from flows.reviews import last_number, next_review, request_of
from infra.local.house import House
from infra.settings import ROOT
from nodback_core.domain.reviews.requests import ResumeStatus, Status

PATIENCE_SECONDS = 180.0
WORKER = str(Path(sys.executable).with_name("nodback"))


def run(house: House, bench: Bench, *command: str) -> str:
    """What a process of the flow's side says, run to its end."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**house.flow_environment(), "NODBACK_API_KEY": bench.flow_key},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def approved(house: House, bench: Bench, *command: str) -> str:
    """Start a flow and approve its review by mail; the id of the request."""
    before = last_number(house)
    run(house, bench, *command)
    mail = next_review(house, after=before)
    house.mailroom.reply(mail, "approved")
    request_id = request_of(house, mail)
    bench.until(request_id, lambda request: request.status is Status.RESPONDED)
    return request_id


@pytest.mark.timeout(900)
def test_an_approval_reaches_the_class_that_asked_and_never_its_namesake(house: House) -> None:
    bench = Bench.at(house)

    def resume() -> tuple[str, int]:
        found = bench.request(request_id).resume
        return found.status, found.attempt

    request_id = approved(house, bench, sys.executable, "-m", "tests.flows.sales")
    assert bench.request(request_id).flow_class == "tests.flows.sales.ApprovalFlow"
    assert "nothing to resume" in run(house, bench, WORKER, "worker", "tests.flows.gdpr", "--once", "--main")
    assert resume() == (ResumeStatus.READY, 0)
    assert "the offer goes out" in run(house, bench, WORKER, "worker", "tests.flows.sales", "--once")
    assert resume() == (ResumeStatus.SUCCEEDED, 1)

    request_id = approved(house, bench, sys.executable, "tests/flows/sales.py")
    assert bench.request(request_id).flow_class == "__main__.ApprovalFlow"
    assert "nothing to resume" in run(house, bench, WORKER, "worker", "tests.flows.sales", "--once")
    assert resume() == (ResumeStatus.READY, 0)
    assert "the offer goes out" in run(house, bench, WORKER, "worker", "tests.flows.sales", "--once", "--main")
    assert resume() == (ResumeStatus.SUCCEEDED, 1)
