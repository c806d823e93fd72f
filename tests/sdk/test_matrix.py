"""The table of crewAI's versions is the one that `make test-crewai-matrix` writes, and what the package declares."""

import re
import tomllib

from nodback.crew import NEXT_MAJOR, OLDEST_CREWAI
from tests.sdk import matrix

REPORT = """<testsuites><testsuite>
<testcase name="test_a[1]"/><testcase name="test_a[2]"><failure/></testcase>
<testcase name="test_b"><skipped/></testcase><testcase name="test_c"><error/></testcase>
</testsuite></testsuites>"""


def table():
    text = matrix.PAGE.read_text()
    return text.partition(matrix.BEGIN)[2].partition(matrix.END)[0]


def test_the_table_has_the_versions_that_are_tested():
    assert table().strip().startswith(matrix.HEAD.strip())
    named = re.findall(r"^\| (\d\S*)( \(newest\))? \|", table(), re.M)
    *pinned, (newest, mark) = named
    assert [version for version, _ in pinned] == list(matrix.VERSIONS[:-1])
    assert mark
    assert matrix.numbers(newest) >= matrix.numbers(pinned[-1][0])


def test_the_table_says_what_is_known_not_to_work():
    for line in table().strip().splitlines()[2:]:
        version = re.match(r"\| (\S+)", line)[1]
        known = [one.words for one in matrix.KNOWN if matrix.numbers(version) < one.below]
        assert line.endswith(f" {'; '.join(known) or '—'} |")


def test_what_is_known_names_tests_that_exist():
    source = "".join((matrix.ROOT / name).read_text() for name in matrix.FILES)
    missing = [name for one in matrix.KNOWN for name in one.tests if f"def {name}(" not in source]
    assert missing == []


def test_the_oldest_version_of_the_table_is_what_the_package_asks_for():
    oldest = matrix.VERSIONS[0]
    declared = tomllib.loads((matrix.ROOT / "sdk/pyproject.toml").read_text())
    assert declared["project"]["optional-dependencies"]["crewai"] == [f"crewai>={oldest},<{NEXT_MAJOR}"]
    assert matrix.numbers(oldest) == OLDEST_CREWAI


def test_make_runs_it():
    assert "-m tests.sdk.matrix" in (matrix.ROOT / "Makefile").read_text()


def test_a_report_is_summed_by_test():
    assert matrix.summed("1.8.0", REPORT) == matrix.Run("1.8.0", 1, 1, frozenset({"test_a", "test_c"}))


def test_the_table_takes_the_place_of_the_one_before(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(f"Before\n{matrix.BEGIN}\nold\n{matrix.END}\nAfter\n")
    monkeypatch.setattr(matrix, "PAGE", page)
    matrix.write([matrix.row(matrix.Run("1.16.0", 3, 1, frozenset()), [], is_newest=True)])
    assert "| 1.16.0 (newest) | 3 | 1 | — |" in page.read_text()
    assert "old" not in page.read_text()
    assert page.read_text().startswith("Before\n")
    assert page.read_text().endswith(f"{matrix.END}\nAfter\n")
