"""`make test-crewai-matrix`: the SDK's flow tests on each supported version of crewAI, and the table of what they say.

Each version gets an environment of its own below `.nodback/crewai`. A test that is known to fail stands in `KNOWN`;
the run fails when another one does, or when one of these does not.
"""

import argparse
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/flow-authors.md"
HOME = ROOT / ".nodback/crewai"
UV = ROOT / ".venv-tools/bin/uv"

NEWEST = "newest"
VERSIONS = ("1.8.0", "1.10.1", "1.13.0", "1.14.7", "1.15.0", "1.15.17", NEWEST)
FILES = tuple(
    f"tests/sdk/test_{name}.py"
    for name in (
        "flows",
        "changed_flows",
        "roundtrip",
        "constructors",
        "event_loop",
        "same_names",
        "console",
        "lint",
        "killed_worker",
    )
)
PACKAGES = ("pytest>=9", "pytest-timeout>=2.4", "httpx>=0.28.1,<0.29", "click>=8.1")
BEGIN, END = "<!-- make test-crewai-matrix -->", "<!-- end of the table -->"
HEAD = "| crewAI | Passed | Skipped | Known not to work |\n|---|---|---|---|\n"


@dataclass(frozen=True)
class Known:
    """What does not work below a version, and the tests that say so."""

    below: tuple[int, ...]
    words: str
    tests: frozenset[str]


KNOWN = (
    Known(
        below=(1, 9),
        words="methods without `async` run on the event loop, so `@persist` stops it for the service, and `kickoff()` "
        "of another flow in a method raises",
        tests=frozenset(
            {
                "test_a_persisted_state_is_read_and_written_beside_the_loop",
                "test_a_review_in_a_child_flow_stops_the_parent_with_the_reason",
                "test_a_flow_that_nobody_waits_for_may_be_started_from_a_flow",
            }
        ),
    ),
    Known(
        below=(1, 13),
        words="a field of a flow class is no constructor argument",
        tests=frozenset({"test_a_constructor_without_room_for_the_persistence_is_found_too"}),
    ),
)


@dataclass(frozen=True)
class Run:
    """What the tests said on one version."""

    version: str
    passed: int
    skipped: int
    failed: frozenset[str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("versions", nargs="*", default=VERSIONS, help="some of them; then no table is written")
    chosen = parser.parse_args().versions
    rows, is_as_known = [], True
    for version in chosen:
        run = tested(version, environment(version))
        known = [one for one in KNOWN if numbers(run.version) < one.below]
        expected = frozenset().union(*(one.tests for one in known))
        for name in sorted(run.failed ^ expected):
            is_as_known = False
            print(f"crewai {run.version}: {name} {'fails' if name in run.failed else 'is known to fail and passes'}")
        rows.append(row(run, known, is_newest=version == NEWEST))
        print(rows[-1], flush=True)
    if is_as_known and tuple(chosen) == VERSIONS:
        write(rows)
    return 0 if is_as_known else 1


def environment(version: str) -> Path:
    """The Python of an environment with this version."""
    folder = HOME / version
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    crewai = "crewai<2" if version == NEWEST else f"crewai=={version}"
    upgrade = ["--upgrade-package", "crewai"] if version == NEWEST else []
    subprocess.run([UV, "pip", "install", "--quiet", "--python", python, *upgrade, crewai, *PACKAGES], check=True)
    return python


def tested(version: str, python: Path) -> Run:
    """Run the tests with that Python."""
    report = HOME / f"{version}.xml"
    report.unlink(missing_ok=True)
    # The settings of pytest's own command turn warnings into errors, and old versions warn of themselves.
    options = ["-q", "-o", "filterwarnings=", "-p", "no:cacheprovider", "--confcutdir=tests/sdk"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT / "layers/core/python", ROOT / "sdk/src")))}
    done = subprocess.run(
        [python, "-m", "pytest", *options, f"--junitxml={report}", *FILES],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
    )
    (HOME / f"{version}.txt").write_text(done.stdout + done.stderr)
    if not report.exists():
        raise SystemExit(f"crewai {version}: the tests did not run; see {HOME / version}.txt")
    installed = subprocess.run(
        [python, "-c", "import importlib.metadata as m; print(m.version('crewai'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return summed(installed.stdout.strip(), report.read_text())


def summed(version: str, report: str) -> Run:
    """What a JUnit report says; a test that failed with several parameters counts once as failed."""
    cases = list(ElementTree.fromstring(report).iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    names = frozenset(case.attrib["name"].partition("[")[0] for case in failed)
    return Run(version, len(cases) - len(failed) - len(skipped), len(skipped), names)


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def row(run: Run, known: list[Known], *, is_newest: bool) -> str:
    name = f"{run.version} (newest)" if is_newest else run.version
    return f"| {name} | {run.passed} | {run.skipped} | {'; '.join(one.words for one in known) or '—'} |"


def write(rows: list[str]) -> None:
    """Put the table into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{HEAD}{chr(10).join(rows)}\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
