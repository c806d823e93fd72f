import importlib.util
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from infra import build
from infra.build import BuildFailed, core_layer, deps_layer, function_asset

UNCHECKED_HASH = 0b01


@pytest.fixture
def own_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build, "BUILD", tmp_path / "build")
    return tmp_path / "build"


def function(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "handler.py").write_text(text)
    return folder


def flags(compiled: Path) -> int:
    return struct.unpack("<I", compiled.read_bytes()[4:8])[0]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_compiled_files_are_used_whatever_the_date_of_their_source(own_build: Path, tmp_path: Path):
    asset = function_asset(function(tmp_path / "api", "def handler(event, context):\n    return 1\n"))

    compiled = Path(importlib.util.cache_from_source(str(asset / "handler.py")))

    assert flags(compiled) == UNCHECKED_HASH


def test_the_same_source_is_built_once_and_a_changed_one_beside_it(own_build: Path, tmp_path: Path):
    source = function(tmp_path / "api", "A = 1\n")
    first = function_asset(source)
    again = function_asset(source)
    changed = function_asset(function(source, "A = 2\n"))

    assert first == again
    assert changed != first
    assert sorted(own_build.iterdir()) == sorted([first, changed])


def test_two_builds_of_one_source_are_the_same_to_the_byte(own_build: Path, tmp_path: Path, monkeypatch):
    source = function(tmp_path / "api", "A = {1, 2, 'three'}\n")
    first = tree(function_asset(source))
    monkeypatch.setattr(build, "BUILD", tmp_path / "elsewhere")

    assert tree(function_asset(source)) == first


def test_a_function_without_a_handler_is_named(own_build: Path, tmp_path: Path):
    with pytest.raises(BuildFailed, match=r"'sweeper' has no handler\.py"):
        function_asset(tmp_path / "sweeper")


def test_a_mistake_in_a_source_file_is_named_and_leaves_nothing_behind(own_build: Path, tmp_path: Path):
    with pytest.raises(BuildFailed, match=r"handler\.py does not compile"):
        function_asset(function(tmp_path / "api", "def\n"))
    assert list(own_build.iterdir()) == []


def test_the_core_layer_has_the_package_where_lambda_looks_for_it(own_build: Path, tmp_path: Path):
    package = tmp_path / "core" / "nodback_core"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__pycache__" / "old.cpython-311.pyc").write_bytes(b"stale")
    (package / "__init__.py").write_text("")
    (package / "subject.txt").write_text("A letter's text\n")

    layer = core_layer(tmp_path / "core")

    assert (layer / "python" / "nodback_core" / "subject.txt").is_file()
    assert not list(layer.rglob("old.*"))


def test_a_caller_that_asks_for_colours_gets_the_same_layer(monkeypatch: pytest.MonkeyPatch):
    plain = deps_layer("arm64", for_aws=True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("CLICOLOR_FORCE", "1")

    assert deps_layer("arm64", for_aws=True) == plain


class TestTheLayerOfDependencies:
    """One for Lambda's processor, one for this machine; both from the lock."""

    @pytest.fixture
    def for_aws(self) -> Path:
        return deps_layer("arm64", for_aws=True) / "python"

    def test_it_has_what_the_service_imports(self):
        layer = deps_layer("x86_64", for_aws=False) / "python"
        wanted = "aws_lambda_powertools jwt cryptography jinja2 markdown_it nh3 pydantic pygments rfc8785 selectolax"

        lines = [f"import {name}; assert {name}.__file__.startswith({str(layer)!r})" for name in wanted.split()]
        script = "\n".join([f"import sys; sys.path.insert(0, {str(layer)!r})", *lines])

        done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True)

        assert done.returncode == 0, done.stderr

    def test_for_aws_its_binaries_are_lambdas_and_not_this_machines(self, for_aws: Path):
        binaries = list(for_aws.rglob("*.so"))

        assert binaries
        elf_machine_aarch64 = 183
        assert {struct.unpack("<H", path.read_bytes()[18:20])[0] for path in binaries} == {elf_machine_aarch64}

    def test_it_has_neither_crewai_nor_the_clients_that_lambda_ships(self, for_aws: Path):
        names = {path.name for path in for_aws.iterdir()}

        assert not [name for name in names if name.startswith(("crewai", "boto", "lancedb", "openai"))]

    def test_it_has_no_tests_and_no_compiled_file_that_depends_on_dates(self, for_aws: Path):
        assert not [path for path in for_aws.rglob("*") if path.is_dir() and path.name in ("tests", "test")]
        assert {flags(path) for path in for_aws.rglob("*.pyc")} == {UNCHECKED_HASH}

    def test_with_the_code_it_stays_far_below_what_lambda_accepts(self, for_aws: Path):
        unpacked = sum(path.stat().st_size for path in for_aws.rglob("*") if path.is_file())

        assert unpacked < 100_000_000

    def test_two_builds_are_the_same_to_the_byte(self, for_aws: Path, tmp_path: Path, monkeypatch):
        monkeypatch.setattr(build, "BUILD", tmp_path)

        assert tree(deps_layer("arm64", for_aws=True) / "python") == tree(for_aws)
