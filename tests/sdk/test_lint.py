"""`nodback lint`: what it finds, what it leaves alone, and how it says so."""

import json
import re
import sys
from pathlib import Path

import pytest

import nodback
from nodback.crew import crewai_version

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def linted(crewai):
    from tests.sdk import linted

    return linted


def classes_of(module):
    return [kind for kind in vars(module).values() if isinstance(kind, type) and "expected" in vars(kind)]


def unknown_here():
    """The codes that this version of crewAI gives no cause for: before 1.10 it knows no `learn=`."""
    return set() if crewai_version() >= (1, 10) else {"learn"}


def test_each_mistake_is_found_and_nothing_else(linted):
    from nodback.lint import lint_flow

    for kind in classes_of(linted):
        expected = {(code, method) for code, method in kind.expected if code not in unknown_here()}
        assert {(f.code, f.method_name) for f in lint_flow(kind)} == expected, kind


def test_every_code_has_a_flow_that_shows_it(linted):
    from nodback.lint import CODES, lint_flows

    findings = lint_flows(classes_of(linted))
    assert {finding.code for finding in findings} == set(CODES) - unknown_here()
    assert [f.line for f in findings if f.code == "human-input"] == [_line("def task():") + 1]


def test_a_finding_names_its_line(linted):
    from nodback.lint import lint_flow

    (finding,) = lint_flow(linted.IndirectParent)
    assert finding.path == linted.__file__
    assert finding.line == _line("child = Good()")
    (finding,) = lint_flow(linted.Beside)
    assert "def ask(self)" in Path(linted.__file__).read_text().splitlines()[finding.line - 1]


def _line(text):
    lines = (ROOT / "tests/sdk/linted.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_a_flow_made_without_source_is_looked_at_all_the_same(crewai):
    from crewai.flow.flow import Flow, start
    from crewai.flow.human_feedback import human_feedback

    from nodback.lint import lint_flow

    asking = start()(human_feedback(message="?", emit=["yes"])(lambda self: 1))
    made = type(Flow)("Made", (Flow,), {"ask": asking, "__module__": "nowhere", "__qualname__": "Made"})
    (finding,) = lint_flow(made)
    assert (finding.code, finding.path, finding.line) == ("unheard-outcome", "", 0)


def test_a_factory_settles_what_the_constructor_wants(linted):
    from nodback.lint import lint_flow

    for kind in (linted.Needing, linted.Wanting):
        assert lint_flow(kind, factory=lambda _: {"printer": 1}) == []
    (finding,) = lint_flow(linted.Needing, factory=lambda _: {})
    assert "The factory must give them" in finding.text


def test_the_command_says_where_and_what_and_ends_with_1(linted, command, monkeypatch):
    for name in ("NODBACK_URL", "NODBACK_API_KEY"):
        monkeypatch.delenv(name)
    done = command("lint", "tests.sdk.linted:Unheard")
    assert done.exit_code == 1
    line = next(line for line in done.output.splitlines() if "[unheard-outcome]" in line)
    assert re.search(r"linted\.py:\d+: Unheard\.ask: nobody listens to 'no'", line)


def test_the_command_speaks_json(linted, command):
    done = command("lint", "tests.sdk.linted:Unheard", "--json")
    assert done.exit_code == 1
    first = json.loads(done.stdout)[0]
    assert (first["code"], first["flow"], first["method"]) == ("unheard-outcome", "tests.sdk.linted.Unheard", "ask")
    assert first["line"] > 0


def test_several_modules_and_a_clean_one_end_with_0(crewai, command):
    done = command("lint", "tests.sdk.flows:ContentFlow", "examples.content_approval")
    assert done.exit_code == 0, done.output
    assert "nothing that a review would lose, in 2 flows" in done.output


@pytest.mark.parametrize("asked", ["lint", "doctor"])
def test_a_module_that_switches_nodback_on_is_looked_at_without_any_setting(crewai, command, monkeypatch, asked):
    for name in ("NODBACK_URL", "NODBACK_API_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.delitem(sys.modules, "examples.content_approval", raising=False)
    done = command(asked, "examples.content_approval")
    assert done.exit_code == (0 if asked == "lint" else 1), done.output
    if asked == "doctor":
        assert "ok   ContentApprovalFlow" in done.output
        assert "FIX  settings" in done.output
    assert not nodback.enabling.is_enabled()


@pytest.mark.parametrize("asked", ["lint", "worker"])
@pytest.mark.parametrize("source", ["1 / 0\n", "import json\n", "class Flow(:\n"])
def test_a_module_without_flows_ends_with_2(crewai, command, tmp_path, source, asked):
    (tmp_path / "no_flows.py").write_text(source)
    sys.modules.pop("no_flows", None)
    done = command(asked, "no_flows")
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_a_bare_persist_is_named_where_no_flow_is_found(crewai, command, tmp_path):
    (tmp_path / "bare_flows.py").write_text(
        "from crewai.flow.flow import Flow\nfrom crewai.flow.persistence import persist\n\n"
        "@persist\nclass Kept(Flow):\n    pass\n"
    )
    done = command("lint", "bare_flows")
    sys.modules.pop("bare_flows")
    assert done.exit_code == 2
    assert "Write @persist()" in " ".join(done.output.replace("│", " ").split())


def test_a_worker_prints_the_findings_when_it_starts(linted, command):
    done = command("worker", "tests.sdk.linted:Unheard", "tests.sdk.flows:ContentFlow", "--once")
    assert done.exit_code == 0
    assert "Unheard.ask: nobody listens to 'no'" in done.output
    assert "tests.sdk.flows.ContentFlow" in done.output


def test_the_doctor_finds_them_too_and_takes_a_factory(linted, command, monkeypatch, tmp_path):
    done = command("doctor", "tests.sdk.linted:Unheard")
    assert done.exit_code == 1
    assert "FIX  Unheard.ask: nobody listens to 'no'" in done.output
    assert "[unheard-outcome]" in done.output
    monkeypatch.setattr(linted, "give", lambda _: {"printer": 1}, raising=False)
    monkeypatch.setattr(linted, "task", None)
    done = command("doctor", "tests.sdk.linted:Needing", "--factory", "tests.sdk.linted:give")
    assert "constructor" not in done.output


def test_an_outcome_that_only_a_start_hears_is_refused_at_the_pause(linted, service, enabled):
    with pytest.raises(nodback.FlowRefused, match="Write @listen"):
        linted.StartedByAnOutcome().kickoff()
    assert service.rows == {}


def test_the_page_for_authors_lists_every_code(crewai):
    from nodback.lint import CODES

    page = (ROOT / "docs/flow-authors.md").read_text()
    assert dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", page, re.MULTILINE)).items() >= CODES.items()
