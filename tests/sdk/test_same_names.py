"""Flows whose classes have one name: an answer goes to the class that asked, and to no other."""

import importlib
import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

import nodback
from nodback.names import qualified_name, served

ROOT = Path(__file__).parents[2]
SALES = "tests.flows.sales.ApprovalFlow"
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def approve(service):
    """Answers the newest review with `approved`; returns its row at the service."""

    def approve():
        row = list(service.rows.values())[-1]
        service.answer(row.body["request_id"], outcome="approved", feedback="Fine")
        return row

    return approve


def flow_of(module):
    return importlib.import_module(f"tests.flows.{module}").ApprovalFlow


def test_an_approval_of_one_flow_never_runs_its_namesake_in_another_module(enabled, approve, command):
    flow_of("sales")().kickoff()
    row = approve()

    other = command("worker", "tests.flows.gdpr", "--once")

    assert "nothing to resume" in other.output
    assert (row.resume, row.attempt) == ("ready", 0)
    own = command("worker", "tests.flows.sales", "--once")
    assert (own.exit_code, row.resume) == (0, "succeeded")
    assert "the offer goes out: Fine" in own.output
    assert "erasure goes out" not in other.output + own.output


def test_a_nested_class_is_told_from_its_namesake_by_the_class_around_it(enabled, approve, command, crewai):
    from tests.sdk import nested

    nested.ran.clear()
    nested.Sales.ApprovalFlow().kickoff()
    row = approve()
    assert row.body["flow_class"] == "tests.sdk.nested.Sales.ApprovalFlow"
    assert row.body["flow_name"] == "ApprovalFlow"
    assert "nothing to resume" in command("worker", "tests.sdk.nested:Gdpr.ApprovalFlow", "--once").output
    assert command("worker", "tests.sdk.nested", "--once").exit_code == 0
    assert (row.resume, nested.ran) == ("succeeded", ["sales"])


def test_a_flow_started_with_python_m_is_taken_by_any_worker_of_its_module(url, approve, command, crewai, environment):
    runpy.run_module("tests.flows.sales", run_name="__main__", alter_sys=True)
    row = approve()
    assert row.body["flow_class"] == SALES
    assert command("worker", "tests.flows.sales", "--once").exit_code == 0
    assert row.resume == "succeeded"


def test_a_script_is_taken_only_by_a_worker_that_was_told_to_serve_scripts(
    url, approve, command, crewai, environment, caplog
):
    runpy.run_path(str(ROOT / "tests/flows/sales.py"), run_name="__main__")
    row = approve()
    assert row.body["flow_class"] == "__main__.ApprovalFlow"
    assert "`nodback worker package.module --main`" in caplog.text
    assert "nothing to resume" in command("worker", "tests.flows.sales", "--once").output
    assert command("worker", "tests.flows.sales", "--once", "--main").exit_code == 0
    assert row.resume == "succeeded"


@pytest.fixture
def environment(monkeypatch, url):
    """What a script finds when it starts."""
    from tests.sdk.service import FLOW_KEY

    monkeypatch.setenv("NODBACK_URL", url)
    monkeypatch.setenv("NODBACK_API_KEY", FLOW_KEY)


@pytest.mark.parametrize(
    ("spec", "holds_it", "expected"),
    [
        ("app.flows", True, "app.flows.Script.Inner"),
        ("app.__main__", True, "app.__main__.Script.Inner"),
        (None, True, "__main__.Script.Inner"),
        ("__main__", True, "__main__.Script.Inner"),
        ("cProfile", False, "__main__.Script.Inner"),
    ],
)
@pytest.mark.parametrize("module", ["__main__", "__mp_main__"])
def test_only_the_module_that_was_started_lends_its_name_to_a_class(monkeypatch, module, spec, holds_it, expected):
    main = ModuleType("__main__")
    main.__spec__ = importlib.machinery.ModuleSpec(spec, None) if spec else None
    inner = type("Inner", (), {"__module__": module, "__qualname__": "Script.Inner"})
    if holds_it:
        main.Script = type("Script", (), {"Inner": inner})
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert qualified_name(inner) == expected


def test_two_classes_that_cannot_be_told_apart_are_not_served(command, crewai, monkeypatch):
    from tests.sdk import nested

    monkeypatch.setattr(nested, "First", nested.made("first"), raising=False)
    monkeypatch.setattr(nested, "Again", nested.First, raising=False)
    assert list(served([nested.First, nested.First])) == ["tests.sdk.nested.made.<locals>.MadeFlow"]
    monkeypatch.setattr(nested, "Second", nested.made("second"), raising=False)
    for target in ("tests.sdk.nested", "tests.sdk.nested:First"):
        refused = command("worker", target, "--once")
        assert refused.exit_code == 2
        assert "an answer for one could run the other" in " ".join(refused.output.replace("│", " ").split())


def test_a_worker_that_is_handed_another_flow_fails_visibly_before_it_restores_anything(crewai):
    from nodback.lease import Lease
    from nodback.resume import carry_out
    from nodback.reviews import Answer
    from nodback.testing import MemoryService

    class Careless(MemoryService):
        """Gives any answer to any worker."""

        def claim(self, worker, flow_classes):
            return super().claim(worker, [request.flow_class for request in self.requests])

    def claimed(service):
        nodback.enabling.enable_with(service)
        try:
            flow_of("sales")().kickoff()
        finally:
            nodback.disable()
        service.answer(service.requests[0].request_id, Answer("approved", "Fine"))
        return service.claim("w", ["m.Other"])

    for flow_class, scripts, told in (
        (None, False, f"FlowNotFound: This worker has no flow class {SALES}."),
        (flow_of("gdpr"), False, f"WrongFlow: This worker would run tests.flows.gdpr.ApprovalFlow, but {SALES} is"),
        (flow_of("gdpr"), True, f"WrongFlow: This worker would run tests.flows.gdpr.ApprovalFlow, but {SALES} is"),
    ):
        service = Careless()
        claim = claimed(service)
        with Lease(service, claim, claimed_at=0.0, clock=lambda: 0.0) as lease:
            resumed = carry_out(claim, flow_class=flow_class, service=service, lease=lease, serves_scripts=scripts)
        assert resumed.ending == "failed"
        assert resumed.error.startswith(told)
        assert service.outcomes == {claim.request_id: resumed.error}
        assert service.load_pending(claim.flow_id) is not None, "nothing was consumed"


def test_the_doctor_says_which_name_a_worker_must_serve(command, crewai):
    told = command("doctor", "tests.flows.sales")
    assert f"its answers wait for a worker that serves {SALES}" in told.output
